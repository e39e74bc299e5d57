#include "cuda/solver_faults.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include <cuda_runtime_api.h>
#include <cusolverDn.h>

namespace support {

SolverFaults& solver_faults() {
  static SolverFaults faults;
  return faults;
}

}  // namespace support

namespace {

using support::solver_faults;
using support::SolverFault;

template <class Function>
Function* library_function(const char* name) {
  void* const found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) throw std::runtime_error(std::string("no function ") + name);
  return reinterpret_cast<Function*>(found);
}

/// Changes n x n eigenvectors in device memory by way of the host.
void change_vectors(SolverFault fault, double* device, std::int64_t n) {
  std::vector<double> vectors(static_cast<std::size_t>(n * n));
  cudaDeviceSynchronize();
  cudaMemcpy(vectors.data(), device, vectors.size() * sizeof(double), cudaMemcpyDeviceToHost);
  if (fault == SolverFault::wrong_vector) std::fill_n(vectors.begin(), n, 0.0);
  if (fault == SolverFault::swapped_vectors)
    std::swap_ranges(vectors.begin(), vectors.begin() + n, vectors.begin() + (n - 1) * n);
  if (fault == SolverFault::negated_vectors)
    for (double& value : vectors) value = -value;
  cudaMemcpy(device, vectors.data(), vectors.size() * sizeof(double), cudaMemcpyHostToDevice);
}

}  // namespace

// Symbols of the program come before those of libraries, so the library under test calls these.
extern "C" {

cusolverStatus_t cusolverDnXsyevd_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                             cusolverEigMode_t mode, cublasFillMode_t fill, int64_t n,
                                             cudaDataType matrix_type, const void* matrix, int64_t leading,
                                             cudaDataType value_type, const void* values, cudaDataType compute,
                                             size_t* device_bytes, size_t* host_bytes) {
  static auto* const real = library_function<decltype(cusolverDnXsyevd_bufferSize)>("cusolverDnXsyevd_bufferSize");
  if (solver_faults().fault == SolverFault::refused_query) return CUSOLVER_STATUS_INVALID_VALUE;
  const cusolverStatus_t status = real(handle, params, mode, fill, n, matrix_type, matrix, leading, value_type, values,
                                       compute, device_bytes, host_bytes);
  if (solver_faults().fault == SolverFault::large_workspace) *device_bytes = solver_faults().workspace_bytes;
  return status;
}

cusolverStatus_t cusolverDnXsyevd(cusolverDnHandle_t handle, cusolverDnParams_t params, cusolverEigMode_t mode,
                                  cublasFillMode_t fill, int64_t n, cudaDataType matrix_type, void* matrix,
                                  int64_t leading, cudaDataType value_type, void* values, cudaDataType compute,
                                  void* device_work, size_t device_bytes, void* host_work, size_t host_bytes,
                                  int* info) {
  static auto* const real = library_function<decltype(cusolverDnXsyevd)>("cusolverDnXsyevd");
  const cusolverStatus_t status = real(handle, params, mode, fill, n, matrix_type, matrix, leading, value_type, values,
                                       compute, device_work, device_bytes, host_work, host_bytes, info);
  const SolverFault fault = solver_faults().fault;
  if (fault == SolverFault::wrong_vector || fault == SolverFault::swapped_vectors ||
      fault == SolverFault::negated_vectors)
    change_vectors(fault, static_cast<double*>(matrix), n);
  if (fault == SolverFault::info) {
    const int failed = 3;
    cudaDeviceSynchronize();
    cudaMemcpy(info, &failed, sizeof failed, cudaMemcpyHostToDevice);
  }
  return status;
}

}  // extern "C"
