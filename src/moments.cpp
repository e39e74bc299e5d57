#include "moments.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include <culogme/error.hpp>

#include "rounding.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

template <class Values>
void scale(Values& values, int power) {
  if (power == 0) return;
  for (double& value : values) value = std::ldexp(value, power);
}

/// Where each target of `from` lands in `into`; unknown classes are numbered after the known ones.
std::vector<std::int64_t> match_targets(const Moments& into, const Moments& from, std::vector<std::string>& added) {
  std::unordered_map<std::string, std::int64_t> place;
  for (std::int64_t k = 0; k < into.targets(); ++k) place.emplace(into.names[size_of(k)], k);
  std::vector<std::int64_t> map;
  for (const std::string& name : from.names) {
    auto [found, fresh] = place.emplace(name, into.targets() + static_cast<std::int64_t>(added.size()));
    if (fresh) added.push_back(name);
    map.push_back(found->second);
  }
  return map;
}

void check_compatible(const Moments& into, const Moments& from) {
  if (into.task != from.task)
    throw InvalidArgument(std::string("the statistics are of a ") + task_name(into.task) + " task, the others of a " +
                          task_name(from.task) + " task");
  if (into.features != from.features)
    throw InvalidArgument("the statistics have " + std::to_string(into.features) + " columns, the others " +
                          std::to_string(from.features));
  if (into.task != Task::classification && into.names != from.names)
    throw InvalidArgument("the statistics have " + std::to_string(into.targets()) + " targets (first '" +
                          into.names.front() + "'), the others " + std::to_string(from.targets()) + " (first '" +
                          from.names.front() + "'); their names must be equal");
}

void check_contained(const Moments& whole, const Moments& part, const std::vector<std::int64_t>& map,
                     const std::vector<std::string>& added) {
  if (!added.empty() || part.rows > whole.rows)
    throw InvalidArgument(added.empty()
                              ? "the statistics hold " + std::to_string(whole.rows) + " rows, fewer than the " +
                                    std::to_string(part.rows) + " rows to be subtracted"
                              : "class '" + added.front() + "' is to be subtracted but is not there");
  for (std::size_t k = 0; k < part.counts.size(); ++k)
    if (part.counts[k] > whole.counts[size_of(map[k])])
      throw InvalidArgument("class '" + part.names[k] + "' has " + std::to_string(whole.counts[size_of(map[k])]) +
                            " rows, fewer than the " + std::to_string(part.counts[k]) + " rows to be subtracted");
}

/// The sums of `from` about the pilot `about` (same exponent): x - about = (x - pilot) + shift.
void move_pilot(Moments& from, const std::vector<double>& about) {
  const std::size_t d = size_of(from.features);
  const double n = static_cast<double>(from.rows);
  std::vector<double> shift(d);
  for (std::size_t i = 0; i < d; ++i) shift[i] = from.pilot[i] - about[i];
  if (std::all_of(shift.begin(), shift.end(), [](double value) { return value == 0; })) return;
  for (std::size_t j = 0; j < d; ++j)
    for (std::size_t i = j; i < d; ++i)
      from.gram[j * d + i] += from.sum[i] * shift[j] + shift[i] * from.sum[j] + n * shift[i] * shift[j];
  for (std::size_t k = 0; k < from.names.size(); ++k) {
    const double weight = from.task == Task::classification ? static_cast<double>(from.counts[k]) : from.target_sum[k];
    for (std::size_t i = 0; i < d; ++i) from.cross[k * d + i] += weight * shift[i];
  }
  for (std::size_t i = 0; i < d; ++i) from.sum[i] += n * shift[i];
  from.pilot = about;
}

/// The same for the targets: y - about = (y - pilot) + shift. The features' pilot is final by now.
void move_target_pilot(Moments& from, const Moments& like) {
  const std::size_t d = size_of(from.features);
  const double n = static_cast<double>(from.rows);
  for (std::size_t k = 0; k < from.names.size(); ++k) {
    const double shift = from.target_pilot[k] - like.target_pilot[k];
    for (std::size_t i = 0; i < d; ++i) from.cross[k * d + i] += shift * from.sum[i];
    from.target_square[k] += 2 * shift * from.target_sum[k] + n * shift * shift;
    from.target_sum[k] += n * shift;
    from.target_pilot[k] = like.target_pilot[k];
  }
}

void raise_target_exponents(Moments& moments, const std::vector<std::int32_t>& exponents) {
  const std::size_t d = size_of(moments.features);
  for (std::size_t k = 0; k < moments.names.size(); ++k) {
    const int power = moments.target_exponent[k] - std::max(moments.target_exponent[k], exponents[k]);
    if (power == 0) continue;
    for (std::size_t i = 0; i < d; ++i) moments.cross[k * d + i] = std::ldexp(moments.cross[k * d + i], power);
    moments.target_pilot[k] = std::ldexp(moments.target_pilot[k], power);
    moments.target_sum[k] = std::ldexp(moments.target_sum[k], power);
    moments.target_square[k] = std::ldexp(moments.target_square[k], 2 * power);
    moments.target_history[k] = std::ldexp(moments.target_history[k], 2 * power);
    moments.target_exponent[k] -= power;
  }
}

