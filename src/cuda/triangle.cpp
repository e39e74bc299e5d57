#include "cuda/triangle.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <culogme/error.hpp>

#include "cuda/check.hpp"
#include "cuda/device.hpp"
#include "memory.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

}  // namespace

double DeviceTriangle::bytes(std::int64_t cols, std::int64_t targets, std::int64_t tile_rows) {
  return 8 * static_cast<double>(cols + tile_rows) * static_cast<double>(cols + targets);
}

DeviceTriangle::DeviceTriangle(CudaContext& context, std::int64_t cols, std::int64_t targets, std::int64_t tile_rows,
                               std::int64_t most_elements)
    : context_(context),
      cols_(cols),
      targets_(targets),
      stride_(cols + tile_rows),
      most_elements_(most_elements),
      what_("the triangle of " + std::to_string(cols) + " columns and " + std::to_string(targets) + " targets") {
  stack_ = {context, cols * stride_, what_};
  reflectors_ = {context, cols, what_};
  info_ = {context, 4, what_};
  cudaStream_t const stream = context.stream();
  CULOGME_CHECK(cudaMemsetAsync(stack_.data(), 0, size_of(stack_.count()) * 8, stream));
  if (targets > 0) {
    target_stack_ = {context, targets * stride_, what_};
    outside_ = {context, targets, what_};
    CULOGME_CHECK(cudaMemsetAsync(target_stack_.data(), 0, size_of(target_stack_.count()) * 8, stream));
    CULOGME_CHECK(cudaMemsetAsync(outside_.data(), 0, size_of(targets) * 8, stream));
  }
  CULOGME_CHECK(cudaMemsetAsync(info_.data(), 0, 4 * sizeof(int), stream));
}

DeviceTriangle::~DeviceTriangle() {
  if (!host_workspaces_.empty() && !in_forked_child() && cudaStreamSynchronize(context_.stream()) != cudaSuccess)
    cudaGetLastError();
}

void DeviceTriangle::absorb(std::int64_t rows) {
  if (rows == 0) return;
  const std::int64_t held = cols_ + rows;
  factor(held);
  if (targets_ > 0) turn_targets(held);
  kernels::launch_end_tile(
      {stack_.data(), stride_, cols_, held, target_stack_.data(), targets_, outside_.data(), info_.data()},
      context_.stream());
  ++steps_;
}

void DeviceTriangle::factor(std::int64_t held) {
  cusolverDnHandle_t const solver = context_.solver();
  std::size_t device_bytes = 0, host_bytes = 0;
  check_solver(
      cusolverDnXgeqrf_bufferSize(solver, context_.solver_parameters(), held, cols_, CUDA_R_64F, stack_.data(), stride_,
                                  CUDA_R_64F, reflectors_.data(), CUDA_R_64F, &device_bytes, &host_bytes),
      "cusolverDnXgeqrf_bufferSize", what_);
  if (workspace_.bytes() < device_bytes)
    workspace_ = DeviceBytes(context_, static_cast<double>(device_bytes), what_ + "'s workspace");
  char* const host = host_workspace(host_bytes);
  check_solver(cusolverDnXgeqrf(solver, context_.solver_parameters(), held, cols_, CUDA_R_64F, stack_.data(), stride_,
                                CUDA_R_64F, reflectors_.data(), CUDA_R_64F, workspace_.data(), device_bytes, host,
                                host_bytes, info_.data()),
               "cusolverDnXgeqrf", what_);
}

/// Null where none is wanted. Waits when those of many tiles have added up.
char* DeviceTriangle::host_workspace(std::size_t bytes) {
  constexpr std::size_t most_kept = std::size_t{16} << 20;
  if (bytes == 0) return nullptr;
  if (!host_workspaces_.empty() && (host_workspaces_.size() + 1) * bytes > most_kept) {
    context_.synchronize();
    host_workspaces_.clear();
  }
  require_memory(static_cast<double>(bytes), what_ + "'s workspace on the host");
  return host_workspaces_.emplace_back(bytes).data();
}

/// Reflectors and targets in pieces that ormqr, whose sizes have 32 bits, can address; the answer of the last one
/// stays.
void DeviceTriangle::turn_targets(std::int64_t held) {
  const std::int64_t width = std::max(most_elements_ / stride_, std::int64_t{1});
  for (std::int64_t first = 0; first < cols_; first += width)
    for (std::int64_t target = 0; target < targets_; target += width)
      turn(held - first, std::min(width, targets_ - target), std::min(width, cols_ - first),
           stack_.data() + first * stride_ + first, reflectors_.data() + first,
           target_stack_.data() + target * stride_ + first);
}

void DeviceTriangle::turn(std::int64_t rows, std::int64_t columns, std::int64_t count, const double* reflectors,
                          const double* factors, double* targets) {
  const int m = static_cast<int>(rows), n = static_cast<int>(columns), k = static_cast<int>(count),
            stride = static_cast<int>(stride_);
  int elements = 0;
  check_solver(cusolverDnDormqr_bufferSize(context_.solver(), CUBLAS_SIDE_LEFT, CUBLAS_OP_T, m, n, k, reflectors,
                                           stride, factors, targets, stride, &elements),
               "cusolverDnDormqr_bufferSize", what_);
  const std::size_t device_bytes = size_of(std::max(elements, 0)) * sizeof(double);
  if (workspace_.bytes() < device_bytes)
    workspace_ = DeviceBytes(context_, static_cast<double>(device_bytes), what_ + "'s workspace");
  check_solver(cusolverDnDormqr(context_.solver(), CUBLAS_SIDE_LEFT, CUBLAS_OP_T, m, n, k, reflectors, stride, factors,
                                targets, stride, static_cast<double*>(workspace_.data()), elements, info_.data() + 1),
               "cusolverDnDormqr", what_);
}

void DeviceTriangle::release() {
  stack_ = {};
  target_stack_ = {};
  reflectors_ = {};
  workspace_ = {};
}

void check_solver(cusolverStatus_t status, const char* call, const std::string& problem) {
  if (status == CUSOLVER_STATUS_SUCCESS) return;
  if (status == CUSOLVER_STATUS_INVALID_VALUE || status == CUSOLVER_STATUS_NOT_SUPPORTED) {
    cudaGetLastError();
    throw NumericalError(problem + " was refused: " + call + " answers " +
                         (status == CUSOLVER_STATUS_INVALID_VALUE ? "invalid value" : "not supported"));
  }
  throw_cusolver(status, (std::string(call) + "(" + problem + ")").c_str(), __FILE__, __LINE__);
}

}  // namespace culogme::detail
