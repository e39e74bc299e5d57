// The toy experiments of the LogME paper: features with growing noise, for classification and regression. Writes CSV,
// one line for each seed and level; the score has to fall from level to level.

#include <charconv>
#include <cstring>
#include <exception>
#include <iomanip>
#include <iostream>

#include "toy.hpp"

namespace {

void write(const char* task, std::uint64_t seed, const std::vector<paper::ToyPoint>& points) {
  for (const paper::ToyPoint& point : points)
    std::cout << task << ',' << seed << ',' << point.noise << ',' << point.logme << ',' << point.null_logme << ','
              << point.error_bound << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seeds = 20;
  const bool given = argc == 3 && std::strcmp(argv[1], "--seeds") == 0;
  const char* const end = given ? argv[2] + std::strlen(argv[2]) : nullptr;
  const auto read = given ? std::from_chars(argv[2], end, seeds) : std::from_chars_result{nullptr, std::errc()};
  if ((argc != 1 && !given) || read.ec != std::errc() || read.ptr != end || seeds == 0) {
    std::cerr << "usage: toy [--seeds N]\n";
    return 2;
  }
  try {
    culogme::Engine engine;
    std::cout << std::setprecision(10) << "task,seed,noise,logme,null_logme,error_bound\n";
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      write("classification", seed, paper::toy_classification(engine, seed, paper::toy_noise_levels()));
      write("regression", seed, paper::toy_regression(engine, seed, paper::toy_noise_levels()));
    }
    if (!std::cout.flush()) throw culogme::FileError("the output cannot be written");
  } catch (const std::exception& error) {
    std::cerr << "toy: " << error.what() << '\n';
    return 1;
  }
}
