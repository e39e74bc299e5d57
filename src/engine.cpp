#include <culogme/engine.hpp>

#include <cstdlib>
#include <string_view>
#include <utility>

#include <culogme/error.hpp>

#include "backend.hpp"

namespace culogme {
namespace {

constexpr const char* no_cuda = "this build has no CUDA backend";

/// What the variable CULOGME_BACKEND asks for; the CPU where it is empty or "auto".
Backend chosen_backend() {
  const char* const variable = std::getenv("CULOGME_BACKEND");
  const std::string_view name = variable == nullptr ? "" : variable;
  if (name.empty() || name == "auto" || name == "cpu") return Backend::cpu;
  if (name == "cuda") return Backend::cuda;
  throw InvalidArgument("CULOGME_BACKEND is '" + std::string(name) + "'; auto, cpu or cuda is expected");
}

}  // namespace

const char* backend_name(Backend backend) noexcept { return backend == Backend::cpu ? "cpu" : "cuda"; }

Engine::Engine(const EngineOptions& options) {
  if (options.threads < 0)
    throw InvalidArgument("threads is " + std::to_string(options.threads) + "; 0 (all) or more is expected");
  if (options.device < 0)
    throw InvalidArgument("device is " + std::to_string(options.device) + "; 0 or more is expected");
  const Backend backend = options.backend ? *options.backend : chosen_backend();
  if (backend == Backend::cuda) throw BackendUnavailable(std::string("the CUDA backend is not available: ") + no_cuda);
  implementation_ = detail::make_cpu_backend(options);
}

Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

const std::shared_ptr<detail::Backend>& Engine::implementation() const {
  if (implementation_ == nullptr) throw InvalidArgument("this engine was moved from");
  return implementation_;
}

Backend Engine::backend() const { return implementation()->kind(); }
int Engine::threads() const { return implementation()->threads(); }
std::size_t Engine::workspace_limit() const { return implementation()->workspace_limit(); }
std::string Engine::description() const { return implementation()->description(); }

std::vector<BackendInfo> backend_info() {
  BackendInfo cuda;
  cuda.backend = Backend::cuda;
  cuda.reason = no_cuda;
  return {detail::cpu_backend_info(), cuda};
}

std::vector<Backend> available_backends() {
  std::vector<Backend> backends;
  for (const BackendInfo& info : backend_info())
    if (info.available) backends.push_back(info.backend);
  return backends;
}

}  // namespace culogme
