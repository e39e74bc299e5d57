#pragma once

#include <span>
#include <vector>

#include "evaluate/ranks.hpp"

namespace culogme::detail {

/// Values times the power of two that brings the largest to [1/2, 1), so that no square over- or underflows. Values
/// that hold an infinity are returned as they are.
std::vector<double> scaled(std::span<const double> values);

/// Pearson's r of finite values of moderate size (see scaled) or infinite ones; NaN where one side is constant or holds
/// an infinity, or n < 2.
double correlation(std::span<const double> x, std::span<const double> y);

/// Ranks 1..n of which equal values get the mean, from dense ranks that may have gaps. O(n + largest rank).
class AverageRanks {
 public:
  void operator()(std::span<const Rank> ranks, std::vector<double>& average);

 private:
  std::vector<Rank> counts_;
};

/// Largest accuracy of the first k of `order`, for each k of `top` (at least 1; beyond the end: all). NaN if none.
void best_of_top(std::span<const Rank> order, std::span<const double> accuracies, std::span<const std::int64_t> top,
                 std::vector<double>& best);

/// best / whole, NaN unless whole > 0: a share of a negative or zero accuracy says nothing.
double relative(double best, double whole);

}  // namespace culogme::detail
