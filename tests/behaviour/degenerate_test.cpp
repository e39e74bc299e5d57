// Data that has an end or a corner somewhere: empty classes, constant columns, one row, exact fits.

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/score.hpp>

#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

using culogme::Scalar;
using culogme::TargetStatus;
using support::Data;
using tolerance::Products;

constexpr double infinity = std::numeric_limits<double>::infinity();

class DegenerateTest : public support::BackendTest {
 protected:
  culogme::ScoreOptions options = [] {
    culogme::ScoreOptions fp64;
    fp64.precision = culogme::Precision::f64;
    return fp64;
  }();

  culogme::Score classify(const Data& features, const support::Labels& labels, std::int64_t classes) {
    const support::Stored stored(features, Scalar::f64);
    return culogme::score(engine, stored.view(), support::view(labels), classes, options);
  }
  culogme::Score regress(const Data& features, const Data& responses) {
    const support::Stored stored(features, Scalar::f64), targets(responses, Scalar::f64);
    return culogme::score(engine, stored.view(), targets.view(), culogme::Task::regression, options);
  }
  // Score of a classification without intercept, compared with the oracle target by target.
  culogme::Score check(const Data& features, const support::Labels& labels, std::int64_t classes) {
    const culogme::Score score = classify(features, labels, classes);
    const support::Expected expected = support::expect(features, support::one_hot(labels, classes), false);
    support::expect_score(score, expected, Products::f64, support::goes_dual(expected));
    return score;
  }
};
CULOGME_OVER_BACKENDS(DegenerateTest);

TEST_P(DegenerateTest, EmptyClassesAreSkippedAndReported) {
  const Data features = support::normal(48, 6, 1);
  support::Labels labels = support::balanced_labels(48, 3, 2);
  const culogme::Score without = check(features, labels, 3);
  for (std::int32_t& label : labels) label = label * 2 + 1;  // classes 1, 3, 5 of 7
  const culogme::Score with = check(features, labels, 7);
  for (const std::size_t k : {0U, 2U, 4U, 6U}) {
    EXPECT_EQ(with.targets[k].status, TargetStatus::empty);
    EXPECT_EQ(with.targets[k].rows, 0);
  }
  EXPECT_EQ(with.value, without.value);
  EXPECT_EQ(with.null_value, without.null_value);
  EXPECT_EQ(with.targets[3].evidence, without.targets[1].evidence);
}

TEST_P(DegenerateTest, SingleRowClass) {
  const Data features = support::normal(48, 6, 3);
  support::Labels labels = support::balanced_labels(48, 3, 4);
  labels[11] = 3;
  EXPECT_EQ(check(features, labels, 4).targets[3].rows, 1);
}

TEST_P(DegenerateTest, OneClassOnly) {
  const support::Labels labels(48, 0);
  const culogme::Score score = check(support::rectified(48, 6, 0, 2, 5), labels, 1);
  EXPECT_EQ(score.targets[0].rows, 48);
  // With an intercept nothing is left to explain.
  options.intercept = culogme::Intercept::on;
  EXPECT_THROW(classify(support::normal(48, 6, 5), labels, 1), culogme::NumericalError);
}

TEST_P(DegenerateTest, OneClassAndAColumnOfOnesIsUnbounded) {
  Data features = support::normal(48, 6, 6);
  for (std::int64_t i = 0; i < 48; ++i) features(i, 2) = 1;
  const culogme::Score score = check(features, support::Labels(48, 0), 1);
  EXPECT_EQ(score.targets[0].status, TargetStatus::unbounded);
  EXPECT_EQ(score.value, infinity);
}

TEST_P(DegenerateTest, ConstantAndZeroColumns) {
  const support::Labels labels = support::balanced_labels(48, 3, 7);
  Data features = support::normal(48, 6, 8);
  for (std::int64_t i = 0; i < 48; ++i) {
    features(i, 1) = 0;
    features(i, 4) = 0.75;
  }
  EXPECT_EQ(check(features, labels, 3).rank, 5);
}

