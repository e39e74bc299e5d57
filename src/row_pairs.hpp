#pragma once

#include <cstdint>
#include <vector>

#include "aligned.hpp"
#include "row_coordinates.hpp"

namespace culogme::detail {

/// Rows among which pairs are looked at: the sample of this size.
constexpr std::int64_t most_paired_rows = 64;

/// What two rows tell together less what they tell one by one (docs/numerics.md).
struct PairTerms {
  std::vector<double> mean;     ///< [m (m - 1) / 2] lower triangle by rows, mean over the targets that are scored
  std::vector<double> squares;  ///< [targets] sum of the squares over the pairs
};

/// What the pairs depend on of each target.
struct PairTargets {
  std::vector<double> t;  ///< [targets]; 0 at the interpolation limit, infinite at the null limit, NaN where empty
  AlignedVector<double> residuals;  ///< [targets][m] of the row without itself, in its standard deviations
  std::int64_t scored = 0;
};

/// `paired` [m]: which of the sampled rows. `lost`: 1/N with an intercept, else 0. Of more than a few targets those
/// with nearly the same t share a matrix. O(m^2 (rank per matrix + targets)).
PairTerms pair_terms(const RowCoordinates& coordinates, double lost, const std::vector<std::int64_t>& paired,
                     const PairTargets& targets);

/// Standard error of a score from what the jackknife and its pairs say: `values` [S], `square` the sum over
/// `pairs` pairs.
double standard_error(const double* values, std::size_t count, double square, std::size_t pairs, double rows,
                      double dof);

}  // namespace culogme::detail
