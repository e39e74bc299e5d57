#pragma once

#include "kernels/launch.hpp"
#include "src/rounding.hpp"

namespace culogme::kernels {

inline constexpr int gram_threads = 256;

/// A column of the lower triangle at a time; neighbouring threads take neighbouring elements of it.
__global__ void __launch_bounds__(gram_threads) add_gram_kernel(AddGram a) {
  constexpr std::uint32_t beyond_16_bits = 0xff;  // of the 24 of an f32 significand
  for (std::int64_t column = blockIdx.y; column < a.cols; column += gridDim.y) {
    const std::int64_t row = std::int64_t{blockIdx.x} * gram_threads + threadIdx.x;
    if (row < column || row >= a.cols) continue;
    const std::int64_t place = column * a.cols + row;
    double value = static_cast<double>(a.tile[place]);
    for (std::int64_t product = 1; product < a.products; ++product)
      value += static_cast<double>(a.tile[product * a.cols * a.cols + place]);
    if (a.column_exponent != nullptr) value = ldexp(value, a.column_exponent[row] + a.column_exponent[column]);
    a.gram[place] += value;
    if (row != column || a.energy == nullptr) continue;
    if (a.narrow) {
      a.energy[column] += value * detail::narrow_weight;
      continue;
    }
    const bool short_digits = a.short_digits || (a.state->digits & beyond_16_bits) == 0;
    a.energy[column] += value * (short_digits ? detail::short_digits_weight : 1);
  }
}

}  // namespace culogme::kernels
