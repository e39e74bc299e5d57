#pragma once

#include <cstdint>

#include "aligned.hpp"

namespace culogme::detail {

/// Singular values and the targets' coordinates along the left singular vectors.
struct SingularValues {
  AlignedVector<double> values;     ///< [n] increasing
  AlignedVector<double> projected;  ///< [count][n] u_i'y
  AlignedVector<double> rows;       ///< [S][n] v_i'f
  AlignedVector<double> residuals;  ///< [n] norms of the rows of U'A V - S as test vectors see them
};

/// How the bidiagonal matrix is decomposed: `divide` (LAPACK's bdsdc) goes on to `sweep` (bdsqr) where it fails.
enum class SingularMethod { divide, sweep };

/// A = U S V' of a square matrix n x n, column-major, U'y of right sides [count][n] and V'f of rows f [S][n]; all are
/// destroyed. Neither U nor V is formed. No result is trusted: A must be finite, and test vectors T and a vector q
/// show that U'(A T) = S (V'T) and |U'q| = |q| to rounding; a method that fails is followed by the next one, then
/// NumericalError. O(n^3 + count n^2); throws OutOfMemory too.
SingularValues singular_values(std::int64_t n, AlignedVector<double>& matrix, AlignedVector<double>& right_sides,
                               std::int64_t count, int threads, SingularMethod method = SingularMethod::divide,
                               AlignedVector<double> rows = {});

}  // namespace culogme::detail
