#include "combination.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <numeric>
#include <unordered_map>
#include <utility>

#include <culogme/error.hpp>

#include "rounding.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

double total(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

template <class T>
const T* data_or_null(const std::vector<T>& values) {
  return values.empty() ? nullptr : values.data();
}

/// With pointers to host memory.
ElementCombination elements_of(const Combination& plan) {
  return {plan.sign,
          plan.power,
          plan.from_power,
          plan.rows,
          data_or_null(plan.shift),
          data_or_null(plan.sum),
          data_or_null(plan.weight),
          data_or_null(plan.target_power),
          data_or_null(plan.from_target_power),
          data_or_null(plan.target_shift),
          data_or_null(plan.moved_sum)};
}

/// Where each target of `from` lands in `into`; unknown classes are numbered after the known ones.
std::vector<std::int64_t> match_targets(const MomentSides& into, const MomentSides& from,
                                        std::vector<std::string>& added) {
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

void check_compatible(const MomentSides& into, const MomentSides& from) {
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

void check_contained(const MomentSides& whole, const MomentSides& part, const std::vector<std::int64_t>& map,
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

/// Brings `into` and `from`, with the diagonals of their Gram matrices, to one exponent and pilot of the features.
void unite_features(Combination& plan, MomentSides& into, std::vector<double>& into_diagonal, MomentSides& from,
                    std::vector<double>& from_diagonal) {
  plan.power = raise_sides(into, from.exponent);
  plan.from_power = raise_sides(from, into.exponent);
  plan.sum = from.sum;
  if (into.pilot != from.pilot)
    std::transform(from.pilot.begin(), from.pilot.end(), into.pilot.begin(), std::back_inserter(plan.shift),
                   std::minus<>());
  for (double& value : into_diagonal) value = scaled(value, 2 * plan.power);
  double before = 0;
  for (const double value : from_diagonal) before += scaled(value, 2 * plan.from_power);
  const ElementCombination elements = elements_of(plan);
  for (std::int64_t j = 0; j < from.features; ++j)
    from_diagonal[size_of(j)] = moved_gram(elements, from_diagonal[size_of(j)], j, j);
  for (std::size_t i = 0; i < plan.shift.size(); ++i) from.sum[i] += plan.rows * plan.shift[i];
  into.history = std::max(into.history, total(into_diagonal)) + std::max({from.history, before, total(from_diagonal)});
}

/// Powers of two, not above 0, that bring the targets to exponents at least these.
std::vector<std::int32_t> raise_target_exponents(MomentSides& sides, const std::vector<std::int32_t>& exponents) {
  std::vector<std::int32_t> powers;
  for (std::size_t k = 0; k < sides.names.size(); ++k) {
    const int power = sides.target_exponent[k] - std::max(sides.target_exponent[k], exponents[k]);
    powers.push_back(power);
    if (power == 0) continue;
    sides.target_pilot[k] = std::ldexp(sides.target_pilot[k], power);
    sides.target_sum[k] = std::ldexp(sides.target_sum[k], power);
    sides.target_square[k] = std::ldexp(sides.target_square[k], 2 * power);
    sides.target_history[k] = std::ldexp(sides.target_history[k], 2 * power);
    sides.target_exponent[k] -= power;
  }
  return powers;
}

/// As unite_features, which was before, for the targets; then adds their sums.
void add_targets(Combination& plan, MomentSides& into, MomentSides& from) {
  plan.target_power = raise_target_exponents(into, from.target_exponent);
  plan.from_target_power = raise_target_exponents(from, into.target_exponent);
  plan.moved_sum = from.sum;
  for (std::size_t k = 0; k < from.names.size(); ++k) {
    const double shift = from.target_pilot[k] - into.target_pilot[k], square = from.target_square[k];
    plan.target_shift.push_back(shift);
    from.target_square[k] += 2 * shift * from.target_sum[k] + plan.rows * shift * shift;
    from.target_sum[k] += plan.rows * shift;
    into.target_history[k] = std::max(into.target_history[k], into.target_square[k]) +
                             std::max({from.target_history[k], square, from.target_square[k]});
    into.target_sum[k] += plan.sign * from.target_sum[k];
    into.target_square[k] += plan.sign * from.target_square[k];
  }
}

/// Rounded rows are rows of another matrix, near the one that was given, and the bound follows them as such; of rows
/// that are subtracted that is no longer so. Then their rounding, at most 2^-11 of each value, counts as an error of
/// products.
void count_rounding_as_products(MomentSides& m) {
  if (std::all_of(m.rounding.begin(), m.rounding.end(), [](double value) { return value == 0; })) return;
  const double relative = 2 * u11 / f32_entry_error(m.rows_f32);
  for (double& energy : m.energy_f32) energy *= 1 + relative;
  std::fill(m.rounding.begin(), m.rounding.end(), 0);
}

template <class Values>
void add_to(Values& into, const Values& from) {
  into.resize(from.size(), 0);
  for (std::size_t i = 0; i < from.size(); ++i) into[i] += from[i];
}

/// What the products' errors are measured by is added also where rows are subtracted.
void add_errors(MomentSides& into, const MomentSides& from) {
  if (!from.rounding.empty()) {
    add_to(into.rounding, from.rounding);
    into.half_rows = into.half_rows || from.half_rows;
  }
  if (!from.energy_f32.empty()) {
    add_to(into.energy_f32, from.energy_f32);
    into.rows_f32 += from.rows_f32;
  }
}

/// A difference that no rows can have: its file would be called damaged, its score would mean nothing.
void check_difference(const MomentSides& rest, const std::vector<double>& diagonal) {
  const auto refuse_if = [&rest](double square, double rounding, const std::string& what) {
    if (square >= -rounding && (rest.rows > 0 || square <= rounding)) return;
    throw InvalidArgument(
        "the rows to be subtracted are not those that were added, some were never added: " + what +
        (rest.rows > 0 ? " would have a negative sum of squares" : " would have a sum of squares, but no rows"));
  };
  for (std::size_t j = 0; j < diagonal.size(); ++j)
    refuse_if(diagonal[j], column_rounding(rest, static_cast<std::int64_t>(j)), "column " + std::to_string(j));
  for (std::size_t k = 0; k < rest.target_square.size(); ++k)
    refuse_if(rest.target_square[k], target_rounding(rest, k), "target '" + rest.names[k] + "'");
}

}  // namespace

Combination plan_combination(const MomentSides& whole, std::vector<double> into_diagonal, const MomentSides& part,
                             std::vector<double> from_diagonal, int sign) {
  check_compatible(whole, part);
  Combination plan;
  const std::vector<std::int64_t> map = match_targets(whole, part, plan.added);
  if (sign < 0) check_contained(whole, part, map, plan.added);
  plan.sides = whole;
  MomentSides& into = plan.sides;
  const bool classes = into.task == Task::classification;
  into.names.insert(into.names.end(), plan.added.begin(), plan.added.end());
  if (classes) into.counts.resize(into.names.size(), 0);
  plan.changes = part.rows > 0;
  if (!plan.changes) return plan;

  MomentSides from = part;
  plan.sign = sign;
  plan.rows = static_cast<double>(from.rows);
  plan.source.assign(into.names.size(), -1);
  for (std::size_t k = 0; k < map.size(); ++k) plan.source[size_of(map[k])] = static_cast<std::int64_t>(k);
  if (into.rows == 0) {
    into.exponent = from.exponent;
    into.pilot = from.pilot;
    into.target_pilot = from.target_pilot;
    into.target_exponent = from.target_exponent;
  }
  if (classes)
    plan.weight.assign(from.counts.begin(), from.counts.end());
  else
    plan.weight = from.target_sum;
  unite_features(plan, into, into_diagonal, from, from_diagonal);
  if (!classes) add_targets(plan, into, from);
  for (std::size_t i = 0; i < into.sum.size(); ++i) {
    into.sum[i] += sign * from.sum[i];
    into_diagonal[i] += sign * from_diagonal[i];
  }
  plan.diagonal = std::move(into_diagonal);
  for (std::size_t k = 0; k < from.counts.size(); ++k) into.counts[size_of(map[k])] += sign * from.counts[k];
  into.rows += sign * from.rows;
  if (sign < 0) {
    count_rounding_as_products(into);
    count_rounding_as_products(from);
  }
  add_errors(into, from);
  if (sign < 0) check_difference(into, plan.diagonal);
  return plan;
}

void combine(Moments& into, const Moments& from, int sign) {
  Combination plan = plan_combination(into, diagonal(into), from, diagonal(from), sign);
  const std::size_t d = size_of(into.features);
  into.cross.resize(plan.sides.names.size() * d, 0);
  static_cast<MomentSides&>(into) = std::move(plan.sides);
  if (!plan.changes) return;
  const ElementCombination elements = elements_of(plan);
  for (std::size_t j = 0; j < d; ++j)
    for (std::size_t i = j; i < d; ++i)
      into.gram[j * d + i] = combined_gram(elements, into.gram[j * d + i], from.gram[j * d + i],
                                           static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
  for (std::size_t k = 0; k < plan.source.size(); ++k) {
    double* const target = into.cross.data() + k * d;
    const std::int64_t source = plan.source[k];
    for (std::size_t i = 0; i < d; ++i)
      target[i] = source < 0 ? scaled(target[i], plan.power)
                             : combined_cross(elements, target[i], from.cross[size_of(source) * d + i],
                                              static_cast<std::int64_t>(i), source);
  }
}

}  // namespace culogme::detail
