#pragma once

#include <filesystem>
#include <vector>

#include <culogme/culogme.hpp>

namespace culogme::bench {

/// Features and labels of two files, in memory as a whole.
struct Loaded {
  std::int64_t rows, cols;
  std::vector<float> features;
  Labels labels;
};

/// Throws InvalidArgument where the features are not f32.
Loaded load(const std::filesystem::path& features, const std::filesystem::path& labels);

}  // namespace culogme::bench