template <class Values>
void add_scaled(Values& into, const Values& from, double sign) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] += sign * from[i];
}

/// Rounded rows are rows of another matrix, near the one that was given, and the bound follows them as such; of rows
/// that are subtracted that is no longer so. Then their rounding, at most 2^-11 of each value, counts as an error of
/// products.
void count_rounding_as_products(Moments& m) {
  if (std::all_of(m.rounding.begin(), m.rounding.end(), [](double value) { return value == 0; })) return;
  const double relative = 2 * u11 / f32_entry_error(m.rows_f32);
  for (double& energy : m.energy_f32) energy *= 1 + relative;
  std::fill(m.rounding.begin(), m.rounding.end(), 0);
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

void raise_exponent(Moments& moments, std::int32_t exponent) {
  const int power = moments.exponent - exponent;
  if (power >= 0) return;
  scale(moments.pilot, power);
  scale(moments.sum, power);
  scale(moments.gram, 2 * power);
  scale(moments.cross, power);
  scale(moments.energy_f32, 2 * power);
  scale(moments.rounding, 2 * power);
  moments.history = std::ldexp(moments.history, 2 * power);
  moments.exponent = exponent;
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

void combine(Moments& into, const Moments& from, int sign) {
  check_compatible(into, from);
  std::vector<std::string> added;
  const std::vector<std::int64_t> map = match_targets(into, from, added);
  if (sign < 0) check_contained(into, from, map, added);
  if (from.rows == 0) {
    if (!added.empty()) append_targets(into, added);
    return;
  }
  Moments other = from;
  if (!added.empty()) append_targets(into, added);
  if (into.rows == 0) {
    into.exponent = other.exponent;
    into.pilot = other.pilot;
    into.target_pilot = other.target_pilot;
    into.target_exponent = other.target_exponent;
  }
  raise_exponent(into, other.exponent);
  raise_exponent(other, into.exponent);
  const double before = std::max(other.history, trace(other));
  move_pilot(other, into.pilot);
  into.history = std::max(into.history, trace(into)) + std::max(before, trace(other));
  if (into.task != Task::classification) {
    raise_target_exponents(into, other.target_exponent);
    raise_target_exponents(other, into.target_exponent);
    const std::vector<double> squares = other.target_square;
    move_target_pilot(other, into);
    for (std::size_t k = 0; k < squares.size(); ++k)
      into.target_history[k] = std::max(into.target_history[k], into.target_square[k]) +
                               std::max({other.target_history[k], squares[k], other.target_square[k]});
    add_scaled(into.target_sum, other.target_sum, sign);
    add_scaled(into.target_square, other.target_square, sign);
  }
  add_scaled(into.gram, other.gram, sign);
  add_scaled(into.sum, other.sum, sign);
  const std::size_t d = size_of(into.features);
  for (std::size_t k = 0; k < map.size(); ++k) {
    double* target = into.cross.data() + size_of(map[k]) * d;
    for (std::size_t i = 0; i < d; ++i) target[i] += sign * other.cross[k * d + i];
    if (into.task == Task::classification) into.counts[size_of(map[k])] += sign * other.counts[k];
  }
  into.rows += sign * other.rows;
  if (sign < 0) {
    count_rounding_as_products(into);
    count_rounding_as_products(other);
  }
  if (!other.rounding.empty()) {
    into.rounding.resize(d, 0);
    add_scaled(into.rounding, other.rounding, 1);
    into.half_rows = into.half_rows || other.half_rows;
  }
  if (!other.energy_f32.empty()) {
    if (into.energy_f32.empty()) into.energy_f32.assign(d, 0);
    add_scaled(into.energy_f32, other.energy_f32, 1);
    into.rows_f32 += other.rows_f32;
  }
}

Products products_of(const Moments& moments) {
  if (moments.energy_f32.empty()) return Products::f64;
  return moments.rounding.empty() ? Products::f32 : moments.half_rows ? Products::half : Products::tf32;
}

double trace(const Moments& moments) {
  double sum = 0;
  const std::size_t d = size_of(moments.features);
  for (std::size_t j = 0; j < d; ++j) sum += moments.gram[j * d + j];
  return sum;
}

double moments_bytes(std::int64_t features, std::int64_t targets) {
  const double d = static_cast<double>(features);
  return 8 * (d * d + d * static_cast<double>(targets));
}

}  // namespace culogme::detail
