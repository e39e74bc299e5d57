#pragma once

#include "kernels/launch_triangle.hpp"
#include "kernels/reduce.cuh"
#include "kernels/write_result.cuh"
#include "src/probe_vectors.hpp"

namespace culogme::kernels {

inline constexpr int singular_threads = 256;

/// One block.
__global__ void __launch_bounds__(singular_threads) singular_probe_kernel(SingularProbe a) {
  Values<1> square{};
  double largest = 0;
  for (std::int64_t i = threadIdx.x; i < a.size; i += singular_threads) {
    for (std::int64_t j = 0; j < detail::probe_count(a.size); ++j)
      a.right[j * a.size + i] = detail::probe_element(a.size, j, i);
    a.left[i] = detail::probe_sign(i, 54321);
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
  const std::int64_t probes = detail::probe_count(a.size);
  double* const image = a.projected + a.targets * a.size;
  const double* const probe = image + probes * a.size;
  Values<3> own{};
  for (std::int64_t i = threadIdx.x; i < a.size; i += singular_threads) {
    const double value = a.values[i];
    a.eigenvalues[a.size - 1 - i] = value * value;
    own.at[0] += value * value;
    double square = 0;
    for (std::int64_t j = 0; j < probes; ++j) {
      const double off = image[j * a.size + i] - value * a.right[j * a.size + i];
      square += off * off;
    }
    square *= detail::probe_weight(a.size);
    own.at[1] += square;
    image[i] = sqrt(square);
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
  const auto below = static_cast<std::int64_t>(noisy.at[0]);
  detail::set_rank(scalars, below, below);
  Values<3> unexpected{};
  for (std::int64_t i = threadIdx.x; i < a.size; i += singular_threads) {
    const double square = detail::unexpected_square(scalars, image[i]);
    const bool kept = a.size - 1 - i >= scalars.cut;
    unexpected.at[0] += kept ? square : 0;
    unexpected.at[1] += kept ? square / (a.values[i] * a.values[i]) : 0;
    unexpected.at[2] += kept ? 0 : square;
  }
  unexpected = block_total<singular_threads>(unexpected);
  if (threadIdx.x != 0) return;
  detail::set_unexpected(scalars, unexpected.at[0], unexpected.at[1], unexpected.at[2]);
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
