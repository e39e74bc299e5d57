#pragma once

#include <cmath>
#include <cstdint>

#include "aligned.hpp"
#include "probe_vectors.hpp"

namespace culogme::detail {

/// Appends a test vector of n signs.
inline void append_probe(std::int64_t n, std::uint64_t seed, AlignedVector<double>& values) {
  for (std::int64_t i = 0; i < n; ++i) values.push_back(probe_sign(i, seed));
}

inline double norm(const double* values, std::int64_t count) {
  double square = 0;
  for (std::int64_t i = 0; i < count; ++i) square += values[i] * values[i];
  return std::sqrt(square);
}

}  // namespace culogme::detail
