#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <culogme/culogme.hpp>

namespace paper {

/// LogME of one toy problem at one level of noise.
struct ToyPoint {
  double noise = 0;
  double logme = 0;
  double null_logme = 0;  ///< of features without any signal
  double error_bound = 0;
};

inline constexpr std::int64_t toy_rows = 600;

/// Levels of noise from "told apart by eye" to "hardly any signal left".
std::span<const double> toy_noise_levels();

/// Three classes in the plane: row = centre of its class + noise * normal. One point for each level; the normal values
/// are the same at all levels, so that the noise is all that changes. Throws as culogme::score.
std::vector<ToyPoint> toy_classification(culogme::Engine& engine, std::uint64_t seed, std::span<const double> noise);

/// A line: response = 2 x + 1 with x uniform in [-1, 1], feature = x + noise * normal; with an intercept.
std::vector<ToyPoint> toy_regression(culogme::Engine& engine, std::uint64_t seed, std::span<const double> noise);

}  // namespace paper
