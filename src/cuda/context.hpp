#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <thread>

#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cusolverDn.h>

#include "cuda/buffer.hpp"
#include "cuda/upload.hpp"

namespace culogme::detail {

/// Which thread is inside a stage of a context, and how deep.
struct Occupant {
  std::atomic<std::thread::id> thread = std::thread::id{};
  int depth = 0;
};

/// Makes a device the calling thread's for a stage, and puts the one before back. Two threads inside at once would mix
/// their work: the second one is refused.
class DeviceScope {
 public:
  /// Throws CudaError, InvalidArgument where another thread is inside.
  DeviceScope(int device, Occupant& occupant);
  ~DeviceScope();
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  void leave() noexcept;

  Occupant& occupant_;
  int before_ = 0, device_;
};

/// What every stage on one device needs: the stream, the handles and a memory pool of our own. The handles have their
/// own workspace and mathematics of plain f32 and f64, whatever environment variables ask for; the process's default
/// pool and default stream are never touched. One thread at a time.
class CudaContext {
 public:
  /// `stream` null: an own stream that does not wait for the default one. `threads` of the host fill what is uploaded.
  /// Throws CudaError, OutOfMemory.
  CudaContext(int device, cudaStream_t stream, bool use_pool, int threads = 1);
  ~CudaContext();
  CudaContext(const CudaContext&) = delete;
  CudaContext& operator=(const CudaContext&) = delete;

  int device() const { return device_; }
  cudaStream_t stream() const { return stream_; }
  cudaStream_t copy_stream() const { return copy_stream_; }
  cublasHandle_t blas() const { return blas_; }
  /// For products of f16 and tf32, made at the first use: the other handle's mathematics keeps tensor cores out. Throws
  /// CudaError.
  cublasHandle_t tensor_blas();
  cusolverDnHandle_t solver() const { return solver_; }
  cusolverDnParams_t solver_parameters() const { return solver_parameters_; }

  /// Makes this context's device the calling thread's for a stage: another engine, or the caller, may use another one.
  /// Throws BackendUnavailable in a forked child, InvalidArgument while another thread is in a stage.
  [[nodiscard]] DeviceScope enter() const;

  /// Waits for the stream.
  void synchronize() const;

  /// Memory in stream order; OutOfMemory says what asked for how many bytes and how many are free.
  void* allocate(double bytes, const std::string& what);
  void free(void* data) noexcept;

  Uploader& uploader() { return uploader_; }

  /// Page-locked memory for what a score brings back; the next call may give the same memory.
  char* result_memory(std::size_t bytes);

  /// Bytes free on the device, those that the pool keeps included.
  std::size_t free_memory() const;

 private:
  void prepare_blas(cublasHandle_t handle, cublasMath_t mathematics);
  void release() noexcept;

  int device_;
  bool own_stream_ = false;
  cudaStream_t stream_ = nullptr, copy_stream_ = nullptr;
  cudaMemPool_t pool_ = nullptr;
  cublasHandle_t blas_ = nullptr, tensor_blas_ = nullptr;
  cusolverDnHandle_t solver_ = nullptr;
  cusolverDnParams_t solver_parameters_ = nullptr;
  void* blas_workspace_ = nullptr;
  Uploader uploader_;
  PinnedBytes results_;
  mutable Occupant occupant_;
};

}  // namespace culogme::detail
