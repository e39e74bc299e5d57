#include "cpu/triangle_spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <culogme/error.hpp>

#include "cpu/blas.hpp"
#include "cpu/dual_input.hpp"
#include "cpu/pack.hpp"
#include "cpu/row_triangle.hpp"
#include "cpu/singular.hpp"
#include "cpu/spectrum.hpp"
#include "memory.hpp"
#include "row_sample.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

double sum_of_squares(const double* values, std::int64_t count) {
  return std::inner_product(values, values + count, values, 0.0);
}

/// The share of the largest column of an n x n matrix.
double largest_column(const AlignedVector<double>& matrix, std::int64_t n) {
  double largest = 0, total = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    const double square = sum_of_squares(matrix.data() + j * n, n);
    largest = std::max(largest, square);
    total += square;
  }
  return column_share(largest, total);
}

}  // namespace

void set_singular(Spectrum& s, SingularValues& found, const std::vector<double>& outside, double column,
                  std::int64_t steps) {
  const auto n = static_cast<std::int64_t>(found.values.size());
  // Their squares would leave the range of fp64 where the first rows, which chose the exponent, were much smaller.
  const int power = found.values.back() > 0 ? std::ilogb(found.values.back()) : 0;
  for (double& value : found.values) value = std::ldexp(value, -power);
  s.exponent += power;
  double noise = 0;
  const SpectrumScalars sizes = s;
  const double frobenius = std::sqrt(sum_of_squares(found.values.data(), n));
  static_cast<SpectrumScalars&>(s) = singular_scalars(sizes.rows_total, sizes.features, sizes.dof, sizes.dual,
                                                      frobenius, column * frobenius, steps, noise);
  std::int64_t noisy = 0;
  while (noisy < n && found.values[size_of(noisy)] <= noise) ++noisy;
  set_rank(s, noisy, noisy);
  s.route = Route::svd;
  double kept = 0, kept_part = 0, left_out = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const double eigenvalue = found.values[size_of(i)] * found.values[size_of(i)],
                 unexpected = unexpected_square(s, std::ldexp(found.residuals[size_of(i)], -power));
    if (i < s.cut) {
      left_out += unexpected;
      continue;
    }
    s.eigenvalues.push_back(eigenvalue);
    kept += unexpected;
    kept_part += unexpected / eigenvalue;
  }
  set_unexpected(s, kept, kept_part, left_out);
  for (std::size_t k = 0; k < s.targets.size(); ++k) {
    const double* const along = found.projected.data() + k * size_of(n);
    ProjectionSums sums;
    sums.doubtful = sum_of_squares(along, s.cut);
    for (std::int64_t i = 0; i < s.rank; ++i) {
      const double x2 = along[s.cut + i] * along[s.cut + i];
      s.projections.push_back(x2);
      sums.weights += x2 / s.eigenvalues[size_of(i)];
    }
    s.targets[k] = singular_target(s, sums, s.targets[k].square, outside[k]);
  }
}

LeadMeans lead_means(double first, std::span<const double> features, std::span<const double> targets,
                     std::span<const double> pilot, std::span<const double> target_pilot) {
  LeadMeans means;
  for (std::size_t j = 0; j < features.size(); ++j) means.features.push_back(features[j] / first + pilot[j]);
  for (std::size_t k = 0; k < targets.size(); ++k)
    means.targets.push_back(targets[k] / first + (target_pilot.empty() ? 0 : target_pilot[k]));
  return means;
}

AlignedVector<double> rows_about(const std::vector<double>& means, std::int32_t exponent, const SampledRows& sample) {
  AlignedVector<double> rows = sample.features;
  for (std::size_t at = 0; at < rows.size(); ++at)
    rows[at] = std::ldexp(rows[at], -exponent) - means[at % means.size()];
  return rows;
}

namespace {

/// `exponent`: of the rows that were projected, before set_singular found a better one.
void set_row_coordinates(Spectrum& s, SingularValues& found, std::int32_t exponent, AlignedVector<double> values) {
  for (double& value : found.rows) value = std::ldexp(value, exponent - s.exponent);
  set_coordinates(s, static_cast<std::int64_t>(found.values.size()), found.projected, false, found.rows, true,
                  std::move(values));
}

LeadMeans means_of(const RowTriangle& rows, const TriangleFactor& factor) {
  const std::int64_t d = rows.features(), stride = d + 1;
  if (!rows.intercept()) return {std::vector<double>(size_of(d)), std::vector<double>(size_of(rows.targets()))};
  std::vector<double> features, targets;
  for (std::int64_t j = 0; j < d; ++j) features.push_back(factor.triangle[size_of((j + 1) * stride)]);
  for (std::int64_t k = 0; k < rows.targets(); ++k) targets.push_back(factor.projected[size_of(k * stride)]);
  return lead_means(factor.triangle.front(), features, targets, rows.frame().pilot, rows.frame().target_pilot);
}

}  // namespace

