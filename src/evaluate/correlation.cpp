#include "evaluate/correlation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "culogme/error.hpp"
#include "culogme/evaluate.hpp"
#include "evaluate/check.hpp"
#include "evaluate/weighted_tau.hpp"

namespace culogme::detail {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

bool constant(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [&](double value) { return value == values[0]; });
}

/// The mean; its rounding error is removed by the mean of what remains, so that a large common part does no harm.
double mean(std::span<const double> values) {
  const double n = static_cast<double>(values.size());
  const double first = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double rest = 0;
  for (const double value : values) rest += value - first;
  return first + rest / n;
}

double accuracy_of_top(const char* function, std::span<const double> scores, std::span<const double> accuracies,
                       std::int64_t k) {
  check_sizes(function, "scores", scores.size(), "accuracies", accuracies.size());
  if (k < 1) {
    throw InvalidArgument(std::string(function) + ": k is " + std::to_string(k) + ", at least 1 was expected");
  }
  std::vector<Rank> order;
  RankSorter().sort_decreasing(dense_ranks(scores), order);
  std::vector<double> best;
  best_of_top(order, accuracies, {&k, 1}, best);
  return best[0];
}

double best_accuracy(std::span<const double> accuracies) {
  double best = undefined;
  for (const double accuracy : accuracies) best = std::fmax(best, accuracy);
  return best;
}

/// Leaves out the pairs with a NaN and applies `measure` to what remains.
template <class Measure>
double without_nan(const char* function, std::span<const double> x, std::span<const double> y, const Measure& measure) {
  check_sizes(function, "x", x.size(), "y", y.size());
  std::vector<double> kept_x, kept_y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i]) || std::isnan(y[i])) continue;
    kept_x.push_back(x[i]);
    kept_y.push_back(y[i]);
  }
  return measure(kept_x, kept_y);
}

}  // namespace

std::vector<double> scaled(std::span<const double> values) {
  double largest = 0;
  for (const double value : values) largest = std::fmax(largest, std::fabs(value));
  std::vector<double> result(values.begin(), values.end());
  if (largest == 0 || !std::isfinite(largest)) return result;
  int exponent = 0;
  std::frexp(largest, &exponent);
  for (double& value : result) value = std::ldexp(value, -exponent);
  return result;
}

double correlation(std::span<const double> x, std::span<const double> y) {
  if (x.size() < 2 || constant(x) || constant(y)) return undefined;
  const double x_mean = mean(x), y_mean = mean(y);
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double dx = x[i] - x_mean, dy = y[i] - y_mean;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return std::clamp(xy / (std::sqrt(xx) * std::sqrt(yy)), -1.0, 1.0);
}

void AverageRanks::operator()(std::span<const Rank> ranks, std::vector<double>& average) {
  average.resize(ranks.size());
  if (ranks.empty()) return;
  counts_.assign(std::size_t{*std::max_element(ranks.begin(), ranks.end())} + 2, 0);
  for (const Rank rank : ranks) ++counts_[std::size_t{rank} + 1];
  std::partial_sum(counts_.begin(), counts_.end(), counts_.begin());
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const double below = counts_[ranks[i]], through = counts_[std::size_t{ranks[i]} + 1];
    average[i] = (below + through + 1) / 2;
  }
}

void best_of_top(std::span<const Rank> order, std::span<const double> accuracies, std::span<const std::int64_t> top,
                 std::vector<double>& best) {
  best.resize(top.size());
  for (std::size_t t = 0; t < top.size(); ++t) {
    const std::size_t size = std::min(order.size(), static_cast<std::size_t>(top[t]));
    best[t] = undefined;
    for (std::size_t i = 0; i < size; ++i) best[t] = std::fmax(best[t], accuracies[order[i]]);
  }
}

double relative(double best, double whole) { return whole > 0 ? best / whole : undefined; }

}  // namespace culogme::detail

namespace culogme {

double kendall_tau_b(std::span<const double> x, std::span<const double> y) {
  return detail::without_nan("kendall_tau_b", x, y, [](std::span<const double> a, std::span<const double> b) {
    return detail::WeightedTau().equal_weights(detail::dense_ranks(a), detail::dense_ranks(b));
  });
}

double spearman(std::span<const double> x, std::span<const double> y) {
  return detail::without_nan("spearman", x, y, [](std::span<const double> a, std::span<const double> b) {
    detail::AverageRanks average_ranks;
    std::vector<double> a_ranks, b_ranks;
    average_ranks(detail::dense_ranks(a), a_ranks);
    average_ranks(detail::dense_ranks(b), b_ranks);
    return detail::correlation(a_ranks, b_ranks);
  });
}

double pearson(std::span<const double> x, std::span<const double> y) {
  return detail::without_nan("pearson", x, y, [](std::span<const double> a, std::span<const double> b) {
    return detail::correlation(detail::scaled(a), detail::scaled(b));
  });
}

double relative_at(std::span<const double> scores, std::span<const double> accuracies, std::int64_t k) {
  const double best = detail::accuracy_of_top("relative_at", scores, accuracies, k);
  return detail::relative(best, detail::best_accuracy(accuracies));
}

double regret_at(std::span<const double> scores, std::span<const double> accuracies, std::int64_t k) {
  const double best = detail::accuracy_of_top("regret_at", scores, accuracies, k);
  return detail::best_accuracy(accuracies) - best;
}

}  // namespace culogme
