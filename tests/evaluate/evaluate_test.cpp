#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "culogme/error.hpp"
#include "culogme/evaluate.hpp"
#include "evaluate/tolerance.hpp"

namespace culogme::test {
namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(TopK, BestOfTheHighestScores) {
  const std::vector<double> scores{0.1, 0.9, 0.5, 0.7}, accuracies{80, 60, 75, 70};
  // By score: 60, 70, 75, 80.
  EXPECT_EQ(relative_at(scores, accuracies, 1), 60.0 / 80);
  EXPECT_EQ(relative_at(scores, accuracies, 2), 70.0 / 80);
  EXPECT_EQ(relative_at(scores, accuracies, 3), 75.0 / 80);
  EXPECT_EQ(relative_at(scores, accuracies, 4), 1);
  EXPECT_EQ(regret_at(scores, accuracies, 1), 20);
  EXPECT_EQ(regret_at(scores, accuracies, 2), 10);
  EXPECT_EQ(regret_at(scores, accuracies, 3), 5);
  EXPECT_EQ(regret_at(scores, accuracies, 4), 0);
  EXPECT_EQ(regret_at(scores, accuracies, 99), 0);
}

TEST(TopK, TiesGoToTheEarlierAndNanScoresComeLast) {
  const std::vector<double> scores{nan_value, 3, 3, 1}, accuracies{90, 50, 60, 70};
  EXPECT_EQ(regret_at(scores, accuracies, 1), 40);
  EXPECT_EQ(regret_at(scores, accuracies, 2), 30);
  EXPECT_EQ(regret_at(scores, accuracies, 3), 20);
  EXPECT_EQ(regret_at(scores, accuracies, 4), 0);
  const std::vector<double> missing{nan_value, 50, 60, 70};
  EXPECT_EQ(regret_at(scores, missing, 1), 20);
}

TEST(TopK, UnboundedScoresComeFirst) {
  EXPECT_EQ(regret_at(std::vector<double>{5, infinity, -infinity}, std::vector<double>{3, 1, 2}, 1), 2);
}

TEST(TopK, AShareOfNothingIsUndefined) {
  const std::vector<double> scores{1, 2};
  EXPECT_TRUE(std::isnan(relative_at(scores, std::vector<double>{-2, -1}, 1)));
  EXPECT_TRUE(std::isnan(relative_at(scores, std::vector<double>{0, 0}, 1)));
  EXPECT_EQ(regret_at(scores, std::vector<double>{-1, -2}, 1), 1);
  EXPECT_TRUE(std::isnan(regret_at({}, {}, 1)));
  EXPECT_TRUE(std::isnan(relative_at({}, {}, 1)));
}

TEST(TopK, KBelowOneIsRefused) {
  const std::vector<double> scores{1, 2};
  EXPECT_THROW(relative_at(scores, scores, 0), InvalidArgument);
  EXPECT_THROW(regret_at(scores, scores, -1), InvalidArgument);
}

TEST(Correlation, HandWorked) {
  // Centred: (-1.5, -0.5, 0.5, 1.5) and (-1, -2, 2, 1): r = 5 / sqrt(5 * 10).
  const std::vector<double> x{1, 2, 3, 4}, y{2, 1, 5, 4};
  EXPECT_NEAR(pearson(x, y), std::sqrt(0.5), correlation_tolerance(x) + correlation_tolerance(y));
  // Ranks 2 1 4 3: r = 1 - 6 * 4 / (4 * 15).
  EXPECT_NEAR(spearman(x, y), 0.6, correlation_tolerance(x) + correlation_tolerance(x));
  // Four of the six pairs agree.
  EXPECT_NEAR(kendall_tau_b(x, y), 1.0 / 3, count_tolerance());
}

TEST(Correlation, PairsWithNanAreLeftOut) {
  const std::vector<double> x{1, nan_value, 2, 3, 4, 9}, y{2, 7, 1, 5, 4, nan_value};
  const std::vector<double> kept_x{1, 2, 3, 4}, kept_y{2, 1, 5, 4};
  EXPECT_EQ(pearson(x, y), pearson(kept_x, kept_y));
  EXPECT_EQ(spearman(x, y), spearman(kept_x, kept_y));
  EXPECT_EQ(kendall_tau_b(x, y), kendall_tau_b(kept_x, kept_y));
}

TEST(Correlation, ScaleAndSignOfTheValues) {
  const std::vector<double> x{1, 2, 3, 7}, y{2, 1, 5, 4};
  const double value = pearson(x, y);
  for (const int exponent : {-1050, -600, -3, 600, 1020}) {
    std::vector<double> scaled(x);
    for (double& entry : scaled) entry = std::ldexp(entry, exponent);
    EXPECT_EQ(pearson(scaled, y), value) << "2^" << exponent;
    EXPECT_EQ(spearman(scaled, y), spearman(x, y));
  }
  const std::vector<double> negative{-1, -2, -3, -7};
  EXPECT_EQ(pearson(negative, y), -value);
}

TEST(Correlation, InfiniteScoresHaveAnOrderButNoPearson) {
  const std::vector<double> x{1, 2, infinity}, y{1, 2, 3};
  EXPECT_TRUE(std::isnan(pearson(x, y)));
  EXPECT_NEAR(spearman(x, y), 1, 2 * correlation_tolerance(y));
  EXPECT_NEAR(kendall_tau_b(x, y), 1, count_tolerance());
  EXPECT_NEAR(weighted_kendall(x, y), 1, tau_tolerance(3, 1, 1));
}

TEST(Evaluate, HoldsTheMeasuresOfTheModelsWithAccuracy) {
  const std::vector<double> scores{1, 4, 7, 1, nan_value, 2}, accuracies{12, 2, 1, 12, 2, nan_value};
  const std::vector<double> kept{1, 4, 7, 1, nan_value}, kept_accuracies{12, 2, 1, 12, 2};
  const Evaluation result = evaluate("logme", scores, accuracies);
  EXPECT_EQ(result.measure, "logme");
  EXPECT_EQ(result.models, 5);
  EXPECT_EQ(result.nan_scores, 1);
  EXPECT_EQ(result.weighted_kendall, weighted_kendall(kept, kept_accuracies));
  EXPECT_EQ(result.kendall, kendall_tau_b(kept, kept_accuracies));
  EXPECT_EQ(result.spearman, spearman(kept, kept_accuracies));
  EXPECT_EQ(result.pearson, pearson(kept, kept_accuracies));
  ASSERT_EQ(result.relative_at.size(), 2u);
  EXPECT_EQ(result.relative_at[0], 1.0 / 12);
  EXPECT_EQ(result.relative_at[1], 1);
  ASSERT_EQ(result.regret_at.size(), 2u);
  EXPECT_EQ(result.regret_at[0], 11);
  EXPECT_EQ(result.regret_at[1], 0);
}

TEST(Evaluate, OptionsAreChecked) {
  const std::vector<double> scores{1, 2};
  EXPECT_THROW(evaluate("logme", scores, scores, {.resamples = -1}), InvalidArgument);
  EXPECT_THROW(evaluate("logme", scores, scores, {.level = 0}), InvalidArgument);
  EXPECT_THROW(evaluate("logme", scores, scores, {.level = 1}), InvalidArgument);
  EXPECT_THROW(evaluate("logme", scores, scores, {.level = nan_value}), InvalidArgument);
  EXPECT_THROW(evaluate("logme", scores, scores, {.top = {0}}), InvalidArgument);
}

TEST(Evaluate, NoModels) {
  const Evaluation result = evaluate("logme", {}, {});
  EXPECT_EQ(result.models, 0);
  EXPECT_TRUE(std::isnan(result.weighted_kendall));
  EXPECT_TRUE(std::isnan(result.weighted_kendall_interval[0]));
}

}  // namespace
}  // namespace culogme::test
