#include "evaluate/ranks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "culogme/error.hpp"

namespace culogme::detail {
namespace {

bool below(double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; }
bool below(std::int64_t a, std::int64_t b) { return a < b; }

template <class T>
std::vector<Rank> dense(std::span<const T> values) {
  if (values.size() > std::numeric_limits<Rank>::max()) {
    throw InvalidArgument("evaluate: " + std::to_string(values.size()) + " models were given, at most " +
                          std::to_string(std::numeric_limits<Rank>::max()) + " can be compared");
  }
  std::vector<Rank> order(values.size()), ranks(values.size());
  std::iota(order.begin(), order.end(), Rank{0});
  std::sort(order.begin(), order.end(), [&](Rank a, Rank b) { return below(values[a], values[b]); });
  Rank rank = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && below(values[order[i - 1]], values[order[i]])) ++rank;
    ranks[order[i]] = rank;
  }
  return ranks;
}

}  // namespace

std::vector<Rank> dense_ranks(std::span<const double> values) { return dense(values); }
std::vector<Rank> dense_ranks(std::span<const std::int64_t> values) { return dense(values); }

void RankSorter::count(std::span<const Rank> ranks) {
  const Rank largest = *std::max_element(ranks.begin(), ranks.end());
  starts_.assign(std::size_t{largest} + 2, 0);
  for (const Rank rank : ranks) ++starts_[std::size_t{rank} + 1];
}

void RankSorter::sort_pairs(std::span<const Rank> first, std::span<const Rank> second, std::vector<Rank>& order) {
  order.resize(first.size());
  if (first.empty()) return;
  pass_.resize(first.size());
  count(second);
  std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
  for (Rank i = 0; i < second.size(); ++i) pass_[starts_[second[i]]++] = i;
  count(first);
  std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
  for (const Rank i : pass_) order[starts_[first[i]]++] = i;
}

void RankSorter::sort_decreasing(std::span<const Rank> ranks, std::vector<Rank>& order) {
  order.resize(ranks.size());
  if (ranks.empty()) return;
  count(ranks);
  // starts_[r + 1] holds the count of rank r: larger ranks come first.
  Rank start = 0;
  for (std::size_t r = starts_.size() - 1; r-- > 0;) {
    const Rank size = starts_[r + 1];
    starts_[r + 1] = start;
    start += size;
  }
  for (Rank i = 0; i < ranks.size(); ++i) order[starts_[std::size_t{ranks[i]} + 1]++] = i;
}

}  // namespace culogme::detail
