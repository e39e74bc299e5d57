#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace culogme::test {

/// Weights 1 / (1 + rank) of each element: rank by position; by (x, y), decreasing, later positions first; by the order
/// of given ranks.
std::vector<double> index_weights(std::size_t n);
std::vector<double> lexicographic_weights(std::span<const double> x, std::span<const double> y);
std::vector<double> rank_weights(std::span<const std::int64_t> ranks);

/// Sums over pairs of the weighted tau with w_ij = w_i + w_j, straight from the definition: O(n^2), long double.
struct PairSums {
  double concordant = 0;  ///< concordant less discordant
  double untied_x = 0, untied_y = 0, all = 0;
  double tau() const;  ///< NaN if one side is tied
};
PairSums pair_sums(std::span<const double> x, std::span<const double> y, std::span<const double> weights);

/// Rounding bound of the weighted tau for these lists.
double defined_tolerance(std::span<const double> x, std::span<const double> y, std::span<const double> weights);
/// The same for the mean of the taus by (x, y) and by (y, x).
double average_tolerance(std::span<const double> x, std::span<const double> y);

/// Ranks from 1 by counting smaller and equal values. O(n^2).
std::vector<double> average_ranks(std::span<const double> values);

}  // namespace culogme::test
