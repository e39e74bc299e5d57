#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "aligned.hpp"
#include "spectrum_scalars.hpp"

namespace culogme::detail {

/// Sampled rows in the basis of a spectrum, in host memory and scaled units. With the singular vectors F = U S V' a row
/// is f_n = V S a_n, so a_n is row n of U.
struct RowCoordinates {
  SpectrumScalars scalars;
  std::int32_t exponent = 0;                  ///< features were multiplied by 2^-exponent
  std::vector<std::int32_t> target_exponent;  ///< [targets] or empty
  std::vector<double> eigenvalues;            ///< [rank] sigma
  AlignedVector<double> rows;                 ///< [S][rank] a_n
  AlignedVector<double> targets;              ///< [targets][rank] u_i'y with its sign
  AlignedVector<double> values;               ///< [targets][S] y_n, about the mean with an intercept
};

/// The last `rank` of every `size` coordinates, divided by sqrt(sigma) where they are those of V instead of U.
AlignedVector<double> kept_coordinates(std::span<const double> projected, std::int64_t size,
                                       const std::vector<double>& eigenvalues, bool divide);

}  // namespace culogme::detail
