#include "moments.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "rounding.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

/// Of the largest sums that were ever there. What rounding in fp64 leaves grows with the root of the number of rows, so
/// this has room for 10^12 of them; where products were f32 theirs is far larger.
constexpr double f64_left = 0x1p-32;

template <class Values>
void scale(Values& values, int power) {
  if (power == 0) return;
  for (double& value : values) value = std::ldexp(value, power);
}

}  // namespace

Moments empty_moments(Task task, std::int64_t features, std::vector<std::string> names) {
  Moments moments;
  moments.task = task;
  moments.features = features;
  const std::size_t d = size_of(features), k = names.size();
  moments.names = std::move(names);
  moments.pilot.assign(d, 0);
  moments.sum.assign(d, 0);
  moments.gram.assign(d * d, 0);
  moments.cross.assign(k * d, 0);
  if (task == Task::classification) {
    moments.counts.assign(k, 0);
  } else {
    moments.target_exponent.assign(k, 0);
    moments.target_pilot.assign(k, 0);
    moments.target_sum.assign(k, 0);
    moments.target_square.assign(k, 0);
    moments.target_history.assign(k, 0);
  }
  return moments;
}

void clear_rows(Moments& m) noexcept {
  for (auto* const values : {&m.pilot, &m.sum, &m.target_pilot, &m.target_sum, &m.target_square, &m.target_history})
    std::fill(values->begin(), values->end(), 0);
  std::fill(m.gram.begin(), m.gram.end(), 0);
  std::fill(m.cross.begin(), m.cross.end(), 0);
  std::fill(m.counts.begin(), m.counts.end(), 0);
  std::fill(m.target_exponent.begin(), m.target_exponent.end(), 0);
  m.energy_f32.clear();
  m.rounding.clear();
  m.half_rows = false;
  m.rows = m.rows_f32 = 0;
  m.exponent = 0;
  m.history = 0;
}

int raise_sides(MomentSides& sides, std::int32_t exponent) {
  const int power = sides.exponent - exponent;
  if (power >= 0) return 0;
  scale(sides.pilot, power);
  scale(sides.sum, power);
  scale(sides.energy_f32, 2 * power);
  scale(sides.rounding, 2 * power);
  sides.history = std::ldexp(sides.history, 2 * power);
  sides.exponent = exponent;
  return power;
}

void raise_exponent(Moments& moments, std::int32_t exponent) {
  const int power = raise_sides(moments, exponent);
  scale(moments.gram, 2 * power);
  scale(moments.cross, power);
}

void append_targets(Moments& moments, const std::vector<std::string>& names) {
  std::vector<std::string> all = moments.names;
  all.insert(all.end(), names.begin(), names.end());
  // All memory first: a failure leaves everything as it is.
  moments.cross.reserve(all.size() * size_of(moments.features));
  moments.counts.reserve(all.size());
  moments.cross.resize(all.size() * size_of(moments.features), 0);
  moments.counts.resize(all.size(), 0);
  moments.names = std::move(all);
}

Products products_of(const MomentSides& sides) {
  if (sides.energy_f32.empty()) return Products::f64;
  return sides.rounding.empty() ? Products::f32 : sides.half_rows ? Products::half : Products::tf32;
}

double column_rounding(const MomentSides& sides, std::int64_t column) {
  const double left = f64_left * sides.history;
  if (sides.energy_f32.empty()) return left;
  // Twice what the bounds count with: both the whole and what was subtracted have such an error.
  const double drift = sides.rounding.empty() ? 0 : narrow_drift(sides.rows_f32);
  return left + (2 * f32_entry_error(sides.rows_f32) + drift) * sides.energy_f32[size_of(column)];
}

double target_rounding(const MomentSides& sides, std::size_t target) { return f64_left * sides.target_history[target]; }

std::vector<double> diagonal(const Moments& moments) {
  std::vector<double> values;
  const std::size_t d = size_of(moments.features);
  for (std::size_t j = 0; j < d; ++j) values.push_back(moments.gram[j * d + j]);
  return values;
}

double trace(const Moments& moments) {
  const std::vector<double> values = diagonal(moments);
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double moments_bytes(std::int64_t features, std::int64_t targets) {
  const double d = static_cast<double>(features);
  return 8 * (d * d + d * static_cast<double>(targets));
}

}  // namespace culogme::detail