TEST_P(DegenerateTest, AllConstantFeaturesSeeOnlyTheMean) {
  const support::Labels labels = support::balanced_labels(48, 3, 9);
  Data features(48, 4);
  std::fill(features.values.begin(), features.values.end(), 1.5);
  EXPECT_EQ(check(features, labels, 3).rank, 1);
  options.intercept = culogme::Intercept::on;  // then they see nothing
  const culogme::Score score = classify(features, labels, 3);
  EXPECT_EQ(score.rank, 0);
  for (const culogme::TargetFit& fit : score.targets) EXPECT_EQ(fit.status, TargetStatus::null_limit);
}

TEST_P(DegenerateTest, AllZeroFeaturesAreTheNullModel) {
  const support::Labels labels = support::balanced_labels(48, 3, 10);
  for (const std::int64_t cols : {4, 60}) {  // the primal and the dual
    const culogme::Score score = classify(Data(48, cols), labels, 3);
    EXPECT_EQ(score.rank, 0);
    EXPECT_EQ(score.value, score.null_value);
    for (const culogme::TargetFit& fit : score.targets) {
      EXPECT_EQ(fit.status, TargetStatus::null_limit);
      EXPECT_EQ(fit.alpha, infinity);
    }
  }
}

TEST_P(DegenerateTest, EqualColumnsAndOtherRankDeficiency) {
  const support::Labels labels = support::balanced_labels(48, 3, 11);
  Data features = support::normal(48, 8, 12);
  for (std::int64_t i = 0; i < 48; ++i) {
    features(i, 3) = features(i, 2);
    features(i, 5) = features(i, 4) - features(i, 1);
  }
  EXPECT_EQ(check(features, labels, 3).rank, 6);
  const Data low_rank = support::linear_responses(support::normal(48, 2, 13), 20, 0, 14);  // rank 2 in 20 columns
  EXPECT_EQ(check(low_rank, labels, 3).rank, 2);
}

TEST_P(DegenerateTest, DuplicateRowsInTheDual) {
  Data features = support::normal(10, 30, 15);
  for (std::int64_t j = 0; j < 30; ++j) features(7, j) = features(2, j);
  const support::Labels labels = {0, 1, 0, 1, 0, 1, 0, 0, 0, 1};  // rows 2 and 7 agree
  EXPECT_EQ(check(features, labels, 2).rank, 9);
}

TEST_P(DegenerateTest, OneRow) {
  for (const std::int64_t cols : {1, 5}) {
    const culogme::Score score = check(support::normal(1, cols, 16), {0}, 1);
    EXPECT_EQ(score.targets[0].status, TargetStatus::null_limit);  // the evidence does not depend on t
  }
}

TEST_P(DegenerateTest, ThousandsOfClasses) {
  const std::int64_t classes = 20000, rows = 30000;
  const Data features = support::normal(rows, 3, 17);
  support::Labels labels(static_cast<std::size_t>(rows));
  support::Random random(18);
  for (std::int32_t& label : labels) label = static_cast<std::int32_t>(random.integer(0, classes - 1));
  const culogme::Score score = classify(features, labels, classes);
  ASSERT_EQ(score.targets.size(), static_cast<std::size_t>(classes));
  // Each row of the oracle costs a scan: compare some of the classes.
  std::vector<std::int64_t> counts(static_cast<std::size_t>(classes));
  for (const std::int32_t label : labels) ++counts[static_cast<std::size_t>(label)];
  Data some(rows, 8);
  for (std::int64_t i = 0; i < rows; ++i)
    if (const std::int32_t label = labels[static_cast<std::size_t>(i)]; label % 2500 == 0) some(i, label / 2500) = 1;
  const support::Expected expected = support::expect(features, some, false);
  for (std::int64_t k = 0; k < 8; ++k) {
    const culogme::TargetFit& fit = score.targets[static_cast<std::size_t>(k * 2500)];
    const oracle::Maximum& maximum = expected.targets[static_cast<std::size_t>(k)];
    EXPECT_EQ(support::status_of(fit.status), maximum.status);
    EXPECT_NEAR(fit.evidence, static_cast<double>(maximum.evidence), tolerance::benign_agreement);
    EXPECT_EQ(fit.rows, counts[static_cast<std::size_t>(k * 2500)]);
  }
}

