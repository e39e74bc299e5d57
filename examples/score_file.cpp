// Scores one file of features against its labels.

#include <culogme/culogme.hpp>

#include <exception>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: score_file FEATURES LABELS\n";
    return 2;
  }
  const char* const features_file = argv[1];
  const char* const labels_file = argv[2];
  try {
    culogme::Engine engine;
    const auto features = culogme::open_features(features_file);
    const auto labels = culogme::read_labels(labels_file);
    const auto score = culogme::score(engine, *features, labels);
    std::cout << "LogME " << score.value << " +- " << score.error_bound << '\n';
  } catch (const std::exception& error) {
    std::cerr << "score_file: " << error.what() << '\n';
    return 1;
  }
}
