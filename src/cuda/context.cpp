#include "cuda/context.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

#include <culogme/error.hpp>

#include "cuda/check.hpp"
#include "cuda/device.hpp"
#include "memory.hpp"

namespace culogme::detail {
namespace {

/// What cuBLAS advises from Hopper on.
constexpr std::size_t blas_workspace_bytes = std::size_t{32} << 20;

}  // namespace

DeviceScope::DeviceScope(int device, Occupant& occupant) : occupant_(occupant), device_(device) {
  const std::thread::id self = std::this_thread::get_id();
  std::thread::id nobody;
  if (!occupant_.thread.compare_exchange_strong(nobody, self) && nobody != self)
    throw InvalidArgument("this engine is in use by another thread: an engine belongs to one thread at a time");
  ++occupant_.depth;
  try {
    CULOGME_CHECK(cudaGetDevice(&before_));
    if (before_ != device_) CULOGME_CHECK(cudaSetDevice(device_));
    cudaGetLastError();  // an error of the caller's own that it left there is not ours to report
  } catch (...) {
    leave();
    throw;
  }
}

DeviceScope::~DeviceScope() {
  if (before_ != device_ && cudaSetDevice(before_) != cudaSuccess) cudaGetLastError();
  leave();
}

void DeviceScope::leave() noexcept {
  if (--occupant_.depth == 0) occupant_.thread.store({});
}

CudaContext::CudaContext(int device, cudaStream_t stream, bool use_pool, int threads)
    : device_(device), own_stream_(stream == nullptr), stream_(stream), uploader_(device, threads) {
  const DeviceScope scope = enter();
  try {
    if (own_stream_) CULOGME_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    CULOGME_CHECK(cudaStreamCreateWithFlags(&copy_stream_, cudaStreamNonBlocking));
    if (use_pool) {
      cudaMemPoolProps properties{};
      properties.allocType = cudaMemAllocationTypePinned;
      properties.location.type = cudaMemLocationTypeDevice;
      properties.location.id = device;
      CULOGME_CHECK(cudaMemPoolCreate(&pool_, &properties));
      // Memory stays with the pool between the stages of a score and goes back to the driver with the engine.
      std::uint64_t threshold = std::numeric_limits<std::uint64_t>::max();
      CULOGME_CHECK(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &threshold));
    }
    blas_workspace_ = allocate(static_cast<double>(blas_workspace_bytes), "the workspace of cuBLAS");
    CULOGME_CHECK(cublasCreate(&blas_));
    // Products are what the score says they are, also where an environment variable asks for tf32 everywhere.
    prepare_blas(blas_, CUBLAS_PEDANTIC_MATH);
    CULOGME_CHECK(cusolverDnCreate(&solver_));
    CULOGME_CHECK(cusolverDnSetStream(solver_, stream_));
    CULOGME_CHECK(cusolverDnSetDeterministicMode(solver_, CUSOLVER_DETERMINISTIC_RESULTS));
    CULOGME_CHECK(cusolverDnCreateParams(&solver_parameters_));
  } catch (...) {
    release();
    throw;
  }
}

/// All work of a context is in one stream, so its handles share a workspace.
void CudaContext::prepare_blas(cublasHandle_t handle, cublasMath_t mathematics) {
  CULOGME_CHECK(cublasSetStream(handle, stream_));
  CULOGME_CHECK(cublasSetWorkspace(handle, blas_workspace_, blas_workspace_bytes));
  CULOGME_CHECK(cublasSetPointerMode(handle, CUBLAS_POINTER_MODE_HOST));
  CULOGME_CHECK(cublasSetAtomicsMode(handle, CUBLAS_ATOMICS_NOT_ALLOWED));
  CULOGME_CHECK(cublasSetMathMode(handle, mathematics));
}

cublasHandle_t CudaContext::tensor_blas() {
  if (tensor_blas_ != nullptr) return tensor_blas_;
  cublasHandle_t handle = nullptr;
  CULOGME_CHECK(cublasCreate(&handle));
  try {
    prepare_blas(handle, CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION);
  } catch (...) {
    cublasDestroy(handle);
    throw;
  }
  return tensor_blas_ = handle;
}

CudaContext::~CudaContext() { release(); }

