// ScoreOptions::eigenvalues: the spectrum that the evidence was taken from, against the oracle's.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/score.hpp>
#include <culogme/statistics.hpp>

#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"
#include "support/tolerance.hpp"

namespace {

using culogme::Precision;
using culogme::Route;
using culogme::Scalar;
using support::Data;
using tolerance::Products;

class EigenvaluesTest : public support::BackendTest {
 protected:
  EigenvaluesTest() { options.eigenvalues = true; }

  culogme::Score score(const Data& features, const Data& responses, bool intercept, Scalar scalar = Scalar::f64) {
    options.intercept = intercept ? culogme::Intercept::on : culogme::Intercept::off;
    const support::Stored x(features, scalar), y(responses, Scalar::f64);
    return culogme::score(engine, x.view(), y.view(), culogme::Task::regression, options);
  }

  /// By Weyl no eigenvalue moves by more than the spectral norm of the error of the matrix. The dual matrix has sums
  /// over columns, and its order is the number of rows.
  static void expect_spectrum(const culogme::Score& score, const support::Expected& expected, Products products) {
    tolerance::Norms norms = expected.norms;
    norms.rows = norms.cols = std::max(norms.rows, norms.cols);
    const double bound = tolerance::gram_error(norms, products, expected.intercept);
    ASSERT_EQ(static_cast<std::int64_t>(score.eigenvalues.size()), score.rank);
    ASSERT_EQ(score.eigenvalues.size(), expected.spectrum.rank());
    EXPECT_TRUE(std::is_sorted(score.eigenvalues.rbegin(), score.eigenvalues.rend()));
    for (std::size_t i = 0; i < score.eigenvalues.size(); ++i)
      EXPECT_NEAR(score.eigenvalues[i], static_cast<double>(expected.spectrum.eigenvalues[i]), bound) << i;
  }

  culogme::ScoreOptions options;
};
CULOGME_OVER_BACKENDS(EigenvaluesTest);

TEST_P(EigenvaluesTest, AreTheOraclesOnEachRoute) {
  for (const bool intercept : {false, true}) {
    for (const auto& [rows, cols] : {std::pair{60, 7}, {200, 33}, {9, 30}, {1, 4}, {12, 12}}) {
      if (intercept && rows == 1) continue;
      SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(cols) + (intercept ? " with intercept" : ""));
      const Data features = support::rectified(rows, cols, 0, 2, 5), responses = support::normal(rows, 2, 6);
      const support::Expected expected = support::expect(features, responses, intercept);
      const culogme::Score result = score(features, responses, intercept);
      EXPECT_EQ(result.route, support::goes_dual(expected) ? Route::dual_gram : Route::gram_f64);
      expect_spectrum(result, expected, Products::f64);
    }
  }
}

TEST_P(EigenvaluesTest, OfProductsInSinglePrecision) {
  options.precision = Precision::f32;
  const Data features = support::coarse(300, 12, 3), responses = support::normal(300, 1, 4);
  const culogme::Score result = score(features, responses, false, Scalar::f32);
  EXPECT_EQ(result.route, Route::gram_f32);
  expect_spectrum(result, support::expect(features, responses, false), Products::f32);
}

TEST_P(EigenvaluesTest, OfSingularValuesKeepTheSmallOnes) {
  options.precision = Precision::svd;
  const Data features = support::with_spectrum(80, 9, support::SpectrumKind::geometric, 1e10, 8);
  const Data responses = support::normal(80, 1, 9);
  const support::Expected expected = support::expect(features, responses, false);
  const culogme::Score result = score(features, responses, false);
  ASSERT_EQ(result.route, Route::svd);
  ASSERT_EQ(result.eigenvalues.size(), expected.spectrum.rank());
  for (std::size_t i = 0; i < result.eigenvalues.size(); ++i) {
    // Singular values move by at most the error of the factor: 30 (N + D) u of its norm.
    const double exact = std::sqrt(static_cast<double>(expected.spectrum.eigenvalues[i]));
    EXPECT_NEAR(std::sqrt(result.eigenvalues[i]), exact,
                30 * 89 * tolerance::unit_f64 * std::sqrt(expected.norms.total))
        << i;
  }
}

TEST_P(EigenvaluesTest, LeaveOutDirectionsThatAreNoise) {
  Data features = support::integers(50, 6, 1);  // sums of two are exact, so the oracle finds the same rank
  for (std::int64_t i = 0; i < 50; ++i) features(i, 5) = features(i, 0) + features(i, 1);
  const Data responses = support::normal(50, 1, 2);
  const culogme::Score result = score(features, responses, false);
  EXPECT_EQ(result.rank, 5);
  expect_spectrum(result, support::expect(features, responses, false), Products::f64);
  EXPECT_TRUE(score(Data(50, 3), responses, false).eigenvalues.empty());  // features that are all zero
}

TEST_P(EigenvaluesTest, AreInTheUnitsOfTheFeatures) {
  const Data features = support::coarse(40, 5, 1), responses = support::normal(40, 1, 2);
  const std::vector<double> once = score(features, responses, false).eigenvalues;
  ASSERT_EQ(once.size(), 5U);
  for (const int power : {-400, -3, 20, 300}) {
    const std::vector<double> other =
        score(support::scaled(features, std::ldexp(1.0, power)), responses, false).eigenvalues;
    ASSERT_EQ(other.size(), once.size());
    for (std::size_t i = 0; i < once.size(); ++i) EXPECT_EQ(other[i], std::ldexp(once[i], 2 * power)) << power;
  }
}

TEST_P(EigenvaluesTest, OfStatisticsAndThePublishedProcedureAreTheSame) {
  const Data features = support::normal(90, 8, 3);
  const support::Labels labels = support::balanced_labels(90, 3, 4);
  const support::Stored x(features, Scalar::f64);
  culogme::Statistics statistics(engine, 8, 3);
  statistics.add(x.view(0, 50), support::view(labels, 0, 50));
  statistics.add(x.view(50, 40), support::view(labels, 50, 40));
  const support::Expected expected = support::expect(features, support::one_hot(labels, 3), false);
  expect_spectrum(culogme::score(statistics, options), expected, Products::f64);
  options.procedure = culogme::Procedure::reference;
  expect_spectrum(culogme::score(statistics, options), expected, Products::f64);
}

TEST_P(EigenvaluesTest, AreNotThereUnaskedAndChangeNothingElse) {
  const Data features = support::normal(70, 6, 7), responses = support::normal(70, 2, 8);
  const culogme::Score with = score(features, responses, true);
  options.eigenvalues = false;
  const culogme::Score without = score(features, responses, true);
  EXPECT_FALSE(with.eigenvalues.empty());
  EXPECT_TRUE(without.eigenvalues.empty());
  support::expect_same_bits(with, without);
}

}  // namespace
