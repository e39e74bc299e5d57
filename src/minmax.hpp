#pragma once

#include "host_device.hpp"

namespace culogme::detail {

// std::min, std::max and std::clamp are constexpr host functions, which device code cannot call; these choose as they
// do, between equal values and with NaN too.

template <class T>
CULOGME_HOST_DEVICE constexpr T smaller_of(T a, T b) {
  return b < a ? b : a;
}
template <class T>
CULOGME_HOST_DEVICE constexpr T larger_of(T a, T b) {
  return a < b ? b : a;
}
template <class T>
CULOGME_HOST_DEVICE constexpr T clamp_to(T value, T low, T high) {
  return value < low ? low : (high < value ? high : value);
}

}  // namespace culogme::detail
