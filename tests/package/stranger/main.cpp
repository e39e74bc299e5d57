#include <culogme/culogme.hpp>

#include <cmath>
#include <cstring>
#include <exception>
#include <iostream>

// Scores a file through the public interface; 0 when the library that was linked is the one whose headers were read.
int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: stranger FEATURES LABELS\n";
    return 2;
  }
  if (std::strcmp(culogme::version(), CULOGME_VERSION) != 0) {
    std::cerr << "headers " << CULOGME_VERSION << ", library " << culogme::version() << '\n';
    return 1;
  }
  try {
    culogme::Engine engine;
    const auto features = culogme::open_features(argv[1]);
    const culogme::Score score = culogme::score(engine, *features, culogme::read_labels(argv[2]));
    std::cout << score.value << '\n';
    return std::isfinite(score.value) && score.rows == features->rows() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
