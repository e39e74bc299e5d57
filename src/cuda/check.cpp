#include "cuda/check.hpp"

#include <string>
#include <string_view>

#include <culogme/error.hpp>

namespace culogme::detail {
namespace {

/// "cudaMemcpyAsync" of the call's text, and the file without its folders.
std::string place_of(const char* call, const char* file, int line) {
  const std::string_view text = call, path = file;
  return std::string(text.substr(0, text.find('('))) + " (" + std::string(path.substr(path.rfind('/') + 1)) + ":" +
         std::to_string(line) + ", " + std::string(text) + ")";
}

const char* cublas_text(cublasStatus_t status) { return cublasGetStatusString(status); }

const char* cusolver_text(cusolverStatus_t status) {
  switch (status) {
    case CUSOLVER_STATUS_NOT_INITIALIZED:
      return "not initialised";
    case CUSOLVER_STATUS_ALLOC_FAILED:
      return "allocation failed";
    case CUSOLVER_STATUS_INVALID_VALUE:
      return "invalid value";
    case CUSOLVER_STATUS_ARCH_MISMATCH:
      return "the architecture does not fit";
    case CUSOLVER_STATUS_EXECUTION_FAILED:
      return "execution failed";
    case CUSOLVER_STATUS_INTERNAL_ERROR:
      return "internal error";
    case CUSOLVER_STATUS_NOT_SUPPORTED:
      return "not supported";
    default:
      return "unknown status";
  }
}

}  // namespace

void throw_cuda(cudaError_t status, const char* call, const char* file, int line) {
  cudaGetLastError();
  const std::string text =
      place_of(call, file, line) + " failed: " + cudaGetErrorName(status) + ", " + cudaGetErrorString(status);
  if (status == cudaErrorMemoryAllocation) throw OutOfMemory(text);
  throw CudaError(text, static_cast<int>(status));
}

void throw_cublas(cublasStatus_t status, const char* call, const char* file, int line) {
  cudaGetLastError();
  const std::string text = place_of(call, file, line) + " failed: " + cublas_text(status);
  if (status == CUBLAS_STATUS_ALLOC_FAILED) throw OutOfMemory(text);
  throw CudaError(text, static_cast<int>(status));
}

void throw_cusolver(cusolverStatus_t status, const char* call, const char* file, int line) {
  cudaGetLastError();
  const std::string text = place_of(call, file, line) + " failed: " + cusolver_text(status);
  if (status == CUSOLVER_STATUS_ALLOC_FAILED) throw OutOfMemory(text);
  throw CudaError(text, static_cast<int>(status));
}

}  // namespace culogme::detail
