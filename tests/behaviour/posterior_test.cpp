// Weights, predictions and leave-one-out residuals against conditioned normal distributions, which know no weights.

#include <culogme/posterior.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/error.hpp>

#include "oracle/posterior.hpp"
#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"
#include "support/tolerance.hpp"

namespace {

using culogme::InvalidArgument;
using culogme::Posterior;
using culogme::Prediction;
using culogme::Scalar;
using culogme::ScoreOptions;
using culogme::Statistics;
using culogme::Task;
using support::Data;

ScoreOptions with_intercept(bool on) {
  ScoreOptions options;
  options.intercept = on ? culogme::Intercept::on : culogme::Intercept::off;
  return options;
}

class PosteriorTest : public support::BackendTest {
 protected:
  Statistics regression(const Data& features, const Data& responses) {
    Statistics statistics(engine, features.cols, responses.cols, {Task::regression});
    const support::Stored f(features, Scalar::f64, {3, 8}), y(responses, Scalar::f64);
    statistics.add(f.view(), y.view());
    return statistics;
  }

  /// Means and deviations of `rows` by the definition, with the alpha and beta that the library found.
  static void expect_predictions(const Posterior& posterior, const Data& features, const Data& targets,
                                 const Data& rows, double tolerance) {
    const oracle::Problem problem = support::problem_of(features, targets);
    const support::Stored stored(rows, Scalar::f64, {2, 0});
    const Prediction prediction = posterior.predict(stored.view());
    ASSERT_EQ(prediction.rows, rows.rows);
    ASSERT_EQ(prediction.targets, targets.cols);
    for (std::int64_t i = 0; i < rows.rows; ++i)
      for (std::int64_t k = 0; k < targets.cols; ++k) {
        const culogme::TargetFit& fit = posterior.score().targets[static_cast<std::size_t>(k)];
        const oracle::Normal expected =
            oracle::predict(problem, static_cast<std::size_t>(k), fit.alpha, fit.beta, posterior.score().intercept,
                            support::row_of(rows, i), problem.features.rows);
        const auto at = static_cast<std::size_t>(i * targets.cols + k);
        const double deviation = std::sqrt(static_cast<double>(expected.variance));
        EXPECT_NEAR(prediction.mean[at], static_cast<double>(expected.mean), tolerance * deviation) << i << ", " << k;
        EXPECT_NEAR(prediction.deviation[at], deviation, tolerance * deviation) << i << ", " << k;
      }
  }
};
CULOGME_OVER_BACKENDS(PosteriorTest);

TEST_P(PosteriorTest, PredictsAsTheJointDistributionSays) {
  const Data features = support::coarse(50, 7, 3), rows = support::coarse(9, 7, 4);
  const Data responses = support::linear_responses(features, 3, 0.7, 5);
  for (const bool intercept : {false, true}) {
    SCOPED_TRACE(intercept ? "intercept" : "no intercept");
    const Posterior posterior(regression(features, responses), with_intercept(intercept));
    expect_predictions(posterior, features, responses, rows, tolerance::prediction(features.rows, features.cols));
  }
}

TEST_P(PosteriorTest, KeepsItsDigitsFarFromTheOriginAndInOtherUnits) {
  Data features = support::scaled(support::coarse(60, 5, 6), 0x1p-40);
  Data rows = support::scaled(support::coarse(4, 5, 7), 0x1p-40);
  for (Data* const data : {&features, &rows})
    for (double& value : data->values) value += 0x1p-34;
  Data responses = support::scaled(support::linear_responses(support::scaled(features, 0x1p40), 2, 0.5, 8), 1e6);
  for (double& value : responses.values) value += 3e7;
  const Posterior posterior(regression(features, responses), with_intercept(true));
  // Means 64 times the spread: so many times the rounding of a row counts.
  expect_predictions(posterior, features, responses, rows, 64 * tolerance::prediction(features.rows, features.cols));
  const std::vector<double> weights = posterior.weights(), intercepts = posterior.intercepts();
  const support::Stored stored(rows, Scalar::f64);
  const Prediction prediction = posterior.predict(stored.view());
  for (std::int64_t i = 0; i < rows.rows; ++i)
    for (std::int64_t k = 0; k < 2; ++k) {
      double mean = intercepts[static_cast<std::size_t>(k)], magnitude = std::fabs(mean);
      for (std::int64_t j = 0; j < 5; ++j) {
        const double term = rows(i, j) * weights[static_cast<std::size_t>(k * 5 + j)];
        mean += term;
        magnitude += std::fabs(term);
      }
      EXPECT_NEAR(mean, prediction.mean[static_cast<std::size_t>(i * 2 + k)],
                  tolerance::prediction(features.rows, features.cols) * magnitude);
    }
}

TEST_P(PosteriorTest, ClassesWithoutRowsAreNeverPredicted) {
  Data features = support::coarse(60, 6, 9);
  const support::Labels labels = support::balanced_labels(60, 3, 10);
  support::separate_classes(features, labels, 3, 6, 11);
  Statistics statistics(engine, 6, 4, {});
  const support::Stored stored(features, Scalar::f32);
  statistics.add(stored.view(), support::view(labels));
  const Posterior posterior(statistics);
  const Prediction prediction = posterior.predict(stored.view());
  const culogme::ClassPrediction classes = posterior.classes(prediction);
  EXPECT_EQ(classes.label, labels);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double* const p = classes.probability.data() + 4 * i;
    EXPECT_EQ(p[3], 0);
    EXPECT_NEAR(std::accumulate(p, p + 4, 0.0), 1, tolerance::unit_f64 * 8);
    EXPECT_EQ(std::max_element(p, p + 4) - p, labels[i]);
  }
  for (std::size_t j = 0; j < 6; ++j) EXPECT_EQ(posterior.weights()[3 * 6 + j], 0);
}

