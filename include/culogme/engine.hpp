#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace culogme {

namespace detail {
class Backend;
}

enum class Backend : std::uint8_t { cpu, cuda };

/// "cpu" or "cuda".
const char* backend_name(Backend backend) noexcept;

struct EngineOptions {
  std::optional<Backend> backend = {};  ///< empty: the variable CULOGME_BACKEND, else a usable GPU, else the CPU
  int device = 0;                       ///< CUDA device number
  int threads = 0;                      ///< CPU threads; 0: all that the process may run on
  std::size_t workspace_limit = 0;      ///< bytes of tiles and scratch; 0: a quarter of what is free
};

/// Where work runs. Move-only; belongs to one thread at a time; two engines in two threads share no state, except that
/// the BLAS library's number of threads belongs to the process: it is set while a stage runs and put back afterwards.
/// The same inputs on the same engine configuration give the same bits. The sums of Statistics do not depend on the
/// number of threads either; the last digits of a decomposition may.
class Engine {
 public:
  /// Throws BackendUnavailable when the asked backend is not there, InvalidArgument for a bad option or an unknown
  /// CULOGME_BACKEND, NumericalError when the BLAS kernel fails its check on a known product.
  explicit Engine(const EngineOptions& options = {});
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  ~Engine();

  Backend backend() const;
  int threads() const;
  std::size_t workspace_limit() const;

  /// One line for reports: "cpu: OpenBLAS 0.3.21 SkylakeX, 2 threads".
  std::string description() const;

  /// For the library's own stages; throws InvalidArgument if the engine was moved from.
  const std::shared_ptr<detail::Backend>& implementation() const;

 private:
  std::shared_ptr<detail::Backend> implementation_;
};

/// What `culogme info` prints about one backend.
struct BackendInfo {
  Backend backend = Backend::cpu;
  bool available = false;
  std::string reason;       ///< why it is not available, in words a user can act on
  std::string description;  ///< as Engine::description()
  std::string blas;         ///< library and version
  std::string kernel;       ///< the kernel that the BLAS library chose for this processor
};

/// One entry per backend that the library knows, compiled in or not.
std::vector<BackendInfo> backend_info();

/// The backends on which an Engine can be made here.
std::vector<Backend> available_backends();

}  // namespace culogme
