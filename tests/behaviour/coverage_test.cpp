// How often intervals of 90 % by the standard error hold what they should, over sets of rows drawn from known
// populations: the mean of the score over all sets. CULOGME_COVERAGE_SEEDS=500 draws 500 sets instead of 120.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/score.hpp>

#include "support/backends.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

using culogme::Scalar;
using culogme::Score;
using culogme::ScoreOptions;
using culogme::Task;
using support::Data;
using support::Random;

constexpr double quantile = 1.6448536269514722;  // of the normal distribution, 5 % on either side

/// A device runs the same arithmetic, which other tests compare to the digit: a few sets show that nothing is missing.
int seeds(culogme::Backend backend) {
  const char* const asked = std::getenv("CULOGME_COVERAGE_SEEDS");
  const int sampled = backend == culogme::Backend::cpu ? 120 : 20;
  return asked == nullptr ? sampled : static_cast<int>(std::max(20L, std::strtol(asked, nullptr, 10)));
}

/// Rows of a population: features of one model and of a worse one, and what both are to explain.
struct Draw {
  Data features, worse, responses;
  support::Labels labels;  ///< instead of responses
  std::int64_t classes = 0;
};

Draw draw_regression(std::int64_t rows, std::int64_t cols, double noise, bool heavy, std::uint64_t seed) {
  Random random(seed);
  Random fixed(99);  // the population's weights are the same in every draw
  std::vector<double> weights;
  for (std::int64_t j = 0; j < cols; ++j) weights.push_back(fixed.normal() / std::sqrt(static_cast<double>(cols)));
  Draw draw{Data(rows, cols), Data(rows, cols), Data(rows, 2), {}, 0};
  for (std::int64_t i = 0; i < rows; ++i) {
    // Heavy tails: one row in ten is three times as noisy.
    const double scale = heavy && random.uniform() < 0.1 ? 3 * noise : noise;
    double sum = 0;
    for (std::int64_t j = 0; j < cols; ++j) {
      const double x = random.normal();
      draw.features(i, j) = x;
      draw.worse(i, j) = x + 0.5 * random.normal();
      sum += weights[static_cast<std::size_t>(j)] * x;
    }
    draw.responses(i, 0) = sum + scale * random.normal();
    draw.responses(i, 1) = -2 * sum + 3 * scale * random.normal();
  }
  return draw;
}

Draw draw_classes(std::int64_t rows, std::int64_t cols, std::int64_t classes, double distance, std::uint64_t seed) {
  Random random(seed);
  Random fixed(98);
  Data centres(classes, cols);
  for (double& value : centres.values) value = distance * fixed.normal();
  Draw draw{Data(rows, cols), Data(rows, cols), {}, {}, classes};
  for (std::int64_t i = 0; i < rows; ++i) {
    // Unequal classes, drawn with the rows.
    const auto label = static_cast<std::int32_t>(static_cast<double>(classes) * std::pow(random.uniform(), 1.5));
    draw.labels.push_back(label);
    for (std::int64_t j = 0; j < cols; ++j) {
      draw.features(i, j) = std::max(0.0, 1 + centres(label, j) + random.normal());
      draw.worse(i, j) = std::max(0.0, draw.features(i, j) + 0.5 * random.normal());
    }
  }
  return draw;
}

/// Of values with their standard errors, how many lie within the interval about their own mean.
double coverage(const std::vector<double>& values, const std::vector<double>& errors) {
  double mean = 0, covered = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    covered += std::fabs(values[i] - mean) <= quantile * errors[i] ? 1 : 0;
  return covered / static_cast<double>(values.size());
}

class CoverageTest : public support::BackendTest {
 protected:
  Score score_of(const Draw& draw, const Data& features) {
    ScoreOptions options;
    options.standard_error = true;
    const support::Stored f(features, Scalar::f64);
    if (draw.classes > 0) return culogme::score(engine, f.view(), support::view(draw.labels), draw.classes, options);
    const support::Stored y(draw.responses, Scalar::f64);
    return culogme::score(engine, f.view(), y.view(), Task::regression, options);
  }

  /// Draws sets of rows with `draw(seed)`. The contract is 87 to 93 % at 500 sets; of fewer, three standard deviations
  /// of a share beside it.
  template <class DrawRows>
  void expect_coverage(const DrawRows& draw_rows) {
    const double sets = seeds(GetParam()), more = sets >= 500 ? 0 : 3 * std::sqrt(0.9 * 0.1 / sets);
    std::vector<double> values, errors, differences, difference_errors;
    for (int seed = 1; seed <= seeds(GetParam()); ++seed) {
      const Draw draw = draw_rows(static_cast<std::uint64_t>(seed));
      const Score better = score_of(draw, draw.features), worse = score_of(draw, draw.worse);
      const culogme::ScoreDifference difference = culogme::score_difference(better, worse);
      values.push_back(better.value);
      errors.push_back(better.standard_error);
      differences.push_back(difference.value);
      difference_errors.push_back(difference.standard_error);
    }
    const double of_scores = coverage(values, errors), of_differences = coverage(differences, difference_errors);
    RecordProperty("scores", std::to_string(of_scores));
    RecordProperty("differences", std::to_string(of_differences));
    EXPECT_GE(of_scores, 0.87 - more);
    EXPECT_LE(of_scores, 0.93 + more);
    EXPECT_GE(of_differences, 0.87 - more);
    EXPECT_LE(of_differences, 0.93 + more);
  }
};
CULOGME_OVER_BACKENDS(CoverageTest);

TEST_P(CoverageTest, OfRegression) {
  expect_coverage([](std::uint64_t seed) { return draw_regression(1000, 12, 0.7, false, seed); });
}

TEST_P(CoverageTest, OfHeavyTails) {
  expect_coverage([](std::uint64_t seed) { return draw_regression(1000, 12, 0.7, true, seed); });
}

TEST_P(CoverageTest, OfClasses) {
  expect_coverage([](std::uint64_t seed) { return draw_classes(500, 16, 5, 0.5, seed); });
}

TEST_P(CoverageTest, OfClassesFromASample) {
  expect_coverage([](std::uint64_t seed) { return draw_classes(2000, 8, 6, 0.5, seed); });
}

TEST_P(CoverageTest, OfThreeTimesAsManyRowsAsFeatures) {
  expect_coverage([](std::uint64_t seed) { return draw_regression(120, 40, 0.7, false, seed); });
}

TEST_P(CoverageTest, OfMoreFeaturesThanRows) {
  expect_coverage([](std::uint64_t seed) { return draw_regression(120, 200, 0.7, false, seed); });
}

}  // namespace
