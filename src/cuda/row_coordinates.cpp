#include "cuda/row_coordinates.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "cpu/spectrum.hpp"
#include "cpu/triangle_spectrum.hpp"
#include "cuda/check.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

template <class T>
void get(CudaContext& context, T* to, const T* from, std::int64_t count) {
  if (count > 0)
    CULOGME_CHECK(cudaMemcpyAsync(to, from, size_of(count) * sizeof(T), cudaMemcpyDeviceToHost, context.stream()));
}

/// Waits, since the host's memory is not page-locked.
void put_rows(CudaSpectrum& s, const AlignedVector<double>& rows) {
  CudaContext& context = *s.context;
  s.sampled = static_cast<std::int64_t>(rows.size()) / s.size;
  s.sampled_rows = {context, s.sampled * s.size, "the sampled rows"};
  CULOGME_CHECK(
      cudaMemcpyAsync(s.sampled_rows.data(), rows.data(), rows.size() * 8, cudaMemcpyHostToDevice, context.stream()));
  context.synchronize();
}

}  // namespace

void prepare_sample(CudaSpectrum& s, const DeviceMoments& moments, bool intercept, const SampledRows& sample) {
  const MomentSides sides = download_sides(*s.context, moments, s.names);
  put_rows(s, shifted_rows(sides, intercept, sample));
  s.sampled_values = sampled_values(sample, sides.target_exponent, target_means(sides, intercept));
}

void prepare_sample(CudaSpectrum& s, const Buffer<double>& dense, bool intercept, const SampledRows& sample) {
  put_rows(s, unit_rows(sample, s.size, intercept));
  AlignedVector<double> columns(size_of(s.targets * s.size));
  get(*s.context, columns.data(), dense.data(), s.targets * s.size);
  s.context->synchronize();
  s.sampled_values = values_at(sample, s.size, s.targets, columns);
}

void prepare_sample(CudaSpectrum& s, const CudaTriangle& rows, const DeviceTriangle& triangle,
                    const SampledRows& sample) {
  CudaContext& context = *s.context;
  kernels::SumsState state{};
  std::vector<std::int32_t> target_exponent(size_of(s.target_exponent.count()));
  get(context, &state, s.state.data(), 1);
  get(context, target_exponent.data(), s.target_exponent.data(), s.target_exponent.count());
  LeadMeans means{std::vector<double>(size_of(s.size)), std::vector<double>(size_of(s.targets))};
  if (!rows.intercept()) {
    context.synchronize();
  } else {
    const std::size_t pitch = size_of(triangle.stride()) * 8;
    std::vector<double> lead(size_of(s.size + 1)), targets(size_of(s.targets)), pilot(size_of(s.size)), target_pilot;
    if (rows.task() != Task::classification) target_pilot.resize(targets.size());
    CULOGME_CHECK(cudaMemcpy2DAsync(lead.data(), 8, triangle.stack(), pitch, 8, lead.size(), cudaMemcpyDeviceToHost,
                                    context.stream()));
    CULOGME_CHECK(cudaMemcpy2DAsync(targets.data(), 8, triangle.target_stack(), pitch, 8, targets.size(),
                                    cudaMemcpyDeviceToHost, context.stream()));
    get(context, pilot.data(), rows.pilot().data(), s.size);
    get(context, target_pilot.data(), rows.target_pilot().data(), static_cast<std::int64_t>(target_pilot.size()));
    context.synchronize();
    means = lead_means(lead.front(), std::span(lead).subspan(1), targets, pilot, target_pilot);
  }
  put_rows(s, rows_about(means.features, state.raised, sample));
  s.sampled_values = sampled_values(sample, target_exponent, means.targets);
}

RowCoordinates coordinates_on_host(CudaSpectrum& s) {
  CudaContext& context = *s.context;
  const DeviceScope scope = context.enter();
  RowCoordinates result;
  std::vector<double> eigenvalues(size_of(s.size));
  AlignedVector<double> targets(size_of(s.targets * s.size)), rows(size_of(s.sampled * s.size));
  kernels::DeviceSpectrum found;
  kernels::SumsState state{};
  result.target_exponent.resize(size_of(s.target_exponent.count()));
  get(context, &found, s.scalars.data(), 1);
  get(context, &state, s.state.data(), 1);
  get(context, eigenvalues.data(), s.eigenvalues.data(), s.size);
  get(context, targets.data(), s.projected.data(), s.targets * s.size);
  get(context, rows.data(), s.sampled_rows.data(), s.sampled * s.size);
  get(context, result.target_exponent.data(), s.target_exponent.data(), s.target_exponent.count());
  context.synchronize();
  result.scalars = found.scalars;
  result.exponent = state.raised;
  result.eigenvalues.assign(eigenvalues.end() - found.scalars.rank, eigenvalues.end());
  if (s.route == Route::svd)  // the targets are in the order of the eigenvalues already
    for (auto row = rows.begin(); row != rows.end(); row += s.size) std::reverse(row, row + s.size);
  result.targets = kept_coordinates(targets, s.size, result.eigenvalues, !projects_targets(found.scalars));
  result.rows = kept_coordinates(rows, s.size, result.eigenvalues, !found.scalars.dual);
  result.values = std::move(s.sampled_values);
  return result;
}

}  // namespace culogme::detail
