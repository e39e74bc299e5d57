// Row evidence against conditioned normal distributions, standard errors against scores with a row left out.

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/posterior.hpp>
#include <culogme/score.hpp>

#include "backend.hpp"
#include "oracle/posterior.hpp"
#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"
#include "support/tolerance.hpp"

namespace {

using culogme::Precision;
using culogme::Scalar;
using culogme::Score;
using culogme::ScoreOptions;
using culogme::TargetStatus;
using culogme::Task;
using support::Data;

ScoreOptions asking(bool intercept, Precision precision = Precision::automatic) {
  ScoreOptions options;
  options.standard_error = true;
  options.precision = precision;
  options.intercept = intercept ? culogme::Intercept::on : culogme::Intercept::off;
  return options;
}

/// Standard deviation of the mean of values.
double deviation_of_mean(const std::vector<double>& values) {
  const double n = static_cast<double>(values.size());
  double mean = 0, square = 0;
  for (const double value : values) mean += value / n;
  for (const double value : values) square += (value - mean) * (value - mean);
  return std::sqrt(square / (n - 1) / n);
}

Data without_row(const Data& data, std::int64_t row) {
  return support::above(support::slice(data, 0, row), support::slice(data, row + 1, data.rows - row - 1));
}

class StandardErrorTest : public support::BackendTest {
 protected:
  Score respond(const Data& features, const Data& responses, const ScoreOptions& options,
                Task task = Task::regression) {
    const support::Stored f(features, Scalar::f64, {3, 8}), y(responses, Scalar::f64, {1, 0});
    return culogme::score(engine, f.view(), y.view(), task, options);
  }
  Score classify(const Data& features, const support::Labels& labels, std::int64_t classes,
                 const ScoreOptions& options) {
    const support::Stored f(features, Scalar::f64, {2, 0});
    return culogme::score(engine, f.view(), support::view(labels), classes, options);
  }
  static std::vector<Precision> precisions() { return {Precision::f64, Precision::svd}; }

  /// The density of each row's targets given all others by the definition, at the alpha and beta that the library
  /// found; for rows of the score that are all in the sample.
  static void expect_row_evidence(const Score& score, const Data& features, const Data& targets) {
    ASSERT_EQ(static_cast<std::int64_t>(score.row_evidence.rows.size()), features.rows);
    const oracle::Problem problem = support::problem_of(features, targets);
    for (std::int64_t i = 0; i < features.rows; ++i) {
      double sum = 0, slack = 0, count = 0;
      for (std::int64_t k = 0; k < targets.cols; ++k) {
        const culogme::TargetFit& fit = score.targets[static_cast<std::size_t>(k)];
        if (fit.status == TargetStatus::empty) continue;
        const oracle::Normal other =
            oracle::predict(problem, static_cast<std::size_t>(k), fit.alpha, fit.beta, score.intercept,
                            support::row_of(features, i), static_cast<std::size_t>(i));
        const double z =
            (targets(i, k) - static_cast<double>(other.mean)) / std::sqrt(static_cast<double>(other.variance));
        sum -= (std::log(2 * std::numbers::pi * static_cast<double>(other.variance)) + z * z) / 2;
        // Mean and deviation are each off by the tolerance times the deviation.
        slack += (1 + std::fabs(z)) * (1 + std::fabs(z));
        ++count;
      }
      const auto at = static_cast<std::size_t>(i);
      EXPECT_EQ(score.row_evidence.rows[at], i);
      EXPECT_NEAR(score.row_evidence.values[at], sum / count,
                  slack / count * tolerance::prediction(features.rows, features.cols))
          << "row " << i;
    }
    expect_pairs(score, features, targets);
    EXPECT_NEAR(score.standard_error, error_of(score.row_evidence, score), 1e-13 * score.standard_error);
  }