TEST_P(PosteriorTest, LeavesOneRowOut) {
  const Data features = support::coarse(30, 5, 12);
  const Data responses = support::linear_responses(features, 2, 0.8, 13);
  const support::Stored f(features, Scalar::f64, {1, 8}), y(responses, Scalar::f64, {2, 0});
  const oracle::Problem problem = support::problem_of(features, responses);
  for (const bool intercept : {false, true}) {
    SCOPED_TRACE(intercept ? "intercept" : "no intercept");
    const Posterior posterior(regression(features, responses), with_intercept(intercept));
    const std::vector<double> residuals = posterior.leave_one_out(f.view(), y.view());
    ASSERT_EQ(residuals.size(), static_cast<std::size_t>(30 * 2));
    for (std::int64_t i = 0; i < 30; ++i)
      for (std::int64_t k = 0; k < 2; ++k) {
        const culogme::TargetFit& fit = posterior.score().targets[static_cast<std::size_t>(k)];
        const oracle::Normal other =
            oracle::predict(problem, static_cast<std::size_t>(k), fit.alpha, fit.beta, intercept,
                            support::row_of(features, i), static_cast<std::size_t>(i));
        EXPECT_NEAR(residuals[static_cast<std::size_t>(i * 2 + k)], responses(i, k) - static_cast<double>(other.mean),
                    tolerance::prediction(30, 5) * std::sqrt(static_cast<double>(other.variance)));
      }
  }
}

TEST_P(PosteriorTest, LeavesOneLabelOut) {
  Data features = support::coarse(40, 4, 14);
  const support::Labels labels = support::balanced_labels(40, 2, 15);
  support::separate_classes(features, labels, 2, 1, 26);
  const std::vector<std::int64_t> wide(labels.begin(), labels.end());
  Statistics statistics(engine, 4, 2, {});
  const support::Stored stored(features, Scalar::f64);
  statistics.add(stored.view(), support::view(labels));
  const Posterior posterior(statistics, with_intercept(true));
  const std::vector<double> given = posterior.leave_one_out(stored.view(), support::view(labels));
  EXPECT_EQ(given, posterior.leave_one_out(stored.view(), culogme::label_view(culogme::Memory::host, wide.data(), 40)));
  const oracle::Problem problem = support::problem_of(features, support::one_hot(labels, 2));
  const culogme::TargetFit& fit = posterior.score().targets[1];
  ASSERT_EQ(fit.status, culogme::TargetStatus::interior);
  for (std::int64_t i = 0; i < 40; ++i) {
    const oracle::Normal other = oracle::predict(problem, 1, fit.alpha, fit.beta, true, support::row_of(features, i),
                                                 static_cast<std::size_t>(i));
    EXPECT_NEAR(given[static_cast<std::size_t>(2 * i + 1)],
                (labels[static_cast<std::size_t>(i)] == 1 ? 1 : 0) - static_cast<double>(other.mean),
                tolerance::prediction(40, 4));
  }
}

