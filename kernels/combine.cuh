#pragma once

#include "kernels/launch_combine.hpp"

namespace culogme::kernels {

inline constexpr int combine_threads = 256;

__device__ inline double combined_target(const Combine& a, std::int64_t k, std::int64_t i) {
  const double into = k < a.cross_targets ? a.cross[k * a.cols + i] : 0;
  const std::int64_t source = a.source[k];
  if (source < 0) return detail::scaled(into, a.elements.power);
  return detail::combined_cross(a.elements, into, a.from_cross[source * a.cols + i], i, source);
}

/// A line at a time: the columns of the lower triangle, then the targets, then the sums of the columns. One launch, so
/// that a failure changes nothing.
__global__ void __launch_bounds__(combine_threads) combine_moments_kernel(Combine a) {
  const std::int64_t i = std::int64_t{blockIdx.x} * combine_threads + threadIdx.x;
  if (i >= a.cols) return;
  for (std::int64_t line = blockIdx.y; line <= a.cols + a.targets; line += gridDim.y) {
    if (line < a.cols) {
      if (i < line) continue;
      double* const entry = a.gram + line * a.cols + i;
      *entry = detail::combined_gram(a.elements, *entry, a.from_gram[line * a.cols + i], i, line);
    } else {
      const std::int64_t k = line - a.cols;
      a.combined[k * a.cols + i] = k < a.targets ? combined_target(a, k, i) : a.sum[i];
    }
  }
}

}  // namespace culogme::kernels