Spectrum triangle_spectrum(Triangle& triangle, const SampledRows* sample) {
  auto& rows = static_cast<RowTriangle&>(triangle);
  TriangleFactor& factor = rows.finish();
  const std::int64_t lead = rows.intercept() ? 1 : 0, d = rows.features(), stride = d + lead;
  const double n = static_cast<double>(rows.rows());
  Spectrum s;
  s.rows_total = rows.rows();
  s.features = d;
  s.dof = n - static_cast<double>(lead);
  s.exponent = rows.frame().exponent;
  s.target_exponent = rows.frame().target_exponent;
  // Without the first row and column: the span of the ones is taken out of everything.
  AlignedVector<double> matrix(size_of(d * d)), along(size_of(d * rows.targets()));
  for (std::int64_t j = 0; j < d; ++j)
    std::copy_n(factor.triangle.begin() + (j + lead) * stride + lead, d, matrix.begin() + j * d);
  for (std::int64_t k = 0; k < rows.targets(); ++k) {
    const double* const y = factor.projected.data() + k * stride;
    std::copy_n(y + lead, d, along.begin() + k * d);
    const double square = sum_of_squares(y + lead, d) + factor.outside[size_of(k)];
    if (!std::isfinite(square))
      throw NumericalError("target '" + rows.names()[size_of(k)] +
                           "': its values differ by too many orders of magnitude, their squares overflow");
    if (rows.task() == Task::classification) {
      const std::int64_t count = rows.class_rows()[size_of(k)];
      const double c = static_cast<double>(count);
      s.rows.push_back(count);
      s.targets.push_back({lead > 0 ? c * (n - c) / n : c, 0, 0, 0, false});
      continue;
    }
    // A constant target leaves rounding noise only: that is no spread.
    const double error = svd_error(stride, rows.steps());
    const bool noise = lead > 0 && square <= error * error * (square + y[0] * y[0]);
    s.rows.push_back(rows.rows());
    s.targets.push_back({noise ? 0 : square, 0, 0, 0, false});
  }
  const double column = largest_column(matrix, d);
  AlignedVector<double> sampled, values;
  if (sample != nullptr) {
    const LeadMeans means = means_of(rows, factor);
    sampled = rows_about(means.features, rows.frame().exponent, *sample);
    values = sampled_values(*sample, rows.frame().target_exponent, means.targets);
  }
  factor.triangle = {};
  SingularValues found =
      singular_values(d, matrix, along, rows.targets(), rows.threads(), SingularMethod::divide, std::move(sampled));
  set_singular(s, found, factor.outside, column, rows.steps());
  if (sample != nullptr) set_row_coordinates(s, found, rows.frame().exponent, std::move(values));
  return s;
}

Spectrum dual_triangle_spectrum(const MatrixView& features, const TargetView& targets,
                                const std::vector<std::string>& names, Task task, bool intercept, int threads,
                                const SampledRows* sample) {
  const std::int64_t n = features.rows, target_count = static_cast<std::int64_t>(names.size());
  const double size = static_cast<double>(n);
  constexpr std::int64_t tile_columns = 1024;
  const std::int64_t width = std::min(tile_columns, features.cols);
  require_memory(8 * size * (2 * size + 2 * static_cast<double>(width) + static_cast<double>(target_count)),
                 "the triangle of " + std::to_string(n) + " rows");
  Spectrum s;
  const Frame frame = dual_frame(features, targets, target_count, task);
  s.rows_total = n;
  s.features = features.cols;
  s.dual = true;
  s.dof = size - (intercept ? 1 : 0);
  s.exponent = frame.exponent;
  s.target_exponent = frame.target_exponent;
  AlignedVector<double> along = dense_targets(targets, frame, n, target_count, intercept, s);

  TriangleFactor factor(n, 0);
  AlignedVector<double> tile(size_of(n * width));
  const std::vector<double> zeros(size_of(features.cols), 0);
  std::int64_t steps = 0;
  {
    const BlasThreads used(n < 1024 ? 1 : threads);
    for (std::int64_t begin = 0; begin < features.cols; begin += width, ++steps) {
      const std::int64_t count = std::min(width, features.cols - begin);
      const PackPlan plan{frame.exponent, (intercept ? frame.pilot.data() : zeros.data()) + begin,
                          frame.pilot_f32.data() + begin};
      pack_rows(columns_of(features, begin, count), 0, n, plan, tile.data(), nullptr);
      if (intercept) {
        std::vector<double> mean(size_of(count), 0);
        for (std::int64_t i = 0; i < n; ++i) add_row(mean.data(), tile.data() + i * count, count);
        for (double& value : mean) value /= size;
        for (std::int64_t i = 0; i < n; ++i)
          for (std::int64_t j = 0; j < count; ++j) tile[size_of(i * count + j)] -= mean[size_of(j)];
      }
      // Row-major rows of F are columns of F'.
      factor.absorb(count, tile.data(), nullptr, count);
    }
  }
  // F' = Q R, so F = R'Q': the left singular vectors of R' are those of F.
  AlignedVector<double> matrix(size_of(n * n));
  for (std::int64_t j = 0; j < n; ++j)
    for (std::int64_t i = 0; i < n; ++i) matrix[size_of(i * n + j)] = factor.triangle[size_of(j * n + i)];
  factor.triangle = {};
  AlignedVector<double> sampled, values;
  if (sample != nullptr) {
    values = values_at(*sample, n, target_count, along);
    // A row of F turned by Q is the same row of R'.
    for (const std::int64_t place : sample->places)
      for (std::int64_t j = 0; j < n; ++j) sampled.push_back(matrix[size_of(j * n + place)]);
  }
  SingularValues found =
      singular_values(n, matrix, along, target_count, threads, SingularMethod::divide, std::move(sampled));
  set_singular(s, found, std::vector<double>(size_of(target_count), 0), 1, steps);
  if (sample != nullptr) set_row_coordinates(s, found, frame.exponent, std::move(values));
  return s;
}

}  // namespace culogme::detail