  /// What two rows add apart and together, from the densities of all rows without one or both of them, for some pairs.
  static void expect_pairs(const Score& score, const Data& features, const Data& targets) {
    const std::int64_t n = features.rows;
    ASSERT_LE(n, 64);
    ASSERT_EQ(static_cast<std::int64_t>(score.row_evidence.pairs.size()), n * (n - 1) / 2);
    const auto log_density = [&](const Data& rows, const Data& y, std::int64_t k) {
      const culogme::TargetFit& fit = score.targets[static_cast<std::size_t>(k)];
      oracle::Problem problem = support::problem_of(rows, y);
      if (score.intercept) problem = oracle::contrasts(problem);
      const double size = static_cast<double>(rows.rows);
      // A flat prior on the constant leaves 1/sqrt(N) beside the density of the contrasts.
      return static_cast<double>(oracle::dense_evidence(problem, static_cast<std::size_t>(k), fit.alpha, fit.beta)) *
                 static_cast<double>(problem.features.rows) -
             (score.intercept ? std::log(size) / 2 : 0);
    };
    std::size_t pair = 0;
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < i; ++j, ++pair) {
        if (pair % 83 != 0) continue;
        const Data no_i = without_row(features, i), no_j = without_row(features, j), neither = without_row(no_i, j);
        const Data y_i = without_row(targets, i), y_j = without_row(targets, j), y_neither = without_row(y_i, j);
        double sum = 0, count = 0, largest = 1;
        for (std::int64_t k = 0; k < targets.cols; ++k) {
          if (score.targets[static_cast<std::size_t>(k)].status == TargetStatus::empty) continue;
          const double all = log_density(features, targets, k);
          largest = std::max(largest, std::fabs(all));
          sum += all - log_density(no_i, y_i, k) - log_density(no_j, y_j, k) + log_density(neither, y_neither, k);
          ++count;
        }
        EXPECT_NEAR(score.row_evidence.pairs[pair], sum / count,
                    largest * tolerance::prediction(features.rows, features.cols))
            << "rows " << i << " and " << j;
      }
  }

  /// The standard error by the formula of docs/numerics.md, from what the score tells of its rows.
  static double error_of(const culogme::RowEvidence& rows, const Score& score) {
    const double n = static_cast<double>(score.rows),
                 single = n * static_cast<double>(rows.values.size()) * std::pow(deviation_of_mean(rows.values), 2);
    double square = 0;
    for (const double pair : rows.pairs) square += pair * pair;
    const double together = square / static_cast<double>(rows.pairs.size()) * n * (n - 1) / 2;
    return std::sqrt(single * single / (single + together)) / (n - (score.intercept ? 1 : 0));
  }
};
CULOGME_OVER_BACKENDS(StandardErrorTest);

TEST_P(StandardErrorTest, RowsAreConditionalDensities) {
  const Data features = support::coarse(60, 7, 3);
  Data far = support::scaled(support::coarse(60, 7, 3), 0x1p-30);
  for (double& value : far.values) value += 0x1p-27;
  const Data responses = support::linear_responses(features, 3, 0.7, 5);
  for (const Precision precision : precisions())
    for (const bool intercept : {false, true}) {
      SCOPED_TRACE(std::string(intercept ? "intercept" : "no intercept") +
                   (precision == Precision::svd ? ", svd" : ""));
      const Score score = respond(features, responses, asking(intercept, precision));
      for (const culogme::TargetFit& fit : score.targets) EXPECT_EQ(fit.status, TargetStatus::interior);
      expect_row_evidence(score, features, responses);
      expect_row_evidence(respond(features, support::scaled(responses, 0x1p70), asking(intercept, precision)), features,
                          support::scaled(responses, 0x1p70));
      if (intercept) expect_row_evidence(respond(far, responses, asking(true, precision)), far, responses);
    }
}

