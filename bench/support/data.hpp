#pragma once

#include <cstdint>
#include <vector>

#include <culogme/matrix.hpp>

namespace culogme::bench {

/// Class ids 0 ... classes-1 in a random order; each class has a row if there are as many rows.
std::vector<std::int32_t> random_labels(std::int64_t rows, std::int64_t classes, std::uint64_t seed);

/// A number in [0, 1) of 24 bits for each place, the same everywhere: values that are made quickly.
float hashed(std::uint64_t place);

/// Row-major rows x cols features as a network with rectified units gives them: max(0, z W + noise) where z is 64-wide,
/// its mean depends on the class and its spread decays from direction to direction. Seeded; the same for any number of
/// threads.
std::vector<float> network_features(const std::vector<std::int32_t>& labels, std::int64_t cols, std::uint64_t seed);

/// The same numbers in another element type, rounded to nearest.
std::vector<Half> to_f16(const std::vector<float>& values);
std::vector<Bfloat16> to_bf16(const std::vector<float>& values);
std::vector<double> to_f64(const std::vector<float>& values);

}  // namespace culogme::bench