void CudaContext::release() noexcept {
  // In a forked child nothing of the parent's device can be given back.
  if (in_forked_child()) return;
  int before = device_;
  cudaGetDevice(&before);
  cudaSetDevice(device_);
  if (stream_ != nullptr) cudaStreamSynchronize(stream_);
  if (copy_stream_ != nullptr) cudaStreamSynchronize(copy_stream_);
  if (solver_parameters_ != nullptr) cusolverDnDestroyParams(solver_parameters_);
  if (solver_ != nullptr) cusolverDnDestroy(solver_);
  if (blas_ != nullptr) cublasDestroy(blas_);
  if (tensor_blas_ != nullptr) cublasDestroy(tensor_blas_);
  if (blas_workspace_ != nullptr) free(blas_workspace_);
  if (stream_ != nullptr) cudaStreamSynchronize(stream_);
  if (pool_ != nullptr) cudaMemPoolDestroy(pool_);
  if (copy_stream_ != nullptr) cudaStreamDestroy(copy_stream_);
  if (own_stream_ && stream_ != nullptr) cudaStreamDestroy(stream_);
  cudaSetDevice(before);
  cudaGetLastError();
}

DeviceScope CudaContext::enter() const {
  if (in_forked_child())
    throw BackendUnavailable(
        "CUDA cannot be used in a forked child of the process that used it first: make the engine after the fork, in "
        "each process, or start the process anew");
  return DeviceScope(device_, occupant_);
}

void CudaContext::synchronize() const { CULOGME_CHECK(cudaStreamSynchronize(stream_)); }

void* CudaContext::allocate(double bytes, const std::string& what) {
  void* data = nullptr;
  cudaError_t status = cudaErrorMemoryAllocation;
  if (bytes < 0x1p62) {
    const std::size_t size = std::max<std::size_t>(static_cast<std::size_t>(bytes), 1);
    status = pool_ != nullptr ? cudaMallocFromPoolAsync(&data, size, pool_, stream_) : cudaMalloc(&data, size);
  }
  if (status == cudaErrorMemoryAllocation && pool_ != nullptr && bytes < 0x1p62) {
    // What the pool keeps is in pieces of other sizes: it goes back to the driver once nothing uses it.
    cudaGetLastError();
    if (cudaStreamSynchronize(stream_) == cudaSuccess && cudaMemPoolTrimTo(pool_, 0) == cudaSuccess)
      status =
          cudaMallocFromPoolAsync(&data, std::max<std::size_t>(static_cast<std::size_t>(bytes), 1), pool_, stream_);
  }
  if (status == cudaSuccess) return data;
  cudaGetLastError();
  if (status != cudaErrorMemoryAllocation)
    throw_cuda(status, pool_ != nullptr ? "cudaMallocFromPoolAsync" : "cudaMalloc", __FILE__, __LINE__);
  throw OutOfMemory("out of device memory: " + byte_text(bytes) + " (" +
                    (bytes < 0x1p62 ? std::to_string(static_cast<std::uint64_t>(bytes)) + " bytes" : "too many bytes") +
                    ") asked for " + what + ", " + byte_text(static_cast<double>(free_memory())) + " free");
}

void CudaContext::free(void* data) noexcept {
  if (in_forked_child()) return;
  int before = device_;
  cudaGetDevice(&before);
  if (before != device_) cudaSetDevice(device_);  // a buffer may go while another engine's device is current
  if (pool_ != nullptr)
    cudaFreeAsync(data, stream_);
  else
    cudaFree(data);  // waits for all work on the device, so no stream can still use it
  if (before != device_) cudaSetDevice(before);
  cudaGetLastError();  // what fails here must not be found by the next launch
}

char* CudaContext::result_memory(std::size_t bytes) {
  if (results_.bytes() < bytes) results_ = PinnedBytes(bytes, "the results of a score");
  return results_.data();
}

std::size_t CudaContext::free_memory() const {
  std::size_t free = 0, total = 0;
  if (cudaMemGetInfo(&free, &total) != cudaSuccess) cudaGetLastError();
  std::uint64_t reserved = 0, used = 0;  // what our own pool keeps is free to us
  if (pool_ != nullptr && cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrReservedMemCurrent, &reserved) == cudaSuccess &&
      cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrUsedMemCurrent, &used) == cudaSuccess && reserved > used)
    free += static_cast<std::size_t>(reserved - used);
  return free;
}

}  // namespace culogme::detail
