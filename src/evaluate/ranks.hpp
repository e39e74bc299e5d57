#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace culogme::detail {

/// Position of a value among the distinct values, 0 the smallest. Every measure of order needs nothing else.
using Rank = std::uint32_t;

/// Dense ranks of the values: equal values share a rank, NaN counts as one value below all others. O(n log n).
/// Throws InvalidArgument above 2^32 - 1 values.
std::vector<Rank> dense_ranks(std::span<const double> values);
std::vector<Rank> dense_ranks(std::span<const std::int64_t> values);

/// Stable counting sorts of positions by rank, with kept scratch.
class RankSorter {
 public:
  /// `order` becomes the positions 0..n-1 in increasing order of (first, second), equal pairs in order of position.
  void sort_pairs(std::span<const Rank> first, std::span<const Rank> second, std::vector<Rank>& order);
  /// `order` becomes the positions in decreasing order of rank, equal ranks in order of position.
  void sort_decreasing(std::span<const Rank> ranks, std::vector<Rank>& order);

 private:
  void count(std::span<const Rank> ranks);

  std::vector<Rank> starts_, pass_;
};

}  // namespace culogme::detail
