// The paper's toy experiments (examples/paper): LogME falls with every step of noise, whatever the seed.

#include <cstddef>
#include <vector>

#include <gtest/gtest.h>

#include "paper/toy.hpp"
#include "support/backends.hpp"

namespace {

class ToyTest : public support::BackendTest {
 protected:
  // Each level's score lies below the last one's by more than both can be off, and the last above the null score:
  // a score that has reached it could not have fallen any more.
  static void expect_steady_fall(const std::vector<paper::ToyPoint>& points) {
    ASSERT_EQ(points.size(), paper::toy_noise_levels().size());
    for (std::size_t i = 1; i < points.size(); ++i) {
      SCOPED_TRACE(points[i].noise);
      EXPECT_LT(points[i].logme + points[i].error_bound, points[i - 1].logme - points[i - 1].error_bound);
    }
    EXPECT_GT(points.back().logme - points.back().error_bound, points.back().null_logme);
  }
};
CULOGME_OVER_BACKENDS(ToyTest);

constexpr std::uint64_t seeds = 20;

TEST_P(ToyTest, ClassificationFallsWithNoise) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE(seed);
    expect_steady_fall(paper::toy_classification(engine, seed, paper::toy_noise_levels()));
  }
}

TEST_P(ToyTest, RegressionFallsWithNoise) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE(seed);
    expect_steady_fall(paper::toy_regression(engine, seed, paper::toy_noise_levels()));
  }
}

}  // namespace
