#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace examples {

/// SplitMix64 and Box-Muller: the same numbers with every compiler, which <random> does not promise.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  /// [0, 1)
  double uniform() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return static_cast<double>((z ^ (z >> 31U)) >> 11U) * 0x1p-53;
  }

  /// [low, high)
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// Mean 0, variance 1.
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  std::uint64_t state_;
};

}  // namespace examples
