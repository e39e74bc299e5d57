#include "cuda/triangle_spectrum.hpp"

#include <algorithm>
#include <utility>

#include "cuda/check.hpp"
#include "cuda/dual_input.hpp"
#include "cuda/row_coordinates.hpp"
#include "cuda/singular.hpp"
#include "kernels/launch_spectrum.hpp"
#include "kernels/launch_triangle.hpp"
#include "rounding.hpp"

namespace culogme::detail {
namespace {

/// What the triangle's QRs answered, with room for gesvd's answer behind.
Buffer<int> info_of(CudaContext& context, DeviceTriangle& triangle) {
  constexpr std::size_t kept = 4;
  const Buffer<int> of_tiles = triangle.take_info();
  Buffer<int> info(context, kept + 1, "the singular values");
  CULOGME_CHECK(cudaMemsetAsync(info.data() + kept, 0, sizeof(int), context.stream()));
  CULOGME_CHECK(
      cudaMemcpyAsync(info.data(), of_tiles.data(), kept * sizeof(int), cudaMemcpyDeviceToDevice, context.stream()));
  return info;
}

/// The triangle becomes a matrix of its own, and its memory is given back.
void decompose(CudaSpectrum& s, DeviceTriangle& triangle, std::int64_t lead, const Buffer<double>& right_sides) {
  CudaContext& context = *s.context;
  const std::string what = "the triangle of size " + std::to_string(s.size);
  const Buffer<double> matrix(context, s.size * s.size, what), column_square(context, s.size, what);
  // F = QR has the left singular vectors Q U of R = U S V'. Of F' = QR, F = R'Q', they are those of R'.
  kernels::launch_triangle_matrix(
      {triangle.stack(), triangle.stride(), lead, s.size, s.source.dual, matrix.data(), column_square.data()},
      context.stream());
  s.info = info_of(context, triangle);
  s.steps = triangle.steps();
  s.host_workspaces = triangle.take_host_workspaces();
  triangle.release();
  s.summed.record(context.stream());
  decompose_singular(s, matrix, right_sides, column_square);
}

}  // namespace

std::unique_ptr<CudaSpectrum> triangle_device_spectrum(CudaTriangle& rows, const SampledRows* sample) {
  CudaContext& context = *rows.context();
  const DeviceScope scope = context.enter();
  DeviceTriangle& triangle = rows.finish();
  const std::int64_t lead = rows.intercept() ? 1 : 0;
  auto result = std::make_unique<CudaSpectrum>();
  CudaSpectrum& s = *result;
  s.context = rows.context();
  s.route = Route::svd;
  s.size = s.features = rows.features();
  s.targets = rows.targets();
  s.rows = rows.rows();
  s.names = rows.names();
  s.source.rows_total = s.rows;
  s.source.features = s.features;
  s.source.dof = static_cast<double>(s.rows - lead);
  s.started = rows.take_started();
  s.origins = rows.take_origins();
  const std::string what = "the targets of the singular values";
  Buffer<double> right_sides(context, (s.targets + singular_probes) * s.size, what);
  s.square = {context, s.targets, what};
  s.counts = rows.take_counts();
  s.target_exponent = rows.take_target_exponent();
  s.state = rows.take_state();
  kernels::launch_triangle_targets(
      {triangle.target_stack(), triangle.stride(), lead, s.size, s.targets, triangle.outside(), s.counts.data(),
       static_cast<double>(s.rows), svd_error(triangle.cols(), triangle.steps()), right_sides.data(), s.square.data()},
      context.stream());
  if (sample != nullptr) prepare_sample(s, rows, triangle, *sample);
  s.outside = triangle.take_outside();
  rows.release_rows();
  decompose(s, triangle, lead, right_sides);
  return result;
}

std::unique_ptr<CudaSpectrum> dual_triangle_device_spectrum(const std::shared_ptr<CudaContext>& shared,
                                                            const MatrixView& features, const TargetView& targets,
                                                            const std::vector<std::string>& names, Task task,
                                                            bool intercept, std::size_t limit,
                                                            const SampledRows* sample) {
  CudaContext& context = *shared;
  const DeviceScope scope = context.enter();
  auto result = std::make_unique<CudaSpectrum>();
  CudaSpectrum& s = *result;
  const std::int64_t n = features.rows, d = features.cols;
  const DualInput in = begin_dual(s, shared, features, targets, names, task, intercept, singular_probes);
  s.route = Route::svd;
  // Nothing of y lies outside the span of the singular vectors: F has as many as rows.
  s.outside = {context, s.targets, "the targets of the singular values"};
  CULOGME_CHECK(cudaMemsetAsync(s.outside.data(), 0, static_cast<std::size_t>(s.targets) * 8, context.stream()));
  const std::int64_t width = std::min(d, triangle_tile_rows(n, 0, d, limit));
  DeviceTriangle triangle(context, n, 0, width);
  for (std::int64_t begin = 0; begin < d; begin += width) {
    const std::int64_t count = std::min(width, d - begin);
    kernels::launch_pack_transposed({in.rows, begin, count, triangle.stack(), triangle.stride(), n,
                                     intercept ? in.pilot.data() + begin : nullptr, intercept, s.state.data()},
                                    context.stream());
    triangle.absorb(count);
  }
  kernels::launch_read_bad(in.rows, s.state.data(), context.stream());
  if (sample != nullptr) prepare_sample(s, in.dense, intercept, *sample);
  decompose(s, triangle, 0, in.dense);
  return result;
}

}  // namespace culogme::detail
