#pragma once

#include <cmath>
#include <cstdint>

#include "aligned.hpp"

namespace culogme::detail {

/// Appends a test vector of n signs by a linear congruence: the check of a decomposition must not depend on a random
/// seed.
inline void append_probe(std::int64_t n, std::uint32_t state, AlignedVector<double>& values) {
  for (std::int64_t i = 0; i < n; ++i) {
    state = state * 1664525u + 1013904223u;
    values.push_back((state & 0x10000u) != 0 ? 1.0 : -1.0);
  }
}

inline double norm(const double* values, std::int64_t count) {
  double square = 0;
  for (std::int64_t i = 0; i < count; ++i) square += values[i] * values[i];
  return std::sqrt(square);
}

}  // namespace culogme::detail
