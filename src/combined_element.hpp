#pragma once

#include <cmath>
#include <cstdint>

#include "host_device.hpp"

namespace culogme::detail {

/// How the elements of F'F and F'Y of two moments, `into` and `from`, become those of into + sign * from. One
/// definition for both backends, with the same bits: products that are added are rounded first everywhere. Pointers are
/// to memory of the backend; D columns, K targets of from.
struct ElementCombination {
  double sign = 1;
  std::int32_t power = 0, from_power = 0;  ///< of two, that bring both to one exponent of the features
  double rows = 0;                         ///< N of from
  const double* shift = nullptr;           ///< [D] pilot of from less that of into; null: they are equal
  const double* sum = nullptr;             ///< [D] column sums of from about its own pilot
  const double* weight = nullptr;          ///< [K] sums of the targets of from about their own pilots: y'1

  // Other tasks than classification, whose targets are the same in both; else null.
  const std::int32_t* target_power = nullptr;       ///< [K] as power
  const std::int32_t* from_target_power = nullptr;  ///< [K] as from_power
  const double* target_shift = nullptr;             ///< [K] pilot of a target of from less that of into
  const double* moved_sum = nullptr;                ///< [D] column sums of from about the pilot of into
};

CULOGME_HOST_DEVICE inline double scaled(double value, int power) {
  return power == 0 ? value : std::ldexp(value, power);
}

/// a b as a number of its own, that no compiler makes a fused multiply-add of.
CULOGME_HOST_DEVICE inline double rounded_product(double a, double b) {
#if defined(__CUDA_ARCH__)
  return __dmul_rn(a, b);
#else
  return a * b;
#endif
}

/// Element (i, j) of F'F of `from` about the pilot of `into`: x - about = (x - pilot) + shift.
CULOGME_HOST_DEVICE inline double moved_gram(const ElementCombination& c, double from, std::int64_t i, std::int64_t j) {
  const double value = scaled(from, 2 * c.from_power);
  if (c.shift == nullptr) return value;
  return value + (rounded_product(c.sum[i], c.shift[j]) + rounded_product(c.shift[i], c.sum[j]) +
                  rounded_product(rounded_product(c.rows, c.shift[i]), c.shift[j]));
}

CULOGME_HOST_DEVICE inline double combined_gram(const ElementCombination& c, double into, double from, std::int64_t i,
                                                std::int64_t j) {
  return scaled(into, 2 * c.power) + c.sign * moved_gram(c, from, i, j);
}

/// Element i of F'y of a target, which is number k in `from`.
CULOGME_HOST_DEVICE inline double combined_cross(const ElementCombination& c, double into, double from, std::int64_t i,
                                                 std::int64_t k) {
  double left = scaled(into, c.power), right = scaled(from, c.from_power);
  if (c.shift != nullptr) right += rounded_product(c.weight[k], c.shift[i]);
  if (c.target_shift != nullptr) {
    left = scaled(left, c.target_power[k]);
    right = scaled(right, c.from_target_power[k]) + rounded_product(c.target_shift[k], c.moved_sum[i]);
  }
  return left + c.sign * right;
}

}  // namespace culogme::detail
