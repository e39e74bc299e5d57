#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace culogme {

/// Which rank the weights of the weighted Kendall tau follow (the `rank` argument of scipy.stats.weightedtau).
enum class TauRank : std::uint8_t {
  average,        ///< rank=True: the mean of the taus with ranks by (x, y) and by (y, x), each decreasing
  lexicographic,  ///< rank=None: decreasing lexicographic rank by (x, y)
  index,          ///< rank=False: the position in the arrays
};

/// Weighted Kendall tau (Vigna 2015) with additive hyperbolic weights, as scipy.stats.weightedtau: NaN counts as the
/// smallest value; NaN if all of one side is tied (all NaN included) or there are fewer than two. O(n log n).
/// Throws InvalidArgument where the sizes differ; so do all functions here.
double weighted_kendall(std::span<const double> x, std::span<const double> y, TauRank rank = TauRank::average);

/// The same with given ranks, the smallest the most important (scipy: rank=array). As in scipy only their order counts:
/// distinct ranks become 0, 1, 2, ... and equal ranks stay equal.
double weighted_kendall(std::span<const double> x, std::span<const double> y, std::span<const std::int64_t> ranks);

/// Kendall tau-b, Spearman's rho (average ranks) and Pearson's r. Pairs with a NaN are left out; NaN where undefined.
double kendall_tau_b(std::span<const double> x, std::span<const double> y);
double spearman(std::span<const double> x, std::span<const double> y);
double pearson(std::span<const double> x, std::span<const double> y);

/// Best accuracy of the k highest scores (ties: earlier entries first; NaN scores last), divided by the best accuracy;
/// NaN unless that is above zero. NaN accuracies are never the best. A k beyond the end takes all; k < 1 throws
/// InvalidArgument.
double relative_at(std::span<const double> scores, std::span<const double> accuracies, std::int64_t k);
/// Best accuracy minus the best accuracy of the k highest scores.
double regret_at(std::span<const double> scores, std::span<const double> accuracies, std::int64_t k);

/// Of fewer models a bootstrap says nothing: draws of two models that are in order are all in order.
inline constexpr std::int64_t least_models_for_interval = 5;

struct EvaluateOptions {
  std::int64_t resamples = 2000;  ///< bootstrap over models; 0: no intervals (NaN)
  std::uint64_t seed = 1;
  double level = 0.95;
  std::vector<std::int64_t> top = {1, 3};
};

using Interval = std::array<double, 2>;

/// One measure against one accuracy over the models that have an accuracy.
struct Evaluation {
  std::string measure;
  std::int64_t models = 0;
  std::int64_t nan_scores = 0;  ///< models without a score: smallest for the weighted tau, left out of the others
  double weighted_kendall = 0, kendall = 0, spearman = 0, pearson = 0;
  std::vector<double> relative_at, regret_at;  ///< for EvaluateOptions::top
  Interval weighted_kendall_interval{}, kendall_interval{}, spearman_interval{}, pearson_interval{};
  std::vector<Interval> relative_interval, regret_interval;
};

/// Models whose accuracy is NaN are left out. Percentile bootstrap intervals: models are drawn with replacement, draws
/// for which a measure is undefined are left out of its interval, {NaN, NaN} where none is left and of fewer than
/// least_models_for_interval models. Seeded: the same numbers on every machine. O((n log n) resamples). Throws
/// InvalidArgument on sizes that differ, resamples < 0, a level outside (0, 1) and top < 1.
Evaluation evaluate(const std::string& measure, std::span<const double> scores, std::span<const double> accuracies,
                    const EvaluateOptions& options = {});

}  // namespace culogme
