#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <culogme/engine.hpp>

namespace culogme::bench {

/// The size that the goals are written for: N = 50,000 rows, D = 2,048 features, C = 100 classes.
constexpr std::int64_t rows_m = 50000, features_m = 2048, classes_m = 100;

/// Whole tiles of any power-of-two height up to 16,384, so that no rows wait in an unfinished tile while time is taken.
constexpr std::int64_t tiled_rows_m = 49152;

/// Made once per process.
const std::vector<std::int32_t>& labels_of_m();
const std::vector<float>& features_of_m();

/// An engine with all threads, made once per process.
Engine& shared_engine();

/// Measured repetitions of each comparison; CULOGME_BENCH_ROUNDS overrides the default of 7.
int rounds();

}  // namespace culogme::bench