TEST_P(StandardErrorTest, ClassesAndLabelsToo) {
  Data features = support::coarse(48, 5, 6);
  const support::Labels labels = support::balanced_labels(48, 4, 7);
  support::separate_classes(features, labels, 4, 2, 8);
  const Data columns = support::binary(48, 3, 0.3, 9);
  for (const Precision precision : precisions())
    for (const bool intercept : {false, true}) {
      SCOPED_TRACE(intercept ? "intercept" : "no intercept");
      // One class more than there are: it has no rows and no part in the mean.
      expect_row_evidence(classify(features, labels, 5, asking(intercept, precision)), features,
                          support::one_hot(labels, 5));
      expect_row_evidence(respond(features, columns, asking(intercept, precision), Task::multilabel), features,
                          columns);
    }
}

TEST_P(StandardErrorTest, MoreFeaturesThanRows) {
  const Data features = support::coarse(24, 40, 10);
  const Data responses = support::linear_responses(features, 2, 6, 11);
  int interpolating = 0;
  for (const Precision precision : precisions())
    for (const bool intercept : {false, true}) {
      SCOPED_TRACE(intercept ? "intercept" : "no intercept");
      for (const Data& y : {responses, support::linear_responses(features, 2, 0, 12)}) {
        const Score score = respond(features, y, asking(intercept, precision));
        for (const culogme::TargetFit& fit : score.targets)
          interpolating += fit.status == TargetStatus::interpolation_limit ? 1 : 0;
        expect_row_evidence(score, features, y);
      }
    }
  EXPECT_GT(interpolating, 0) << "the limit was not met";
}

TEST_P(StandardErrorTest, WithoutSignalItIsThatOfTheNullModel) {
  Data features = support::coarse(40, 2, 13);
  for (double& value : features.values) value = std::fabs(value) < 1 ? 0 : value;
  const Data responses = support::normal(40, 3, 14);
  const Score score = respond(features, responses, asking(true));
  EXPECT_TRUE(std::any_of(score.targets.begin(), score.targets.end(), [](const culogme::TargetFit& fit) {
    return fit.status == TargetStatus::null_limit;
  })) << "no target is at the limit";
  expect_row_evidence(score, features, responses);
}

TEST_P(StandardErrorTest, IsTheJackknifeOfRefittedScores) {
  Data features = support::coarse(120, 4, 15);
  const support::Labels labels = support::balanced_labels(120, 3, 16);
  support::separate_classes(features, labels, 3, 1, 17);
  const Score score = classify(features, labels, 3, asking(false));
  std::vector<double> without;
  for (std::int64_t row = 0; row < 120; ++row) {
    support::Labels others = labels;
    others.erase(others.begin() + row);
    ScoreOptions plain;
    plain.intercept = culogme::Intercept::off;
    without.push_back(classify(without_row(features, row), others, 3, plain).value);
  }
  const double jackknife = deviation_of_mean(without) * 119;
  // alpha and beta move with each row, which the envelope theorem leaves out: a share of gamma / N at most. Pairs,
  // which are taken off a standard error, are in the plain jackknife.
  EXPECT_NEAR(deviation_of_mean(score.row_evidence.values), jackknife, 2 * 4.0 / 120 * jackknife);
  EXPECT_LT(score.standard_error, jackknife);
  EXPECT_GT(score.standard_error, 0.9 * jackknife);
}