TEST_P(DegenerateTest, AZeroResponseIsEmptyAndTheOthersStand) {
  const Data features = support::normal(40, 5, 19);
  Data responses = support::linear_responses(features, 2, 1, 20);
  for (std::int64_t i = 0; i < 40; ++i) responses(i, 0) = 0;
  for (const culogme::Intercept intercept : {culogme::Intercept::off, culogme::Intercept::on}) {
    options.intercept = intercept;
    const culogme::Score score = regress(features, responses);
    EXPECT_EQ(score.targets[0].status, TargetStatus::empty);
    EXPECT_EQ(score.value, score.targets[1].evidence);
    EXPECT_FALSE(score.warnings.empty());
  }
  EXPECT_THROW(regress(features, Data(40, 2)), culogme::NumericalError);
}

TEST_P(DegenerateTest, AConstantResponseIsEmptyWithAnIntercept) {
  const Data features = support::normal(40, 5, 21);
  Data responses = support::linear_responses(features, 2, 1, 22);
  for (std::int64_t i = 0; i < 40; ++i) responses(i, 0) = 0.1;
  options.intercept = culogme::Intercept::on;
  EXPECT_EQ(regress(features, responses).targets[0].status, TargetStatus::empty);
  options.intercept = culogme::Intercept::off;
  support::expect_score(regress(features, responses), support::expect(features, responses, false), Products::f64);
}

TEST_P(DegenerateTest, AnExactLinearResponseIsUnbounded) {
  const Data features = support::normal(40, 5, 23);
  for (const double shift : {0.0, 3.0}) {
    Data responses = support::linear_responses(features, 2, 0, 24);
    const Data noisy = support::linear_responses(features, 1, 1, 25);
    for (std::int64_t i = 0; i < 40; ++i) {
      responses(i, 0) += shift;
      responses(i, 1) = noisy(i, 0);
    }
    options.intercept = shift == 0 ? culogme::Intercept::off : culogme::Intercept::on;
    const culogme::Score score = regress(features, responses);
    EXPECT_EQ(score.targets[0].status, TargetStatus::unbounded);
    EXPECT_EQ(score.targets[0].evidence, infinity);
    EXPECT_EQ(score.value, infinity);
    EXPECT_EQ(score.targets[1].status, TargetStatus::interior);
    EXPECT_TRUE(std::isfinite(score.targets[1].evidence));
    ASSERT_FALSE(score.warnings.empty());
  }
}

TEST_P(DegenerateTest, AlmostExactIsFinite) {
  const Data features = support::normal(40, 5, 26);
  const Data responses = support::linear_responses(features, 1, 1e-4, 27);
  options.intercept = culogme::Intercept::off;
  const culogme::Score score = regress(features, responses);
  EXPECT_EQ(score.targets[0].status, TargetStatus::interior);
  support::expect_score(score, support::expect(features, responses, false), Products::f64);
}

TEST_P(DegenerateTest, InterpolationLimitInTheDual) {
  // y along the largest directions of wide features: noise explains nothing.
  const Data features = support::with_spectrum(12, 40, support::SpectrumKind::geometric, 10, 28);
  Data responses(12, 1);
  const Data weights = support::normal(40, 1, 29);
  for (std::int64_t i = 0; i < 12; ++i)
    for (std::int64_t j = 0; j < 40; ++j) responses(i, 0) += features(i, j) * weights(j, 0);
  options.intercept = culogme::Intercept::off;
  const support::Expected expected = support::expect(features, responses, false);
  ASSERT_EQ(expected.targets[0].status, oracle::Status::interpolation_limit);
  const culogme::Score score = regress(features, responses);
  EXPECT_EQ(score.targets[0].status, TargetStatus::interpolation_limit);
  support::expect_score(score, expected, Products::f64, true);
}

TEST_P(DegenerateTest, CentredFullRankIsNotUnbounded) {
  // N - 1 contrasts and N - 1 directions: finite, though the centred features explain every target exactly.
  options.intercept = culogme::Intercept::on;
  for (const std::int64_t cols : {9, 10, 11, 12, 30}) {
    SCOPED_TRACE(cols);
    const Data features = support::normal(10, cols, 30);
    const Data responses = support::normal(10, 2, 31);
    const culogme::Score score = regress(features, responses);
    const support::Expected expected = support::expect(features, responses, true);
    support::expect_score(score, expected, Products::f64, support::goes_dual(expected));
    EXPECT_EQ(score.rank, 9);
    EXPECT_TRUE(std::isfinite(score.value));
  }
}

}  // namespace
