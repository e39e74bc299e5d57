#include <culogme/engine.hpp>

#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include <culogme/error.hpp>

#include "backend.hpp"
#ifdef CULOGME_HAS_CUDA
#include "cuda/device.hpp"
#endif

namespace culogme {
namespace {

constexpr const char* not_available = "the CUDA backend is not available: ";

/// What the variable CULOGME_BACKEND asks for; nothing where it is empty or "auto".
std::optional<Backend> backend_of_environment() {
  const char* const variable = std::getenv("CULOGME_BACKEND");
  const std::string_view name = variable == nullptr ? "" : variable;
  if (name.empty() || name == "auto") return std::nullopt;
  if (name == "cpu") return Backend::cpu;
  if (name == "cuda") return Backend::cuda;
  throw InvalidArgument("CULOGME_BACKEND is '" + std::string(name) + "'; auto, cpu or cuda is expected");
}

#ifdef CULOGME_HAS_CUDA

std::shared_ptr<detail::Backend> cuda_backend(const EngineOptions& options) {
  try {
    return detail::make_cuda_backend(options);
  } catch (const BackendUnavailable& error) {
    throw BackendUnavailable(not_available + std::string(error.what()));
  }
}

/// Null where no device can be used. A device that can be used and then fails is an error: nobody wants to find out
/// from the time that it took.
std::shared_ptr<detail::Backend> cuda_backend_or_null(const EngineOptions& options) {
  try {
    return detail::make_cuda_backend(options);
  } catch (const BackendUnavailable&) {
    return nullptr;
  }
}

BackendInfo cuda_backend_info() {
  BackendInfo info;
  info.backend = Backend::cuda;
  try {
    for (const detail::ProbedDevice& probed : detail::probe_devices()) {
      const std::string text = detail::device_text(probed.device);
      info.devices.push_back(probed.reason.empty() ? text : probed.reason);
      if (probed.reason.empty() && !info.available) {
        info.available = true;
        info.description = text;
      } else if (!probed.reason.empty() && info.reason.empty()) {
        info.reason = probed.reason;
      }
    }
    if (info.available) info.reason.clear();
  } catch (const BackendUnavailable& error) {
    info.reason = error.what();
  }
  return info;
}

#else

constexpr const char* no_cuda = "this build has no CUDA backend";

[[noreturn]] std::shared_ptr<detail::Backend> cuda_backend(const EngineOptions&) {
  throw BackendUnavailable(std::string(not_available) + no_cuda);
}

std::shared_ptr<detail::Backend> cuda_backend_or_null(const EngineOptions&) { return nullptr; }

BackendInfo cuda_backend_info() {
  BackendInfo info;
  info.backend = Backend::cuda;
  info.reason = no_cuda;
  return info;
}

#endif

}  // namespace

const char* backend_name(Backend backend) noexcept { return backend == Backend::cpu ? "cpu" : "cuda"; }

Engine::Engine(const EngineOptions& options) {
  if (options.threads < 0)
    throw InvalidArgument("threads is " + std::to_string(options.threads) + "; 0 (all) or more is expected");
  if (options.device < 0)
    throw InvalidArgument("device is " + std::to_string(options.device) + "; 0 or more is expected");
  std::optional<Backend> backend = options.backend ? options.backend : backend_of_environment();
  if (!backend && (options.device > 0 || options.stream != nullptr)) backend = Backend::cuda;
  if (backend == Backend::cpu && options.stream != nullptr)
    throw InvalidArgument("a CUDA stream was given to an engine on the CPU; leave out the stream, or use CUDA");
  if (backend != Backend::cpu) implementation_ = backend ? cuda_backend(options) : cuda_backend_or_null(options);
  if (implementation_ == nullptr) implementation_ = detail::make_cpu_backend(options);
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
void Engine::synchronize() { implementation()->synchronize(); }

std::vector<BackendInfo> backend_info() { return {detail::cpu_backend_info(), cuda_backend_info()}; }

std::vector<Backend> available_backends() {
  std::vector<Backend> backends;
  for (const BackendInfo& info : backend_info())
    if (info.available) backends.push_back(info.backend);
  return backends;
}

}  // namespace culogme