TEST_P(StandardErrorTest, SamplesRowsOfAnyOrderAlike) {
  // Classes in a cycle of 64: rows at even distances would be of few classes only.
  const std::int64_t rows = 4096;
  support::Labels labels;
  for (std::int64_t i = 0; i < rows; ++i) labels.push_back(static_cast<std::int32_t>(i % 64));
  Data features = support::coarse(rows, 8, 18);
  support::separate_classes(features, labels, 64, 1, 19);
  const Score score = classify(features, labels, 64, asking(false));
  const std::vector<std::int64_t>& sample = score.row_evidence.rows;
  ASSERT_EQ(sample.size(), 1024U);
  EXPECT_TRUE(std::is_sorted(sample.begin(), sample.end(), std::less_equal<>()) &&
              std::adjacent_find(sample.begin(), sample.end()) == sample.end());
  std::vector<int> met(64, 0);
  for (const std::int64_t row : sample) ++met[static_cast<std::size_t>(row % 64)];
  EXPECT_GT(*std::min_element(met.begin(), met.end()), 0);  // 16 of each on average
  EXPECT_GE(sample.front(), 0);
  EXPECT_LT(sample.back(), rows);
  // Of all rows, from predictions without each: deviation^2 = (1 + h) / beta, residual r / (1 - h).
  const support::Stored stored(features, Scalar::f64);
  culogme::Statistics statistics(engine, 8, 64);
  statistics.add(stored.view(), support::view(labels));
  const culogme::Posterior posterior(statistics);
  const culogme::Prediction fitted = posterior.predict(stored.view());
  const std::vector<double> residuals = posterior.leave_one_out(stored.view(), support::view(labels));
  std::vector<double> all(static_cast<std::size_t>(rows), 0);
  for (std::size_t at = 0; at < residuals.size(); ++at) {
    const double beta = score.targets[at % 64].beta, room = 2 - beta * fitted.deviation[at] * fitted.deviation[at];
    all[at / 64] +=
        (std::log(beta * room / (2 * std::numbers::pi)) - beta * room * residuals[at] * residuals[at]) / 128;
  }
  for (std::size_t i = 0; i < sample.size(); ++i)
    EXPECT_NEAR(score.row_evidence.values[i], all[static_cast<std::size_t>(sample[i])], 1e-9);
  const std::vector<double> sampled = score.row_evidence.values;
  double spread = 0, fourth = 0, mean = 0;
  for (const double value : all) mean += value / static_cast<double>(rows);
  for (const double value : all) {
    spread += std::pow(value - mean, 2) / static_cast<double>(rows);
    fourth += std::pow(value - mean, 4) / static_cast<double>(rows);
  }
  // Four standard deviations of a sample's standard deviation.
  EXPECT_NEAR(deviation_of_mean(sampled) * std::sqrt(1024 / spread), 1,
              4 * std::sqrt((fourth / (spread * spread) - 1) / (4 * 1024)));
  EXPECT_NEAR(score.standard_error, std::sqrt(spread / static_cast<double>(rows)), 0.5 * score.standard_error);
}

TEST_P(StandardErrorTest, UnknownWhereThereIsNone) {
  const Data features = support::coarse(30, 3, 20), responses = support::linear_responses(features, 2, 1, 21);
  ScoreOptions plain;
  const Score without = respond(features, responses, plain);
  EXPECT_TRUE(std::isnan(without.standard_error) && without.row_evidence.rows.empty());
  EXPECT_TRUE(std::isnan(without.targets.front().standard_error));
  EXPECT_TRUE(std::isnan(
      respond(support::slice(features, 0, 1), support::slice(responses, 0, 1), asking(false)).standard_error));
  const Score exact = respond(features, support::linear_responses(features, 1, 0, 22), asking(false));
  EXPECT_TRUE(std::isinf(exact.value) && std::isnan(exact.standard_error));
  ScoreOptions published = asking(false);
  published.procedure = culogme::Procedure::reference;
  EXPECT_TRUE(std::isnan(respond(features, responses, published).standard_error));
  culogme::Statistics statistics(engine, 3, 2, {Task::regression, Precision::automatic, {}});
  const support::Stored f(features, Scalar::f64), y(responses, Scalar::f64);
  statistics.add(f.view(), y.view());
  const Score summed = culogme::score(statistics, asking(true));
  EXPECT_TRUE(std::isnan(summed.standard_error));
  ASSERT_FALSE(summed.warnings.empty());
  CULOGME_EXPECT_HOLDS(summed.warnings.back(), "statistics keep no rows");
}

