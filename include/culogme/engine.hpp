#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct CUstream_st;  // what cudaStream_t points to, so that no CUDA header is needed

namespace culogme {

namespace detail {
class Backend;
}

enum class Backend : std::uint8_t { cpu, cuda };

/// "cpu" or "cuda".
const char* backend_name(Backend backend) noexcept;

struct EngineOptions {
  /// Empty: what the variable CULOGME_BACKEND says, else CUDA where `device` can be used, else the CPU. A device number
  /// above 0 or a stream asks for CUDA: then there is no falling back.
  std::optional<Backend> backend = {};
  int device = 0;                   ///< CUDA device number
  int threads = 0;                  ///< CPU threads; 0: all that the process may run on
  std::size_t workspace_limit = 0;  ///< bytes of tiles and scratch; 0: a quarter of what is free, of a device's memory
  /// A cudaStream_t of `device`, borrowed: all work goes into it in order, so it sees what was submitted there before,
  /// and it has to outlive the engine and everything made with it. Null: a stream of the engine's own, which does not
  /// wait for the default stream: what writes views in device memory has to be finished before they are used. A
  /// cudaMemcpy from pageable host memory may not be when it returns; cudaDeviceSynchronize() waits for it.
  CUstream_st* stream = nullptr;
};

/// Where work runs. Move-only; belongs to one thread at a time; two engines in two threads share no state, except that
/// the BLAS library's number of threads belongs to the process: it is set while a stage runs and put back afterwards.
/// The same inputs on the same engine configuration give the same bits. The sums of Statistics do not depend on the
/// number of threads either; the last digits of a decomposition may.
/// On Linux the first engine asks for the processor's matrix tiles (AMX) where it has them, which makes the frame of a
/// signal 8 KiB larger: from then on sigaltstack refuses stacks below getauxval(AT_MINSIGSTKSZ). CULOGME_AMX=off in the
/// environment leaves them alone.
class Engine {
 public:
  /// Throws BackendUnavailable when the asked backend is not there, InvalidArgument for a bad option or an unknown
  /// CULOGME_BACKEND, NumericalError when the BLAS kernel fails its check on a known product, CudaError or OutOfMemory
  /// when a usable device fails.
  explicit Engine(const EngineOptions& options = {});
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  ~Engine();

  Backend backend() const;
  int threads() const;
  std::size_t workspace_limit() const;

  /// One line for reports: "cpu: OpenBLAS 0.3.21 SkylakeX, 2 threads".
  /// Or "cuda:0 NVIDIA H100 80GB HBM3, compute capability 9.0, CUDA runtime 13.0, driver 13.0".
  std::string description() const;

  /// Waits for everything that was submitted to the engine's stream: from then on views in device memory are not read
  /// any more. Throws CudaError if a kernel or copy failed. Bad values in device memory are told by the statistics that
  /// they were added to, not here. On the CPU nothing is ever outstanding.
  void synchronize();

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
  std::string description;  ///< as Engine::description(), of the first device that can be used
  std::string blas;         ///< library and version
  std::string kernel;       ///< the kernel that the BLAS library chose for this processor
  /// CUDA: every device that is seen, as Engine::description(), or why it cannot be used.
  std::vector<std::string> devices = {};
  std::string hint = {};  ///< what would make it faster here; empty where nothing is known
};

/// One entry per backend that the library knows, compiled in or not.
std::vector<BackendInfo> backend_info();

/// The backends on which an Engine can be made here. Both look for devices, and so may be the first use of CUDA in the
/// process; an Engine on the CPU never uses it.
std::vector<Backend> available_backends();

}  // namespace culogme
