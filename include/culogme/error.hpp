#pragma once

#include <stdexcept>
#include <string>

namespace culogme {

/// Base of everything the library throws on purpose; what() is one sentence that names the argument or file, the value
/// found and what was expected. One derived class per reaction that a caller can have.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Shapes, element types or options that do not fit together. Nothing was changed.
struct InvalidArgument : Error {
  using Error::Error;
};

/// The values cannot be scored: NaN or infinity in the data, labels that are no class ids, a decomposition that failed
/// its check on every route.
struct NumericalError : Error {
  using Error::Error;
};

/// A file cannot be opened, read, understood or written. Nothing half-written is left behind.
struct FileError : Error {
  using Error::Error;
};

/// More memory is needed than the limit or the machine allows; says how many bytes and for what. Objects stay usable.
struct OutOfMemory : Error {
  using Error::Error;
};

/// The backend is not compiled in, has no device, or its driver does not fit.
struct BackendUnavailable : Error {
  using Error::Error;
};

/// A call of CUDA, cuBLAS or cuSOLVER failed: says which one, where and with what sizes. What the engine was working on
/// is of no use; after an error of a kernel no call of the process succeeds any more.
struct CudaError : Error {
  CudaError(const std::string& what, int status_) : Error(what), status(status_) {}

  int status;  ///< as the library that failed counts: cudaError_t, cublasStatus_t or cusolverStatus_t
};

}  // namespace culogme
