#pragma once

#include <cstdint>
#include <vector>

#include "aligned.hpp"

namespace culogme::detail {

/// QR of a matrix [F Y] of any number of rows, a tile at a time: R of F, the part Q'Y of Y in the span of F, and what
/// is left of every column of Y, which is a sum of squares and so has no cancellation. (J. Demmel, L. Grigori,
/// M. Hoemmen and J. Langou 2012, "sequential TSQR".) O(cols^2 + cols * targets) memory.
class TriangleFactor {
 public:
  /// Columns whose reflectors are applied together to those behind them: wide for fast products, narrow so that what is
  /// done within a panel stays a small part.
  static constexpr std::int64_t panel = 128;

  TriangleFactor(std::int64_t cols, std::int64_t targets);

  /// QR of [R; tile], tile rows x cols, column-major with leading dimension `stride`, and Q' applied to the targets of
  /// these rows (rows x targets, the same leading dimension). Both are destroyed. Throws NumericalError.
  void absorb(std::int64_t rows, double* tile, double* targets, std::int64_t stride);

  /// The same with the triangle of other rows, which is destroyed.
  void absorb(TriangleFactor& other);

  std::int64_t cols = 0, targets = 0;
  AlignedVector<double> triangle;   ///< [cols][cols] column-major, zeros below the diagonal
  AlignedVector<double> projected;  ///< [targets][cols] Q'Y
  std::vector<double> outside;      ///< [targets] squared norm of the part of y outside the span

 private:
  void join_strips(std::int64_t rows, std::int64_t width, const double* reflectors, std::int64_t stride);
  void reflect(std::int64_t rows, std::int64_t width, const double* reflectors, std::int64_t stride, std::int64_t count,
               double* upper, double* lower);
  void add_outside(std::int64_t rows, const double* left, std::int64_t stride);

  AlignedVector<double> factors_;   ///< S of a panel, [panel][panel]; LAPACK's T where triangles are joined
  AlignedVector<double> strips_;    ///< LAPACK's T of a panel's strips
  AlignedVector<double> products_;  ///< [cols or targets][panel] V'C
};

}  // namespace culogme::detail
