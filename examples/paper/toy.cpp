#include "toy.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "random.hpp"

namespace paper {
namespace {

ToyPoint point(double noise, const culogme::Score& score) {
  return {noise, score.value, score.null_value, score.error_bound};
}

// clean + noise * disturbance, entry by entry.
std::vector<double> disturbed(const std::vector<double>& clean, const std::vector<double>& disturbance, double noise) {
  std::vector<double> values(clean.size());
  for (std::size_t i = 0; i < clean.size(); ++i) values[i] = clean[i] + noise * disturbance[i];
  return values;
}

}  // namespace

std::span<const double> toy_noise_levels() {
  static constexpr std::array levels = {0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0, 1.25, 1.5};
  return levels;
}

std::vector<ToyPoint> toy_classification(culogme::Engine& engine, std::uint64_t seed, std::span<const double> noise) {
  constexpr std::int64_t classes = 3, cols = 2;
  examples::Random random(seed);
  std::vector<std::int32_t> labels;
  std::vector<double> centres, disturbance;
  for (std::int64_t row = 0; row < toy_rows; ++row) {
    labels.push_back(static_cast<std::int32_t>(row % classes));
    const double angle = 2 * std::numbers::pi * static_cast<double>(row % classes) / classes;
    centres.push_back(std::cos(angle));
    centres.push_back(std::sin(angle));
    disturbance.push_back(random.normal());
    disturbance.push_back(random.normal());
  }
  std::vector<ToyPoint> points;
  for (const double level : noise) {
    const std::vector<double> features = disturbed(centres, disturbance, level);
    const auto view = culogme::matrix_view(culogme::Memory::host, features.data(), toy_rows, cols);
    const auto ids = culogme::label_view(culogme::Memory::host, labels.data(), toy_rows);
    points.push_back(point(level, culogme::score(engine, view, ids, classes)));
  }
  return points;
}

std::vector<ToyPoint> toy_regression(culogme::Engine& engine, std::uint64_t seed, std::span<const double> noise) {
  examples::Random random(seed);
  std::vector<double> x, disturbance, responses;
  for (std::int64_t row = 0; row < toy_rows; ++row) {
    x.push_back(2 * random.uniform() - 1);
    responses.push_back(2 * x.back() + 1);
    disturbance.push_back(random.normal());
  }
  std::vector<ToyPoint> points;
  for (const double level : noise) {
    const std::vector<double> features = disturbed(x, disturbance, level);
    const auto view = culogme::matrix_view(culogme::Memory::host, features.data(), toy_rows, 1);
    const auto targets = culogme::matrix_view(culogme::Memory::host, responses.data(), toy_rows, 1);
    points.push_back(point(level, culogme::score(engine, view, targets)));
  }
  return points;
}

}  // namespace paper
