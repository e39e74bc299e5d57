#pragma once

#include <cstdint>

#include "aligned.hpp"

namespace culogme::detail {

/// Sums over the rank of weights times x2, for all rows of weights and all targets: the grid of the evidence. A matrix
/// product of few rows, for which a BLAS spends as long on copying its operands into order as on the product, so that
/// where there is AVX-512 the weights are put in order once, and each target's vector is copied in whole lines.
class GridSums {
 public:
  GridSums() = default;
  /// `weights` [rows][rank]
  GridSums(AlignedVector<double> weights, std::int64_t rows, std::int64_t rank);

  std::int64_t rows() const noexcept { return rows_; }

  /// sums[k * rows + g] = sum over i of weights[g * rank + i] x2[k * rank + i]. By one thread; several may call.
  void add_up(const double* x2, std::int64_t targets, double* sums) const;

 private:
  void add_up_block(const double* x2, std::int64_t targets, double* work, double* sums) const;

  AlignedVector<double> weights_;  ///< as given, or where packed_ [chunk][block of rows][step][row][lane]
  std::int64_t rows_ = 0, rank_ = 0;
  bool packed_ = false;
};

}  // namespace culogme::detail
