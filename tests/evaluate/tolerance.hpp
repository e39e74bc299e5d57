#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace culogme::test {

inline constexpr double unit_roundoff = std::numeric_limits<double>::epsilon() / 2;

/// Weighted tau of n elements from two ways of adding the same weights. Each sum of weights has at most 2n terms, each
/// with a relative error below 2n u; sums of all pairs, ties and exchanges enter the numerator, and their total is at
/// most four times `all / least`, the sum over all pairs against the smaller of the two untied sums under the root.
inline double tau_tolerance(std::size_t n, double all, double least) {
  return 8 * (2 * static_cast<double>(n) + 4) * unit_roundoff * std::max(1.0, all / least);
}

/// Kendall's tau-b and tau over whole numbers: two roots, three divisions or products, each with an error of u.
inline double count_tolerance() { return 8 * unit_roundoff; }

/// Pearson's r: the centred values carry an error of (n + 2) u times the largest value, against the root of the sum of
/// their squares; the sums of n products add (n + 4) u.
inline double correlation_tolerance(std::span<const double> values) {
  double largest = 0, mean = 0, squares = 0;
  for (const double value : values) {
    largest = std::max(largest, std::fabs(value));
    mean += value / static_cast<double>(values.size());
  }
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double n = static_cast<double>(values.size());
  return 4 * (n + 4) * unit_roundoff * (1 + std::sqrt(n) * largest / std::sqrt(squares));
}

}  // namespace culogme::test
