#pragma once

#include <cstdint>

#include "aligned.hpp"

namespace culogme::detail {

/// The orthogonal matrix Q = H_1 H_2 ... that sytrd left in the lower triangle of `a` (n x n, kept by the caller) and
/// tau, ready to be applied several times: LAPACK's dormtr makes the triangular factors of its blocks anew in each
/// call, which takes longer than applying them to a hundred columns.
class Reflectors {
 public:
  Reflectors(std::int64_t n, const double* a, const double* tau);

  /// C = Q'C (`transpose`) or Q C; C is n x m. By the BLAS library, with the threads that it has.
  void apply(bool transpose, std::int64_t m, double* c) const;

 private:
  std::int64_t n_, block_;
  const double* a_;
  AlignedVector<double> tops_, factors_;  ///< for each block, [block][block]: V's first rows, and S
};

}  // namespace culogme::detail
