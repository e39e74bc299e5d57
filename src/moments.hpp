#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <culogme/statistics.hpp>

#include "aligned.hpp"
#include "products.hpp"

namespace culogme::detail {

/// Sufficient statistics of the rows added so far, but for their two matrices, on the host, in fp64. Symbols as in
/// docs/method.md.
///
/// A row x of the features enters as x 2^-exponent - pilot; a response y as y 2^-target_exponent - target_pilot.
/// Classes have neither (their 0/1 columns are exact as they are). All sums below are of these shifted, scaled values,
/// rounded once to the precision of the products, so that gram and cross always belong to the same matrix.
struct MomentSides {
  Task task = Task::classification;
  std::int64_t features = 0;       ///< D
  std::int64_t rows = 0;           ///< N
  std::vector<std::string> names;  ///< [targets]

  std::int32_t exponent = 0;
  std::vector<double> pilot;         ///< [D], representable in f32 where the exponent was chosen
  std::vector<double> sum;           ///< [D] column sums
  std::vector<std::int64_t> counts;  ///< [targets] rows per class; empty for the other tasks

  std::vector<std::int32_t> target_exponent;                    ///< [targets], other tasks only
  std::vector<double> target_pilot, target_sum, target_square;  ///< [targets], other tasks only

  /// Rounding model: diagonal of the Gram matrix of all rows whose products were taken in f32, also of rows that were
  /// subtracted again, since their rounding errors stay; rows with few significant bits weigh more (docs/numerics.md).
  /// Empty: all products were f64.
  std::vector<double> energy_f32;
  std::int64_t rows_f32 = 0;

  /// Rows that were rounded to 11 significant bits (Products::tf32 and half): squares of what that changed, summed over
  /// the rows of each column. Empty: there were none. `half_rows`: some of them had half products.
  std::vector<double> rounding;
  bool half_rows = false;

  /// Largest trace of the Gram matrix and largest y'y of each target that sums went through: subtracting a shard or
  /// moving far from a pilot leaves the rounding errors of the larger numbers behind. 0 where that is what `gram` shows
  /// itself.
  double history = 0;
  std::vector<double> target_history;  ///< [targets], other tasks only

  std::int64_t targets() const { return static_cast<std::int64_t>(names.size()); }
};

/// All of them.
struct Moments : MomentSides {
  AlignedVector<double> gram;   ///< [D][D] column-major, lower triangle
  AlignedVector<double> cross;  ///< [targets][D] F'Y; class sums for classification
};

/// Moments of no rows. `names` must not be empty.
Moments empty_moments(Task task, std::int64_t features, std::vector<std::string> names);

/// Takes all rows out again, as after empty_moments.
void clear_rows(Moments& moments) noexcept;

/// Multiplies every sum so that it belongs to a larger exponent; exact but for underflow. Returns the power of two, not
/// above 0, that F'Y is multiplied by, and the Gram matrix twice.
int raise_sides(MomentSides& sides, std::int32_t exponent);
void raise_exponent(Moments& moments, std::int32_t exponent);

/// Adds targets without rows. Nothing has changed after a throw.
void append_targets(Moments& moments, const std::vector<std::string>& names);

/// The coarsest products that any of the rows had.
Products products_of(const MomentSides& sides);

/// How far below 0 rounding may leave the sum of squares of a column, or of a target, that rows were subtracted from.
/// What lies below that is not the sum of any rows.
double column_rounding(const MomentSides& sides, std::int64_t column);
double target_rounding(const MomentSides& sides, std::size_t target);

/// The diagonal of the Gram matrix, and its sum.
std::vector<double> diagonal(const Moments& moments);
double trace(const Moments& moments);

/// Bytes of the sums of D features and K targets.
double moments_bytes(std::int64_t features, std::int64_t targets);

}  // namespace culogme::detail