TEST_P(PosteriorTest, WithoutSignalTheMeanIsPredicted) {
  const Data features = support::coarse(400, 3, 16);
  Data responses(400, 1);
  support::Random random(17);
  for (double& value : responses.values) value = 5 + random.normal();
  const Posterior posterior(regression(features, responses), with_intercept(true));
  ASSERT_EQ(posterior.score().targets[0].status, culogme::TargetStatus::null_limit);
  const double mean = std::accumulate(responses.values.begin(), responses.values.end(), 0.0) / 400;
  double square = 0;
  for (const double value : responses.values) square += (value - mean) * (value - mean);
  const support::Stored stored(support::slice(features, 0, 5), Scalar::f64);
  const Prediction prediction = posterior.predict(stored.view());
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(prediction.mean[i], mean, tolerance::prediction(400, 3) * mean);
    EXPECT_NEAR(prediction.deviation[i], std::sqrt(square / 399 * (1 + 1.0 / 400)), tolerance::prediction(400, 3));
  }
  EXPECT_EQ(posterior.weights(), std::vector<double>(3, 0));
}

TEST_P(PosteriorTest, AnInterpolatingModelGivesItsRowsBackAndIsUnsureElsewhere) {
  const Data features = support::coarse(6, 10, 18);
  const Data responses = support::linear_responses(features, 1, 0.1, 19);
  const Posterior posterior(regression(features, responses), with_intercept(false));
  ASSERT_EQ(posterior.score().targets[0].status, culogme::TargetStatus::interpolation_limit);
  const support::Stored stored(features, Scalar::f64), y(responses, Scalar::f64);
  const Prediction known = posterior.predict(stored.view());
  const support::Stored elsewhere(support::coarse(3, 10, 20), Scalar::f64);
  const Prediction unknown = posterior.predict(elsewhere.view());
  const double scale = std::sqrt(1 / posterior.score().targets[0].alpha);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(known.mean[i], responses.values[i], tolerance::prediction(6, 10) * 100);
    EXPECT_LT(known.deviation[i], 1e-6 * scale);
  }
  for (std::size_t i = 0; i < 3; ++i) EXPECT_GT(unknown.deviation[i], 0.1 * scale);
  for (const double residual : posterior.leave_one_out(stored.view(), y.view())) EXPECT_TRUE(std::isnan(residual));
}

TEST_P(PosteriorTest, IsTheSameFromASavedFileAndForEveryElementType) {
  const Data features = support::coarse(80, 6, 21);
  const Data responses = support::linear_responses(features, 2, 0.5, 22);
  const Statistics statistics = regression(features, responses);
  std::stringstream file;
  statistics.save(file);
  const Posterior first(statistics), second(Statistics::load(engine, file));
  EXPECT_EQ(first.weights(), second.weights());
  const support::Stored wide(features, Scalar::f64);
  const Prediction expected = first.predict(wide.view());
  for (const Scalar scalar : {Scalar::f16, Scalar::bf16, Scalar::f32}) {
    const support::Stored narrow(features, scalar, {5, 2});
    const Prediction given = first.predict(narrow.view());
    EXPECT_EQ(given.mean, expected.mean);
    EXPECT_EQ(given.deviation, expected.deviation);
  }
}

TEST_P(PosteriorTest, RefusesWhatDoesNotFit) {
  Data features = support::coarse(20, 4, 23);
  const Data responses = support::linear_responses(features, 1, 0.5, 24);
  const Statistics statistics = regression(features, responses);
  ScoreOptions published;
  published.procedure = culogme::Procedure::reference;
  EXPECT_THROW(Posterior(statistics, published), InvalidArgument);
  EXPECT_THROW(Posterior(Statistics(engine, 4, 1, {Task::regression})), InvalidArgument);
  const Posterior posterior(statistics);
  const support::Stored narrow(support::coarse(2, 3, 25), Scalar::f64), stored(features, Scalar::f64);
  const support::Labels labels(20, 0);
  EXPECT_THROW(posterior.predict(narrow.view()), InvalidArgument);
  EXPECT_THROW(posterior.leave_one_out(stored.view(), support::view(labels)), InvalidArgument);
  EXPECT_THROW(posterior.classes(posterior.predict(stored.view())), InvalidArgument);
  features(7, 2) = std::numeric_limits<double>::quiet_NaN();
  const support::Stored bad(features, Scalar::f64);
  try {
    posterior.predict(bad.view());
    ADD_FAILURE() << "NaN was predicted from";
  } catch (const culogme::NumericalError& error) {
    EXPECT_NE(std::string(error.what()).find("row 7, column 2"), std::string::npos) << error.what();
  }
}

}  // namespace
