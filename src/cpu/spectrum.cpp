#include "cpu/spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include <culogme/error.hpp>

#include "cpu/eigen.hpp"
#include "memory.hpp"
#include "rounding.hpp"
#include "row_sample.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

/// The features' mean is put back into gram and cross: x = x' + pilot, y = y' + target pilot. Returns y'y.
std::vector<double> restore(Moments& m) {
  const std::size_t d = size_of(m.features);
  const double n = static_cast<double>(m.rows);
  for (std::size_t j = 0; j < d; ++j) {
    // pilot_i (sum_j + n pilot_j) + sum_i pilot_j
    const double across = m.sum[j] + n * m.pilot[j], along = m.pilot[j];
    for (std::size_t i = j; i < d; ++i) m.gram[j * d + i] += m.pilot[i] * across + m.sum[i] * along;
  }
  std::vector<double> square;
  for (std::size_t k = 0; k < m.names.size(); ++k) {
    double* const cross = m.cross.data() + k * d;
    if (m.task == Task::classification) {
      const double count = static_cast<double>(m.counts[k]);
      for (std::size_t i = 0; i < d; ++i) cross[i] += count * m.pilot[i];
      square.push_back(count);
      continue;
    }
    const double pilot = m.target_pilot[k], sum = m.target_sum[k];
    for (std::size_t i = 0; i < d; ++i) cross[i] += m.sum[i] * pilot + m.pilot[i] * (sum + n * pilot);
    square.push_back(m.target_square[k] + 2 * pilot * sum + n * pilot * pilot);
  }
  return square;
}

/// Features and targets about their means; the pilot drops out. Returns y'y.
std::vector<double> centre(Moments& m) {
  const std::size_t d = size_of(m.features);
  const double n = static_cast<double>(m.rows);
  for (std::size_t j = 0; j < d; ++j) {
    const double mean = m.sum[j] / n;
    for (std::size_t i = j; i < d; ++i) m.gram[j * d + i] -= m.sum[i] * mean;
  }
  std::vector<double> squares;
  for (std::size_t k = 0; k < m.names.size(); ++k) {
    const bool classes = m.task == Task::classification;
    const double sum = classes ? static_cast<double>(m.counts[k]) : m.target_sum[k];
    for (std::size_t i = 0; i < d; ++i) m.cross[k * d + i] -= m.sum[i] * (sum / n);
    const double square = classes ? sum * (n - sum) / n : m.target_square[k] - sum * (sum / n);
    // A constant target leaves rounding noise only: that is no spread.
    const bool noise = !classes && square <= 8 * u64 * n * m.target_square[k];
    squares.push_back(noise ? 0 : square);
  }
  return squares;
}

/// Squares that passed the range of fp64 are no basis for anything.
void check_squares(const Moments& m, const std::vector<double>& squares) {
  for (std::size_t k = 0; k < squares.size(); ++k)
    if (!std::isfinite(squares[k]))
      throw NumericalError("target '" + m.names[k] +
                           "': its values differ by too many orders of magnitude, their squares overflow");
}

}  // namespace

std::vector<double> move_origin(Moments& moments, bool intercept) {
  return intercept ? centre(moments) : restore(moments);
}

std::vector<double> target_means(const MomentSides& m, bool intercept) {
  std::vector<double> means(m.names.size(), 0);
  if (!intercept) return means;
  const double n = static_cast<double>(m.rows);
  for (std::size_t k = 0; k < means.size(); ++k)
    means[k] =
        m.task == Task::classification ? static_cast<double>(m.counts[k]) / n : m.target_pilot[k] + m.target_sum[k] / n;
  return means;
}

AlignedVector<double> shifted_rows(const MomentSides& m, bool intercept, const SampledRows& sample) {
  AlignedVector<double> rows = sample.features;
  const std::size_t d = size_of(m.features);
  const double factor = std::ldexp(1.0, -m.exponent), n = static_cast<double>(m.rows);
  std::vector<double> means(d, 0);
  for (std::size_t j = 0; j < d && intercept; ++j) means[j] = m.pilot[j] + m.sum[j] / n;
  for (std::size_t row = 0; row < rows.size(); row += d)
    for (std::size_t j = 0; j < d; ++j) rows[row + j] = rows[row + j] * factor - means[j];
  return rows;
}

AlignedVector<double> unit_rows(const SampledRows& sample, std::int64_t n, bool intercept) {
  AlignedVector<double> rows(size_of(sample.count() * n), intercept ? -1 / static_cast<double>(n) : 0);
  for (std::int64_t i = 0; i < sample.count(); ++i) rows[size_of(i * n + sample.places[size_of(i)])] += 1;
  return rows;
}

