#pragma once

#include <span>
#include <vector>

#include "evaluate/ranks.hpp"

namespace culogme::detail {

/// Kendall's tau with additive weights (Vigna 2015, "A weighted correlation index for rankings with ties"):
///   tau = sum_{i<j} w_ij sgn(x_i - x_j) sgn(y_i - y_j) / sqrt(sum_{x_i != x_j} w_ij  sum_{y_i != y_j} w_ij),
/// w_ij = w_i + w_j, by Knight's merge sort in O(n log n). Keeps its scratch: cheap to call again and again.
/// All of one side tied, or n < 2, gives NaN. Both spans must have one size.
class WeightedTau {
 public:
  /// Weights 1 / (1 + rank) with ranks decreasing by (x, y), and by (y, x); the mean of both taus.
  double average(std::span<const Rank> x, std::span<const Rank> y);
  /// Ranks decreasing by (x, y) only.
  double lexicographic(std::span<const Rank> x, std::span<const Rank> y);
  /// Given weights, one per element. With equal weights this is Kendall's tau-b.
  double weighted(std::span<const Rank> x, std::span<const Rank> y, std::span<const double> weights);
  /// Kendall's tau-b. Sums are whole numbers, exact below 2^53: to 67 million elements.
  double equal_weights(std::span<const Rank> x, std::span<const Rank> y);

 private:
  void weigh_by_order();
  double tau(std::span<const Rank> x, std::span<const Rank> y);
  double merge(std::size_t begin, std::size_t length);

  RankSorter sorter_;
  std::span<const Rank> y_;
  std::vector<double> weights_;
  std::vector<Rank> order_, merged_;
  double exchanged_ = 0;
};

}  // namespace culogme::detail
