#pragma once

#include <cstdint>
#include <vector>

#include "aligned.hpp"

namespace culogme::detail {

/// Eigenvalues of a symmetric tridiagonal matrix T = Z diag(w) Z' and the products of Z' and Z with given columns,
/// without Z itself: T is torn in two (J. Cuppen 1981), each half is solved by LAPACK in a thread of its own, and the
/// last and most expensive merge is applied to the columns alone: O(n^2) per column instead of O(n^3) for Z. The merge
/// is that of M. Gu and S. Eisenstat (1995), with LAPACK's root finder and deflation rules.
class TridiagonalSolver {
 public:
  /// diagonal [n], beside [n] (n - 1 used). `halves` false: one solve by LAPACK on one thread. Throws NumericalError,
  /// OutOfMemory.
  TridiagonalSolver(AlignedVector<double> diagonal, AlignedVector<double> beside, bool halves, int threads);

  const AlignedVector<double>& eigenvalues() const { return eigenvalues_; }  ///< increasing

  /// Z' X for X [count][n]; X is destroyed. Uses the BLAS library's threads.
  AlignedVector<double> project(AlignedVector<double>& columns, std::int64_t count) const;

  /// Z x.
  AlignedVector<double> back(const AlignedVector<double>& x) const;

 private:
  struct Rotation {
    std::int64_t first, second;
    double cosine, sine;
  };

  void solve_half(std::int64_t begin, std::int64_t size, AlignedVector<double>& vectors);
  void merge(double rho, int threads);
  void find_roots(double rho, std::vector<double> poles, std::vector<double> weights, int threads);
  void sort();
  int largest_exponent() const;
  void scale(int power);

  std::int64_t n_, cut_;
  AlignedVector<double> values_, beside_;
  AlignedVector<double> upper_, lower_;  ///< eigenvectors of the halves, columns; upper_ alone without a cut
  std::vector<Rotation> rotations_;      ///< of rows of Z1'X, Z2'X with nearly equal eigenvalues, in order
  std::vector<std::int64_t> coupled_;    ///< rows that the merge mixes
  AlignedVector<double> mixing_;         ///< [coupled][coupled] orthogonal, columns
  std::vector<std::int64_t> order_;      ///< rows by increasing eigenvalue
  AlignedVector<double> eigenvalues_;
};

}  // namespace culogme::detail
