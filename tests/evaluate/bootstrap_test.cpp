#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "culogme/evaluate.hpp"
#include "evaluate/bootstrap.hpp"
#include "evaluate/random.hpp"
#include "evaluate/tolerance.hpp"

namespace culogme::test {
namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

const std::vector<double> accuracies{82.7, 88.8, 86.6, 85.6, 85.3, 85.4, 84.5, 84.6, 82.8, 72.8};
const std::vector<double> scores{0.934, 0.953, 0.946, 0.948, 0.95, 0.938, 0.943, 0.942, 0.941, 0.948};

void expect_equal(const Evaluation& a, const Evaluation& b) {
  EXPECT_EQ(a.weighted_kendall_interval, b.weighted_kendall_interval);
  EXPECT_EQ(a.kendall_interval, b.kendall_interval);
  EXPECT_EQ(a.spearman_interval, b.spearman_interval);
  EXPECT_EQ(a.pearson_interval, b.pearson_interval);
  EXPECT_EQ(a.relative_interval, b.relative_interval);
  EXPECT_EQ(a.regret_interval, b.regret_interval);
}

TEST(Bootstrap, SplitMix64IsThePublishedSequence) {
  // The upper halves of the first outputs for the seed 1234567 as the authors' program prints them:
  // 6457827717110365317, 3203168211198807973, 9817491932198370423.
  detail::Random random(1234567);
  EXPECT_EQ(random.next(), 6457827717110365317u >> 32);
  EXPECT_EQ(random.next(), 3203168211198807973u >> 32);
  EXPECT_EQ(random.next(), 9817491932198370423u >> 32);
}

TEST(Bootstrap, BoundedDrawsAreEven) {
  for (const std::uint32_t bound : {1u, 2u, 3u, 12u, 3'000'000'000u}) {
    detail::Random random(5);
    const int draws = 30'000;
    const int bins = static_cast<int>(std::min(bound, 3u));
    std::vector<int> counts(static_cast<std::size_t>(bins));
    for (int i = 0; i < draws; ++i) {
      const std::uint32_t value = random.below(bound);
      ASSERT_LT(value, bound);
      ++counts[static_cast<std::size_t>(std::uint64_t{value} * static_cast<std::uint64_t>(bins) / bound)];
    }
    // Six standard deviations of a binomial count.
    const double share = 1.0 / bins, deviation = std::sqrt(draws * share * (1 - share));
    for (const int count : counts) EXPECT_NEAR(count, draws * share, 6 * deviation) << bound;
  }
}

TEST(Bootstrap, SameSeedSameIntervals) {
  const Evaluation first = evaluate("logme", scores, accuracies), second = evaluate("logme", scores, accuracies);
  expect_equal(first, second);
  const Evaluation other = evaluate("logme", scores, accuracies, {.seed = 2});
  EXPECT_NE(first.weighted_kendall_interval, other.weighted_kendall_interval);
}

TEST(Bootstrap, IntervalsHoldTheEstimateAndGrowWithTheLevel) {
  const Evaluation result = evaluate("logme", scores, accuracies);
  const Evaluation wide = evaluate("logme", scores, accuracies, {.level = 0.99});
  const auto check = [](double value, const Interval& interval, const Interval& wider) {
    EXPECT_LE(interval[0], value);
    EXPECT_GE(interval[1], value);
    EXPECT_LT(interval[0], interval[1]);
    EXPECT_LE(wider[0], interval[0]);
    EXPECT_GE(wider[1], interval[1]);
  };
  check(result.weighted_kendall, result.weighted_kendall_interval, wide.weighted_kendall_interval);
  check(result.kendall, result.kendall_interval, wide.kendall_interval);
  check(result.spearman, result.spearman_interval, wide.spearman_interval);
  check(result.pearson, result.pearson_interval, wide.pearson_interval);
  for (std::size_t t = 0; t < 2; ++t) {
    check(result.relative_at[t], result.relative_interval[t], wide.relative_interval[t]);
    check(result.regret_at[t], result.regret_interval[t], wide.regret_interval[t]);
  }
}

// Every draw is repeated with the public functions: the fast path gathers ranks instead of sorting again.
TEST(Bootstrap, DrawsGiveWhatThePublicFunctionsGive) {
  std::vector<double> with_nan(scores);
  with_nan[4] = nan_value;
  const EvaluateOptions options{.resamples = 50, .seed = 9, .top = {1, 3}};
  const Evaluation result = evaluate("logme", with_nan, accuracies, options);
  detail::Random random(options.seed);
  std::vector<std::vector<double>> samples(6);
  for (std::int64_t resample = 0; resample < options.resamples; ++resample) {
    std::vector<double> x, y;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const std::uint32_t model = random.below(static_cast<std::uint32_t>(scores.size()));
      x.push_back(with_nan[model]);
      y.push_back(accuracies[model]);
    }
    samples[0].push_back(weighted_kendall(x, y));
    samples[1].push_back(kendall_tau_b(x, y));
    samples[2].push_back(spearman(x, y));
    samples[3].push_back(pearson(x, y));
    samples[4].push_back(relative_at(x, y, 3));
    samples[5].push_back(regret_at(x, y, 1));
  }
  const auto expect_interval = [&](const Interval& interval, std::size_t measure, double tolerance) {
    const Interval expected = detail::percentile_interval(samples[measure], options.level);
    EXPECT_NEAR(interval[0], expected[0], tolerance) << measure;
    EXPECT_NEAR(interval[1], expected[1], tolerance) << measure;
  };
  expect_interval(result.weighted_kendall_interval, 0, 0);
  expect_interval(result.kendall_interval, 1, 0);
  expect_interval(result.spearman_interval, 2, 0);
  // The power of two that scales a draw may be another than that of all models: no rounding differs.
  expect_interval(result.pearson_interval, 3, 0);
  expect_interval(result.relative_interval[1], 4, 0);
  expect_interval(result.regret_interval[0], 5, 0);
}

TEST(Bootstrap, QuantilesAreLinearBetweenTheSortedValues) {
  std::vector<double> sample{5, nan_value, 1, 3, 4, 2};
  // Positions 0.25 * 4 = 1 and 0.75 * 4 = 3 of 1 2 3 4 5.
  EXPECT_EQ(detail::percentile_interval(sample, 0.5), (Interval{2, 4}));
  sample = {0, 10};
  const Interval interval = detail::percentile_interval(sample, 0.5);
  EXPECT_EQ(interval, (Interval{2.5, 7.5}));
  sample = {7};
  EXPECT_EQ(detail::percentile_interval(sample, 0.95), (Interval{7, 7}));
}

TEST(Bootstrap, UndefinedDrawsAreLeftOut) {
  // A third of the draws leave out the only model that differs and have no order.
  const std::vector<double> values{1, 1, 1, 1, 2};
  const Evaluation result = evaluate("logme", values, values);
  EXPECT_NEAR(result.kendall_interval[0], 1, count_tolerance());
  EXPECT_NEAR(result.kendall_interval[1], 1, count_tolerance());
  EXPECT_NEAR(result.weighted_kendall_interval[0], 1, tau_tolerance(5, 1, 1));
  EXPECT_TRUE(std::isnan(evaluate("logme", values, values, {.resamples = 0}).kendall_interval[1]));
  // No draw of equal models has one.
  const std::vector<double> equal(5, 1);
  EXPECT_TRUE(std::isnan(evaluate("logme", equal, values).kendall_interval[0]));
}

TEST(Bootstrap, FewModelsHaveNoIntervals) {
  std::vector<double> values;
  for (std::int64_t models = 1; models <= least_models_for_interval; ++models) {
    values.push_back(static_cast<double>(models));
    const Evaluation result = evaluate("logme", values, values);
    const bool few = models < least_models_for_interval;
    EXPECT_EQ(std::isnan(result.kendall_interval[0]), few);
    EXPECT_EQ(std::isnan(result.weighted_kendall_interval[1]), few);
    EXPECT_EQ(std::isnan(result.regret_interval[0][0]), few);
    EXPECT_EQ(std::isnan(result.relative_interval[0][1]), few);
  }
}

}  // namespace
}  // namespace culogme::test
