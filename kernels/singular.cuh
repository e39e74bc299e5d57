#pragma once

#include "kernels/launch_triangle.hpp"
#include "kernels/reduce.cuh"
#include "kernels/write_result.cuh"

namespace culogme::kernels {

inline constexpr int singular_threads = 256;

/// A sign by a fixed hash: the check must not depend on a random seed.
__device__ inline double probe_sign(std::int64_t at, std::uint64_t seed) {
  std::uint64_t hash = (static_cast<std::uint64_t>(at) + seed) * 0x9e3779b97f4a7c15ull;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ull;
  return (hash & (1ull << 40)) != 0 ? 1 : -1;
}

/// One block.
__global__ void __launch_bounds__(singular_threads) singular_probe_kernel(SingularProbe a) {
  Values<1> square{};
  double largest = 0;
  for (std::int64_t i = threadIdx.x; i < a.size; i += singular_threads) {
    a.right[i] = probe_sign(i, 12345);
    a.left[i] = probe_sign(i, 54321);
    square.at[0] += a.column_square[i];
    largest = detail::larger_of(largest, a.column_square[i]);
  }
  const Values<1> all = block_total<singular_threads>(square);
  largest = block_max<singular_threads>(largest);
  if (threadIdx.x != 0) return;
  a.norms[0] = all.at[0];
  a.norms[1] = largest;
}

/// One block.
__global__ void __launch_bounds__(singular_threads) singular_scalars_kernel(SingularScalars a) {
  const double* const image = a.projected + a.targets * a.size;
  const double* const probe = image + a.size;
  Values<3> own{};
  for (std::int64_t i = threadIdx.x; i < a.size; i += singular_threads) {
    const double value = a.values[i], off = image[i] - value * a.right[i];
    a.eigenvalues[a.size - 1 - i] = value * value;
    own.at[0] += value * value;
    own.at[1] += off * off;
    own.at[2] += probe[i] * probe[i];
  }
  const Values<3> all = block_total<singular_threads>(own);
  double noise = 0;
  const double column = a.source.dual ? 1 : detail::column_share(a.norms[1], a.norms[0]), norm = sqrt(all.at[0]);
  detail::SpectrumScalars scalars = detail::singular_scalars(a.source.rows_total, a.source.features, a.source.dof,
                                                             a.source.dual, norm, column * norm, a.steps, noise);
  // Counts are exact in a double.
  Values<1> noisy{};
  for (std::int64_t i = threadIdx.x; i < a.size; i += singular_threads) noisy.at[0] += a.values[i] <= noise ? 1 : 0;
  noisy = block_total<singular_threads>(noisy);
  if (threadIdx.x != 0) return;
  const auto below = static_cast<std::int64_t>(noisy.at[0]);
  detail::set_rank(scalars, below, below);
  DeviceSpectrum out;
  out.scalars = scalars;
  const double smallest = scalars.rank > 0 ? a.values[scalars.rank - 1] : 0;
  out.smallest = smallest * smallest;
  out.largest = a.values[0] * a.values[0];
  out.grid = detail::evidence_grid(scalars, out.smallest, out.largest);
  // As in spectrum_scalars_kernel: nonsense must not lead out of the kernel's arrays.
  if (scalars.rank > 0) out.grid.points = detail::clamp_to(out.grid.points, std::int64_t{4}, detail::most_grid_points);
  out.residual = sqrt(all.at[1]);
  out.frobenius = sqrt(a.norms[0]);
  out.column = column;
  out.turned = fabs(sqrt(all.at[2]) - sqrt(static_cast<double>(a.size)));
  write_result(a.out, out);
}

/// The coordinates of one target a block row, from decreasing to increasing singular values.
__global__ void __launch_bounds__(singular_threads) reverse_kernel(SingularScalars a) {
  const std::int64_t i = std::int64_t{blockIdx.x} * singular_threads + threadIdx.x;
  if (i >= a.size / 2) return;
  for (std::int64_t k = blockIdx.y; k < a.targets; k += gridDim.y) {
    double* const row = a.projected + k * a.size;
    const double first = row[i];
    row[i] = row[a.size - 1 - i];
    row[a.size - 1 - i] = first;
  }
}

}  // namespace culogme::kernels