AlignedVector<double> values_at(const SampledRows& sample, std::int64_t n, std::int64_t targets,
                                const AlignedVector<double>& dense) {
  AlignedVector<double> values;
  for (std::int64_t k = 0; k < targets; ++k)
    for (const std::int64_t place : sample.places) values.push_back(dense[size_of(k * n + place)]);
  return values;
}

void set_coordinates(Spectrum& s, std::int64_t n, std::span<const double> projected, bool divide_projected,
                     std::span<const double> rows, bool divide_rows, AlignedVector<double> values) {
  s.sampled.scalars = s;
  s.sampled.exponent = s.exponent;
  s.sampled.target_exponent = s.target_exponent;
  s.sampled.eigenvalues = s.eigenvalues;
  s.sampled.targets = kept_coordinates(projected, n, s.eigenvalues, divide_projected);
  s.sampled.rows = kept_coordinates(rows, n, s.eigenvalues, divide_rows);
  s.sampled.values = std::move(values);
}

Spectrum primal_spectrum(Moments m, bool intercept, int threads, const SampledRows* sample) {
  const std::int64_t d = m.features;
  require_memory(moments_bytes(d, m.targets()), "the spectrum of " + std::to_string(d) + " columns");
  const double trace_before = std::max(m.history, trace(m));
  const std::vector<double> squares_before = m.target_square;
  const std::vector<double> squares = move_origin(m, intercept);
  check_squares(m, squares);
  SpectrumSource source;
  source.rows_total = m.rows;
  source.features = d;
  source.dof = static_cast<double>(m.rows) - (intercept ? 1 : 0);
  source.trace_before = trace_before;
  source.trace_after = trace(m);
  source.f32 = !m.energy_f32.empty();
  source.rows_f32 = m.rows_f32;
  source.narrow = !m.rounding.empty();
  source.rounding_trace = std::accumulate(m.rounding.begin(), m.rounding.end(), 0.0);
  for (const double energy : m.energy_f32) {
    source.energy_trace += energy;
    source.energy_entry = std::max(source.energy_entry, energy);
  }
  Decomposition found = decompose(d, m.gram, m.cross, m.targets(), threads,
                                  sample == nullptr ? AlignedVector<double>() : shifted_rows(m, intercept, *sample));

  Spectrum s;
  s.route = gram_route(products_of(m));
  s.exponent = m.exponent;
  s.target_exponent = m.target_exponent;
  for (std::int64_t k = 0; k < m.targets(); ++k) {
    const bool classes = m.task == Task::classification;
    const double square = squares[size_of(k)];
    const double scale =
        classes ? square : std::max({square, m.target_history[size_of(k)], squares_before[size_of(k)]});
    s.targets.push_back({square, scale, 0, 0, false});
    s.rows.push_back(classes ? m.counts[size_of(k)] : m.rows);
  }
  set_projections(s, source, found.eigenvalues, found.projected);
  if (sample != nullptr)
    set_coordinates(s, d, found.projected, true, found.rows, true,
                    sampled_values(*sample, m.target_exponent, target_means(m, intercept)));
  return s;
}

void set_projections(Spectrum& s, const SpectrumSource& source, std::span<const double> eigenvalues,
                     std::span<const double> projected) {
  const auto n = static_cast<std::int64_t>(eigenvalues.size());
  const double largest = eigenvalues.back();
  double noise = 0;
  static_cast<SpectrumScalars&>(s) = spectrum_scalars(source, largest, noise);
  const auto up_to = [&](double limit) {
    return std::upper_bound(eigenvalues.begin(), eigenvalues.end(), limit) - eigenvalues.begin();
  };
  set_rank(s, up_to(noise), up_to(s.norm_error));
  s.eigenvalues.assign(eigenvalues.begin() + s.cut, eigenvalues.end());
  s.projections.resize(s.targets.size() * size_of(s.rank));
  const double smallest = s.rank > 0 ? s.eigenvalues.front() : 0;
  for (std::size_t k = 0; k < s.targets.size(); ++k) {
    const double* const along = projected.data() + k * size_of(n);
    double* const x2 = s.projections.data() + k * size_of(s.rank);
    ProjectionSums sums;
    for (std::int64_t i = 0; i < s.doubtful; ++i) sums.doubtful += doubtful_square(s, i, along[i], largest);
    for (std::int64_t i = 0; i < s.rank; ++i) {
      const double sigma = s.eigenvalues[size_of(i)];
      x2[i] = projection_square(projects_targets(s), along[s.cut + i], sigma);
      sums.explained += x2[i];
      sums.weights += x2[i] / sigma;
    }
    s.targets[k] = target_scalars(s, smallest, sums, s.targets[k].square, s.targets[k].square_scale);
  }
}

}  // namespace culogme::detail
