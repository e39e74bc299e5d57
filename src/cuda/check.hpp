#pragma once

#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cusolverDn.h>

namespace culogme::detail {

/// Throws CudaError with the call, the place and the library's own words; OutOfMemory where memory ran out. The
/// runtime's error of the last call is taken off first, so that it is not found by the next one.
[[noreturn]] void throw_cuda(cudaError_t status, const char* call, const char* file, int line);
[[noreturn]] void throw_cublas(cublasStatus_t status, const char* call, const char* file, int line);
[[noreturn]] void throw_cusolver(cusolverStatus_t status, const char* call, const char* file, int line);

inline void check(cudaError_t status, const char* call, const char* file, int line) {
  if (status != cudaSuccess) throw_cuda(status, call, file, line);
}
inline void check(cublasStatus_t status, const char* call, const char* file, int line) {
  if (status != CUBLAS_STATUS_SUCCESS) throw_cublas(status, call, file, line);
}
inline void check(cusolverStatus_t status, const char* call, const char* file, int line) {
  if (status != CUSOLVER_STATUS_SUCCESS) throw_cusolver(status, call, file, line);
}

}  // namespace culogme::detail

/// Checks the status of a runtime, cuBLAS or cuSOLVER call; the text of the call, with its arguments' names, is in the
/// message.
#define CULOGME_CHECK(call) ::culogme::detail::check((call), #call, __FILE__, __LINE__)
