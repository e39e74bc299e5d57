#include "evaluate/definition.hpp"

#include <cmath>
#include <limits>

#include "evaluate/tolerance.hpp"

namespace culogme::test {
namespace {

/// -1, 0, 1 with NaN below all else and equal to itself.
int compare(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return static_cast<int>(std::isnan(b)) - static_cast<int>(std::isnan(a));
  return static_cast<int>(a > b) - static_cast<int>(a < b);
}

}  // namespace

std::vector<double> index_weights(std::size_t n) {
  std::vector<double> weights(n);
  for (std::size_t i = 0; i < n; ++i) weights[i] = 1.0 / static_cast<double>(i + 1);
  return weights;
}

std::vector<double> lexicographic_weights(std::span<const double> x, std::span<const double> y) {
  std::vector<double> weights(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    std::size_t before = 0;
    for (std::size_t j = 0; j < x.size(); ++j) {
      const int by_x = compare(x[j], x[i]), by_y = compare(y[j], y[i]);
      if (by_x > 0 || (by_x == 0 && (by_y > 0 || (by_y == 0 && j > i)))) ++before;
    }
    weights[i] = 1.0 / static_cast<double>(before + 1);
  }
  return weights;
}

std::vector<double> rank_weights(std::span<const std::int64_t> ranks) {
  std::vector<double> weights(ranks.size());
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    std::size_t distinct = 0;  // distinct ranks below this one: counted where they stand first
    for (std::size_t j = 0; j < ranks.size(); ++j) {
      bool first = ranks[j] < ranks[i];
      for (std::size_t k = 0; k < j && first; ++k) first = ranks[k] != ranks[j];
      distinct += static_cast<std::size_t>(first);
    }
    weights[i] = 1.0 / static_cast<double>(distinct + 1);
  }
  return weights;
}

double PairSums::tau() const {
  if (untied_x == 0 || untied_y == 0) return std::numeric_limits<double>::quiet_NaN();
  return concordant / std::sqrt(untied_x * untied_y);
}

PairSums pair_sums(std::span<const double> x, std::span<const double> y, std::span<const double> weights) {
  long double concordant = 0, untied_x = 0, untied_y = 0, all = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = i + 1; j < x.size(); ++j) {
      const int by_x = compare(x[i], x[j]), by_y = compare(y[i], y[j]);
      const long double weight = static_cast<long double>(weights[i]) + weights[j];
      concordant += weight * (by_x * by_y);
      if (by_x != 0) untied_x += weight;
      if (by_y != 0) untied_y += weight;
      all += weight;
    }
  }
  return {static_cast<double>(concordant), static_cast<double>(untied_x), static_cast<double>(untied_y),
          static_cast<double>(all)};
}

double defined_tolerance(std::span<const double> x, std::span<const double> y, std::span<const double> weights) {
  const PairSums sums = pair_sums(x, y, weights);
  return tau_tolerance(x.size(), sums.all, std::min(sums.untied_x, sums.untied_y));
}

double average_tolerance(std::span<const double> x, std::span<const double> y) {
  const std::vector<double> by_x = lexicographic_weights(x, y), by_y = lexicographic_weights(y, x);
  return (defined_tolerance(x, y, by_x) + defined_tolerance(x, y, by_y)) / 2;
}

std::vector<double> average_ranks(std::span<const double> values) {
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    double below = 0, equal = 0;
    for (const double value : values) {
      below += static_cast<double>(value < values[i]);
      equal += static_cast<double>(value == values[i]);
    }
    ranks[i] = below + (equal + 1) / 2;
  }
  return ranks;
}

}  // namespace culogme::test
