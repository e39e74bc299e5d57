#pragma once

#include <cstdint>

#include "aligned.hpp"

namespace culogme::detail {

/// Eigenvalues and projections of right-hand sides, without forming the eigenvectors of the matrix.
struct Decomposition {
  AlignedVector<double> eigenvalues;  ///< [n] increasing
  AlignedVector<double> projected;    ///< [count][n] V' x for every right-hand side x
  AlignedVector<double> rows;         ///< [S][n] V' f for every sampled row f
};

/// Decomposes a symmetric matrix (n x n, lower triangle, destroyed) by Householder tridiagonalisation and
/// TridiagonalSolver; the reflectors are applied to the right-hand sides ([count][n], destroyed) alone.
/// O(n^3 + count n^2) time, 2 n^2 doubles of memory beside the matrix. Throws NumericalError when LAPACK gives up or
/// the result fails its check by a random vector, OutOfMemory. `rows` [S][n] are projected by themselves, so that
/// whether there are any changes no bit of the rest.
Decomposition decompose(std::int64_t n, AlignedVector<double>& matrix, AlignedVector<double>& right_sides,
                        std::int64_t count, int threads, AlignedVector<double> rows = {});

}  // namespace culogme::detail
