#pragma once

#include "kernels/launch_evidence.hpp"
#include "kernels/reduce.cuh"
#include "kernels/write_result.cuh"

namespace culogme::kernels {

inline constexpr int spectrum_threads = 256;

__global__ void __launch_bounds__(spectrum_threads) spectrum_scalars_kernel(SpectrumScalarsArguments a) {
  detail::SpectrumSource source = a.source;
  source.trace_before = a.traces[0];
  source.trace_after = a.traces[1];
  if (source.f32) {
    source.energy_trace = a.traces[2];
    source.energy_entry = a.traces[3];
  }
  if (source.narrow) source.rounding_trace = a.traces[4];
  const double largest = a.eigenvalues[a.size - 1];
  double noise = 0;
  detail::SpectrumScalars scalars = detail::spectrum_scalars(source, largest, noise);
  // Counts are exact in a double.
  Values<3> own{};
  for (std::int64_t i = threadIdx.x; i < a.size; i += spectrum_threads) {
    own.at[0] += a.eigenvalues[i] <= noise ? 1 : 0;
    own.at[1] += a.eigenvalues[i] <= scalars.norm_error ? 1 : 0;
    if (a.image == nullptr) continue;
    const double difference = a.image[i] - a.rebuilt[i];
    own.at[2] += difference * difference;
  }
  const Values<3> all = block_total<spectrum_threads>(own);
  if (threadIdx.x != 0) return;
  detail::set_rank(scalars, static_cast<std::int64_t>(all.at[0]), static_cast<std::int64_t>(all.at[1]));
  DeviceSpectrum out;
  out.scalars = scalars;
  out.smallest = scalars.rank > 0 ? a.eigenvalues[scalars.cut] : 0;
  out.largest = largest;
  out.grid = detail::evidence_grid(scalars, out.smallest, largest);
  // Nonsense from a decomposition is judged by the host; until then it must not lead out of the kernel's arrays.
  if (scalars.rank > 0) out.grid.points = detail::clamp_to(out.grid.points, std::int64_t{4}, detail::most_grid_points);
  out.residual = sqrt(all.at[2]);
  out.frobenius = a.frobenius_square == nullptr ? 0 : sqrt(*a.frobenius_square);
  write_result(a.out, out);
}

}  // namespace culogme::kernels
