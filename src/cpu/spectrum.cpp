#include "cpu/spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <culogme/error.hpp>

#include "cpu/eigen.hpp"
#include "memory.hpp"
#include "rounding.hpp"

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

/// Number of eigenvalues at the small end that are noise.
std::int64_t count_noise(const AlignedVector<double>& eigenvalues, double noise, double dof) {
  const std::int64_t n = static_cast<std::int64_t>(eigenvalues.size());
  std::int64_t cut = 0;
  while (cut < n && eigenvalues[size_of(cut)] <= noise) ++cut;
  return std::max(cut, n - static_cast<std::int64_t>(dof));
}

}  // namespace

Spectrum primal_spectrum(Moments m, bool intercept, int threads) {
  const std::int64_t d = m.features;
  require_memory(moments_bytes(d, m.targets()), "the spectrum of " + std::to_string(d) + " columns");
  const double trace_before = std::max(m.history, trace(m));
  const std::vector<double> squares_before = m.target_square;
  const std::vector<double> squares = intercept ? centre(m) : restore(m);
  check_squares(m, squares);
  // What cancels in the corrections, or cancelled when shards were subtracted, leaves its rounding errors behind.
  const double cancelled = std::max(1.0, trace_before / std::max(trace(m), std::numeric_limits<double>::min()));
  Decomposition found = decompose(d, m.gram, m.cross, m.targets(), threads);

  Spectrum s;
  s.route = m.energy_f32.empty() ? Route::gram_f64 : Route::gram_f32;
  s.dof = static_cast<double>(m.rows) - (intercept ? 1 : 0);
  s.rows_total = m.rows;
  s.features = d;
  s.square_error = 8 * u64 * (4 + std::sqrt(s.dof));
  s.exponent = m.exponent;
  s.target_exponent = m.target_exponent;
  const double largest = std::max(found.eigenvalues.back(), 0.0);
  s.gram_error = f64_gram_error(d) * largest * cancelled;
  double noise = noise_fraction(d) * largest * cancelled;
  if (!m.energy_f32.empty()) {
    const double eta = f32_entry_error(m.rows_f32);
    double trace = 0, entry = 0;
    for (const double energy : m.energy_f32) {
      trace += energy;
      entry = std::max(entry, energy);
    }
    s.trace_error = eta * trace;
    s.entry_error = eta * entry;
    s.rounded_row = u32 * std::sqrt(entry);
    noise = std::max(noise, f32_cut * independent_norm(d, s.entry_error));
  }
  s.norm_error = s.gram_error + independent_norm(d, s.entry_error);
  const std::int64_t cut = count_noise(found.eigenvalues, noise, s.dof);
  s.rank = d - cut;
  s.eigenvalues.assign(found.eigenvalues.begin() + cut, found.eigenvalues.end());
  s.projections.resize(size_of(m.targets() * s.rank));
  for (std::int64_t k = 0; k < m.targets(); ++k) {
    const double* const projected = found.projected.data() + k * d + cut;
    double* const x2 = s.projections.data() + k * s.rank;
    double explained = 0, weights = 0, left_out = 0;
    for (std::int64_t i = -cut; i < 0; ++i)
      left_out += projected[i] * projected[i] / std::max(std::fabs(found.eigenvalues[size_of(cut + i)]), u64 * largest);
    for (std::int64_t i = 0; i < s.rank; ++i) {
      const double sigma = s.eigenvalues[size_of(i)];
      x2[i] = projected[i] * projected[i] / sigma;
      explained += x2[i];
      weights += x2[i] / sigma;
    }
    const double square = squares[size_of(k)];
    s.square.push_back(square);
    s.residual.push_back(square - explained);
    double squared = square;
    if (m.task != Task::classification)
      squared = std::max({squared, m.target_history[size_of(k)], squares_before[size_of(k)]});
    s.square_scale.push_back(squared);
    s.residual_noise.push_back(s.square_error * squared + (s.gram_error + s.trace_error) * weights);
    const double unexplained = std::max(s.residual.back(), s.residual_noise.back());
    s.hidden.push_back(left_out > hidden_fraction(cut, s.dof) * unexplained ? 1 : 0);
    s.rows.push_back(m.task == Task::classification ? m.counts[size_of(k)] : m.rows);
  }
  return s;
}

}  // namespace culogme::detail
