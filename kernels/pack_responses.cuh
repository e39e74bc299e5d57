#pragma once

#include "kernels/element.cuh"

namespace culogme::kernels {

inline constexpr int response_threads = 256;

/// Threads side by side take the responses of a row, groups of threads the rows; the groups' sums are added in order.
__global__ void __launch_bounds__(response_threads) pack_responses_kernel(PackResponses a) {
  __shared__ double sums[response_threads], squares[response_threads];
  const std::int64_t width = a.rows.targets + 1;
  const std::int64_t k = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const bool inside = k < a.rows.targets;
  const int exponent = inside ? a.target_exponent[k] : 0;
  const double pilot = inside ? a.target_pilot[k] : 0;
  double sum = 0, square = 0;
  for (std::int64_t row = threadIdx.y; row < a.rows.rows; row += blockDim.y) {
    if (k == a.rows.targets) a.shifted[row * width + k] = 1;  // F'1 is the sum of the columns
    if (!inside) continue;
    const double value = element_at(a.rows.responses, a.rows.response_scalar, row * a.rows.response_stride + k);
    if (!isfinite(value) || (a.rows.binary && value != 0 && value != 1))
      note_bad(a.state, a.rows, row, a.rows.cols + k);
    const double shifted = ldexp(value, -exponent) - pilot;
    a.shifted[row * width + k] = shifted;
    sum += shifted;
    square += shifted * shifted;
  }
  const unsigned place = threadIdx.y * blockDim.x + threadIdx.x;
  sums[place] = sum;
  squares[place] = square;
  __syncthreads();
  if (!inside || threadIdx.y != 0) return;
  sum = square = 0;
  for (unsigned group = 0; group < blockDim.y; ++group) {
    sum += sums[group * blockDim.x + threadIdx.x];
    square += squares[group * blockDim.x + threadIdx.x];
  }
  a.target_sum[k] += sum;
  a.target_square[k] += square;
}

}  // namespace culogme::kernels