TEST_P(StandardErrorTest, DoesNotMoveTheScore) {
  const Data features = support::coarse(500, 9, 23), responses = support::linear_responses(features, 2, 1, 24);
  for (const Precision precision : precisions()) {
    ScoreOptions plain = asking(true, precision);
    plain.standard_error = false;
    const Score with = respond(features, responses, asking(true, precision)),
                without = respond(features, responses, plain);
    support::expect_same_bits(with, without);
    EXPECT_GT(with.standard_error, 0);
  }
}

TEST_P(StandardErrorTest, DifferencesArePaired) {
  const Data features = support::coarse(300, 6, 25), other = support::coarse(300, 6, 26);
  const Data responses = support::linear_responses(features, 2, 1, 27);
  Data blurred = features;
  for (std::size_t i = 0; i < blurred.values.size(); ++i) blurred.values[i] += 0.1 * other.values[i];
  const Score sharp = respond(features, responses, asking(true)), dull = respond(blurred, responses, asking(true));
  const culogme::ScoreDifference difference = culogme::score_difference(sharp, dull);
  EXPECT_EQ(difference.value, sharp.value - dull.value);
  EXPECT_LT(difference.standard_error, sharp.standard_error);  // what is hard for one is hard for the other
  EXPECT_NEAR(difference.probability,
              std::erfc(-difference.value / difference.standard_error / std::numbers::sqrt2) / 2, 1e-15);
  const culogme::ScoreDifference back = culogme::score_difference(dull, sharp);
  EXPECT_EQ(back.value, -difference.value);
  EXPECT_EQ(back.standard_error, difference.standard_error);
  EXPECT_NEAR(back.probability, 1 - difference.probability, 1e-15);
  const culogme::ScoreDifference same = culogme::score_difference(sharp, sharp);
  EXPECT_EQ(same.value, 0);
  EXPECT_EQ(same.standard_error, 0);
  EXPECT_EQ(same.probability, 0.5);
}

TEST_P(StandardErrorTest, DifferencesOfModelsOfUnequalWidth) {
  const Data narrow = support::coarse(900, 4, 31), wide = support::beside(narrow, support::coarse(900, 600, 32));
  const Data responses = support::linear_responses(narrow, 1, 1, 33);
  const Score few = respond(narrow, responses, asking(true)), many = respond(wide, responses, asking(true));
  ASSERT_EQ(few.row_evidence.rows.size(), 900U);
  ASSERT_EQ(many.row_evidence.rows.size(), 434U);  // 2^18 / 604
  culogme::RowEvidence both = many.row_evidence;
  for (std::size_t i = 0; i < both.rows.size(); ++i)
    both.values[i] = few.row_evidence.values[static_cast<std::size_t>(both.rows[i])] - both.values[i];
  for (std::size_t i = 0; i < both.pairs.size(); ++i) both.pairs[i] = few.row_evidence.pairs[i] - both.pairs[i];
  const double expected = error_of(both, few);
  EXPECT_NEAR(culogme::score_difference(few, many).standard_error, expected, 1e-12 * expected);
}

TEST_P(StandardErrorTest, DifferencesOfOtherRowsAreRefused) {
  const Data features = support::coarse(40, 3, 28), responses = support::linear_responses(features, 1, 1, 29);
  const Score all = respond(features, responses, asking(true));
  const Score fewer = respond(support::slice(features, 0, 30), support::slice(responses, 0, 30), asking(true));
  CULOGME_EXPECT_HOLDS(support::message_of<culogme::InvalidArgument>([&] { culogme::score_difference(all, fewer); }),
                       "40 and 30");
  const Score straight = respond(features, responses, asking(false));
  CULOGME_EXPECT_HOLDS(support::message_of<culogme::InvalidArgument>([&] { culogme::score_difference(all, straight); }),
                       "intercept");
  ScoreOptions plain;
  const culogme::ScoreDifference unknown = culogme::score_difference(respond(features, responses, plain), all);
  EXPECT_EQ(unknown.value, 0);
  EXPECT_TRUE(std::isnan(unknown.standard_error) && std::isnan(unknown.probability));
}

}  // namespace
