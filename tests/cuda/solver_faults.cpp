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

/// Changes n x n vectors in device memory by way of the host. `smallest`: the column of the smallest value.
void change_vectors(SolverFault fault, double* device, std::int64_t n, std::int64_t smallest = 0) {
  std::vector<double> vectors(static_cast<std::size_t>(n * n));
  cudaDeviceSynchronize();
  cudaMemcpy(vectors.data(), device, vectors.size() * sizeof(double), cudaMemcpyDeviceToHost);
  if (fault == SolverFault::wrong_vector) std::fill_n(vectors.begin() + smallest * n, n, 0.0);
  if (fault == SolverFault::swapped_vectors)
    std::swap_ranges(vectors.begin(), vectors.begin() + n, vectors.begin() + (n - 1) * n);
  if (fault == SolverFault::negated_vectors)
    for (double& value : vectors) value = -value;
  cudaMemcpy(device, vectors.data(), vectors.size() * sizeof(double), cudaMemcpyHostToDevice);
  cudaDeviceSynchronize();  // pageable memory may still be on its way
}

void set_info(int* info, int value) {
  cudaDeviceSynchronize();
  cudaMemcpy(info, &value, sizeof value, cudaMemcpyHostToDevice);
  cudaDeviceSynchronize();
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
  if (fault == SolverFault::info) set_info(info, 3);
  return status;
}

cusolverStatus_t cusolverDnXgesvd_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params, signed char job_u,
                                             signed char job_v, int64_t m, int64_t n, cudaDataType matrix_type,
                                             const void* matrix, int64_t leading, cudaDataType value_type,
                                             const void* values, cudaDataType u_type, const void* u, int64_t leading_u,
                                             cudaDataType v_type, const void* v, int64_t leading_v,
                                             cudaDataType compute, size_t* device_bytes, size_t* host_bytes) {
  static auto* const real = library_function<decltype(cusolverDnXgesvd_bufferSize)>("cusolverDnXgesvd_bufferSize");
  if (solver_faults().fault == SolverFault::refused_query) return CUSOLVER_STATUS_INVALID_VALUE;
  const cusolverStatus_t status =
      real(handle, params, job_u, job_v, m, n, matrix_type, matrix, leading, value_type, values, u_type, u, leading_u,
           v_type, v, leading_v, compute, device_bytes, host_bytes);
  if (solver_faults().fault == SolverFault::large_workspace) *device_bytes = solver_faults().workspace_bytes;
  return status;
}

cusolverStatus_t cusolverDnXgesvd(cusolverDnHandle_t handle, cusolverDnParams_t params, signed char job_u,
                                  signed char job_v, int64_t m, int64_t n, cudaDataType matrix_type, void* matrix,
                                  int64_t leading, cudaDataType value_type, void* values, cudaDataType u_type, void* u,
                                  int64_t leading_u, cudaDataType v_type, void* v, int64_t leading_v,
                                  cudaDataType compute, void* device_work, size_t device_bytes, void* host_work,
                                  size_t host_bytes, int* info) {
  static auto* const real = library_function<decltype(cusolverDnXgesvd)>("cusolverDnXgesvd");
  const cusolverStatus_t status =
      real(handle, params, job_u, job_v, m, n, matrix_type, matrix, leading, value_type, values, u_type, u, leading_u,
           v_type, v, leading_v, compute, device_work, device_bytes, host_work, host_bytes, info);
  const SolverFault fault = solver_faults().fault;
  if (fault == SolverFault::wrong_vector || fault == SolverFault::swapped_vectors ||
      fault == SolverFault::negated_vectors)
    change_vectors(fault, static_cast<double*>(u), n, n - 1);
  if (fault == SolverFault::negated_vectors) change_vectors(fault, static_cast<double*>(v), n);
  if (fault == SolverFault::info) set_info(info, 3);
  return status;
}

cusolverStatus_t cusolverDnXgeqrf(cusolverDnHandle_t handle, cusolverDnParams_t params, int64_t m, int64_t n,
                                  cudaDataType matrix_type, void* matrix, int64_t leading, cudaDataType factor_type,
                                  void* factors, cudaDataType compute, void* device_work, size_t device_bytes,
                                  void* host_work, size_t host_bytes, int* info) {
  static auto* const real = library_function<decltype(cusolverDnXgeqrf)>("cusolverDnXgeqrf");
  const cusolverStatus_t status = real(handle, params, m, n, matrix_type, matrix, leading, factor_type, factors,
                                       compute, device_work, device_bytes, host_work, host_bytes, info);
  if (solver_faults().fault == SolverFault::qr_info && solver_faults().calls++ == 0) set_info(info, -7);
  return status;
}

cusolverStatus_t cusolverDnDormqr(cusolverDnHandle_t handle, cublasSideMode_t side, cublasOperation_t turned, int m,
                                  int n, int k, const double* matrix, int leading, const double* factors,
                                  double* targets, int leading_targets, double* work, int elements, int* info) {
  static auto* const real = library_function<decltype(cusolverDnDormqr)>("cusolverDnDormqr");
  const cusolverStatus_t status =
      real(handle, side, turned, m, n, k, matrix, leading, factors, targets, leading_targets, work, elements, info);
  if (solver_faults().fault == SolverFault::turn_info && solver_faults().calls++ == 0) set_info(info, -10);
  return status;
}

}  // extern "C"
