#pragma once

#include <cstdint>

#include "host_device.hpp"

namespace culogme::detail {

/// A sign by a fixed hash: the check of a decomposition must not depend on a random seed.
CULOGME_HOST_DEVICE inline double probe_sign(std::int64_t at, std::uint64_t seed) {
  std::uint64_t hash = (static_cast<std::uint64_t>(at) + seed) * 0x9e3779b97f4a7c15ull;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ull;
  return (hash & (1ull << 40)) != 0 ? 1 : -1;
}

// Test vectors T measure an error E with n columns by E T, row by row: the unit vectors where these are few, which show
// all of E; vectors of signs else, each of which shows the square of a row's norm on the average. One of these sees
// less than two thirds of a row every other time, 16 of them less than three quarters one time in ten and less than
// half one in a thousand.

inline constexpr std::int64_t most_probes = 16;

CULOGME_HOST_DEVICE inline std::int64_t probe_count(std::int64_t n) { return n < most_probes ? n : most_probes; }

/// Element `row` of test vector `column`.
CULOGME_HOST_DEVICE inline double probe_element(std::int64_t n, std::int64_t column, std::int64_t row) {
  if (n <= most_probes) return row == column ? 1 : 0;
  // No other vector of the checks has a seed as large.
  return probe_sign(row, static_cast<std::uint64_t>(column + 1) << 32);
}

/// What the sum of squares of a row of E T must be multiplied by.
CULOGME_HOST_DEVICE inline double probe_weight(std::int64_t n) {
  return n <= most_probes ? 1 : 1 / static_cast<double>(most_probes);
}

}  // namespace culogme::detail
