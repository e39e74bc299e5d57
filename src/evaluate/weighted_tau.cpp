#include "evaluate/weighted_tau.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "culogme/error.hpp"
#include "culogme/evaluate.hpp"
#include "evaluate/check.hpp"

namespace culogme::detail {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

/// Weight of the pairs inside each run of equal elements of `order`; `whole` tells whether one run holds all of them.
template <class Equal>
double tied_weight(std::span<const Rank> order, std::span<const double> weights, const Equal& equal, bool& whole) {
  double total = 0, run = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > first && !equal(order[first], order[i])) {
      total += run * static_cast<double>(i - first - 1);
      first = i;
      run = 0;
    }
    run += weights[order[i]];
  }
  whole = first == 0;
  return total + run * static_cast<double>(order.size() - first - 1);
}

}  // namespace

double WeightedTau::average(std::span<const Rank> x, std::span<const Rank> y) {
  if (x.empty()) return undefined;
  sorter_.sort_pairs(x, y, order_);
  weigh_by_order();
  const double by_x = tau(x, y);
  if (std::isnan(by_x)) return undefined;
  // The merge sort is stable: order_ is now increasing by (y, x), just what the second tau starts from.
  weigh_by_order();
  return (by_x + tau(y, x)) / 2;
}

double WeightedTau::lexicographic(std::span<const Rank> x, std::span<const Rank> y) {
  if (x.empty()) return undefined;
  sorter_.sort_pairs(x, y, order_);
  weigh_by_order();
  return tau(x, y);
}

double WeightedTau::weighted(std::span<const Rank> x, std::span<const Rank> y, std::span<const double> weights) {
  if (x.empty()) return undefined;
  sorter_.sort_pairs(x, y, order_);
  weights_.assign(weights.begin(), weights.end());
  return tau(x, y);
}

double WeightedTau::equal_weights(std::span<const Rank> x, std::span<const Rank> y) {
  if (x.empty()) return undefined;
  sorter_.sort_pairs(x, y, order_);
  weights_.assign(x.size(), 1.0);
  return tau(x, y);
}

void WeightedTau::weigh_by_order() {
  const std::size_t n = order_.size();
  weights_.resize(n);
  for (std::size_t rank = 0; rank < n; ++rank) weights_[order_[n - 1 - rank]] = 1.0 / static_cast<double>(rank + 1);
}

double WeightedTau::tau(std::span<const Rank> x, std::span<const Rank> y) {
  bool whole = false;
  const double tied_both = tied_weight(
      order_, weights_, [&](Rank a, Rank b) { return x[a] == x[b] && y[a] == y[b]; }, whole);
  const double tied_x = tied_weight(
      order_, weights_, [&](Rank a, Rank b) { return x[a] == x[b]; }, whole);
  if (whole) return undefined;
  y_ = y;
  exchanged_ = 0;
  merged_.resize(order_.size());
  merge(0, order_.size());
  const double tied_y = tied_weight(
      order_, weights_, [&](Rank a, Rank b) { return y[a] == y[b]; }, whole);
  if (whole) return undefined;

  double sum = 0;
  for (const Rank i : order_) sum += weights_[i];
  const double all = sum * static_cast<double>(order_.size() - 1);
  const double value =
      (all - (tied_y + tied_x - tied_both) - 2 * exchanged_) / std::sqrt(all - tied_x) / std::sqrt(all - tied_y);
  return std::clamp(value, -1.0, 1.0);
}

/// Sorts order_[begin, begin + length) by y and adds the weight of every pair that had to be exchanged. Returns the sum
/// of the weights in the range.
double WeightedTau::merge(std::size_t begin, std::size_t length) {
  if (length == 1) return weights_[order_[begin]];
  const std::size_t left = length / 2, right = length - left, middle = begin + left;
  double waiting = merge(begin, left);
  const double weight = merge(middle, right) + waiting;
  if (y_[order_[middle - 1]] < y_[order_[middle]]) return weight;

  std::size_t i = 0, j = 0, k = 0;
  while (j < left && k < right) {
    const Rank a = order_[begin + j], b = order_[middle + k];
    if (y_[a] <= y_[b]) {
      merged_[i++] = a;
      waiting -= weights_[a];
      ++j;
    } else {
      merged_[i++] = b;
      exchanged_ += weights_[b] * static_cast<double>(left - j) + waiting;
      ++k;
    }
  }
  const auto at = [&](std::size_t offset) { return order_.begin() + static_cast<std::ptrdiff_t>(begin + offset); };
  if (k > 0) std::copy_backward(at(j), at(left), at(i + left - j));
  std::copy_n(merged_.begin(), i, at(0));
  return weight;
}

}  // namespace culogme::detail

namespace culogme {

double weighted_kendall(std::span<const double> x, std::span<const double> y, TauRank rank) {
  detail::check_sizes("weighted_kendall", "x", x.size(), "y", y.size());
  const std::vector<detail::Rank> x_ranks = detail::dense_ranks(x), y_ranks = detail::dense_ranks(y);
  detail::WeightedTau tau;
  switch (rank) {
    case TauRank::average:
      return tau.average(x_ranks, y_ranks);
    case TauRank::lexicographic:
      return tau.lexicographic(x_ranks, y_ranks);
    case TauRank::index:
      break;
    default:
      throw InvalidArgument("weighted_kendall: rank is none of average, lexicographic and index");
  }
  std::vector<double> weights(x.size());
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = 1.0 / static_cast<double>(i + 1);
  return tau.weighted(x_ranks, y_ranks, weights);
}

double weighted_kendall(std::span<const double> x, std::span<const double> y, std::span<const std::int64_t> ranks) {
  detail::check_sizes("weighted_kendall", "x", x.size(), "y", y.size());
  detail::check_sizes("weighted_kendall", "x", x.size(), "ranks", ranks.size());
  const std::vector<detail::Rank> x_ranks = detail::dense_ranks(x), y_ranks = detail::dense_ranks(y);
  const std::vector<detail::Rank> positions = detail::dense_ranks(ranks);
  std::vector<double> weights(x.size());
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = 1.0 / (static_cast<double>(positions[i]) + 1);
  return detail::WeightedTau().weighted(x_ranks, y_ranks, weights);
}

}  // namespace culogme
