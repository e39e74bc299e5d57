#include "support/inputs.hpp"

#include <algorithm>
#include <cstdlib>

#include "support/data.hpp"

namespace culogme::bench {

const std::vector<std::int32_t>& labels_of_m() {
  static const std::vector<std::int32_t> labels = random_labels(rows_m, classes_m, 1);
  return labels;
}

const std::vector<float>& features_of_m() {
  static const std::vector<float> features = network_features(labels_of_m(), features_m, 2);
  return features;
}

Engine& shared_engine() {
  static Engine engine({.backend = Backend::cpu});
  return engine;
}

int rounds() {
  const char* const text = std::getenv("CULOGME_BENCH_ROUNDS");
  return text == nullptr ? 7 : std::max(1, std::atoi(text));
}

}  // namespace culogme::bench
