// Problems with more than one maximum, and data on which simple code picks the wrong one.

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <culogme/score.hpp>

#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

using culogme::Scalar;
using support::Data;
using tolerance::Products;

constexpr double infinity = std::numeric_limits<double>::infinity();

class MaximaTest : public support::BackendTest {
 protected:
  culogme::Score regress(const Data& features, const Data& responses, bool intercept) {
    culogme::ScoreOptions options;
    options.precision = culogme::Precision::f64;
    options.intercept = intercept ? culogme::Intercept::on : culogme::Intercept::off;
    const support::Stored stored(features, Scalar::f64), targets(responses, Scalar::f64);
    return culogme::score(engine, stored.view(), targets.view(), culogme::Task::regression, options);
  }

  // Within the first-order bound where it holds, and always within the bound that the score states.
  void check(const Data& features, const Data& responses, bool intercept) {
    const support::Expected expected = support::expect(features, responses, intercept);
    const culogme::Score score = regress(features, responses, intercept);
    const bool dual = support::goes_dual(expected);
    if (support::first_order_holds(expected, Products::f64, dual)) {
      support::expect_score(score, expected, Products::f64, dual);
    } else {
      support::expect_value(score, expected, infinity);
    }
  }
};
CULOGME_OVER_BACKENDS(MaximaTest);

// A few columns of very unlike size, each with its own share of y.
void heavy_tailed(std::uint64_t seed, Data& features, Data& responses) {
  support::Random random(seed);
  const std::int64_t rows = random.integer(6, 12), cols = random.integer(2, 6);
  features = support::normal(rows, cols, seed + 1000000);
  responses = support::scaled(support::normal(rows, 1, seed + 2000000), std::exp(random.normal()));
  for (std::int64_t j = 0; j < cols; ++j) {
    const double size = std::exp(2 * random.normal()), share = std::exp(1.5 * random.normal()) / size;
    for (std::int64_t i = 0; i < rows; ++i) {
      features(i, j) *= size;
      responses(i, 0) += share * features(i, j);
    }
  }
}

TEST_P(MaximaTest, TheGlobalMaximumOfThousandsOfHeavyTailedSpectra) {
  int several = 0, compared = 0, nulls = 0;
  const int seeds = 3000;
  for (int seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Data features, responses;
    heavy_tailed(static_cast<std::uint64_t>(seed), features, responses);
    const support::Expected expected = support::expect(features, responses, false);
    const culogme::Score score = regress(features, responses, false);
    int interior = 0;
    for (const oracle::Candidate& candidate : expected.targets[0].candidates)
      interior += candidate.status == oracle::Status::interior ? 1 : 0;
    several += interior > 1 ? 1 : 0;
    nulls += expected.targets[0].status == oracle::Status::null_limit && interior > 0 ? 1 : 0;
    if (support::first_order_holds(expected, Products::f64, support::goes_dual(expected))) {
      ++compared;
      support::expect_score(score, expected, Products::f64, support::goes_dual(expected));
    } else {
      support::expect_value(score, expected, infinity);
    }
    if (HasFailure()) return;  // one seed says enough
  }
  // The test is about competition: it must have happened.
  EXPECT_GT(several, seeds / 50);
  EXPECT_GT(nulls, 0);
  EXPECT_GT(compared, seeds * 9 / 10);
}

TEST_P(MaximaTest, ACommonMeanOfThousandWithSpreadOne) {
  for (const bool intercept : {false, true}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed) + (intercept ? ", intercept" : ""));
      Data features = support::normal(60, 5, seed);
      const Data responses =
          support::linear_responses(features, 1, std::exp2(static_cast<double>(seed % 7)), seed + 50);
      for (double& x : features.values) x += 1000;
      check(features, responses, intercept);
    }
  }
}

TEST_P(MaximaTest, NamedSpectraUpToConditionTenToTheEight) {
  using support::SpectrumKind;
  for (const SpectrumKind kind :
       {SpectrumKind::geometric, SpectrumKind::one_large, SpectrumKind::one_small, SpectrumKind::clusters}) {
    for (const double condition : {1e2, 1e4, 1e6, 1e8}) {
      for (const auto& [rows, cols] : {std::pair<std::int64_t, std::int64_t>{60, 12}, {12, 60}, {20, 20}}) {
        SCOPED_TRACE(std::string(support::spectrum_kind_name(kind)) + ", condition " + std::to_string(condition) +
                     ", " + std::to_string(rows) + " x " + std::to_string(cols));
        const Data features = support::with_spectrum(rows, cols, kind, condition, 7);
        check(features, support::linear_responses(features, 2, 0.01, 8), false);
        check(features, support::normal(rows, 2, 9), false);
      }
    }
  }
}

TEST_P(MaximaTest, ColumnsOfUnlikeScales) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Data features = support::normal(50, 6, seed);
    Data responses = support::linear_responses(features, 1, 0.5, seed + 10);
    for (std::int64_t i = 0; i < 50; ++i)
      for (std::int64_t j = 0; j < 6; ++j) features(i, j) *= std::ldexp(1, static_cast<int>(4 * j) - 8);
    check(features, responses, false);
    check(features, responses, true);
  }
}

TEST_P(MaximaTest, NoiseEndsAtTheNullLimitWithTheNullEvidence) {
  int nulls = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Data features = support::normal(80, 6, seed), responses = support::normal(80, 1, seed + 500);
    check(features, responses, false);
    const culogme::Score score = regress(features, responses, false);
    if (score.targets[0].status != culogme::TargetStatus::null_limit) continue;
    ++nulls;
    EXPECT_EQ(score.value, score.null_value);
    EXPECT_EQ(score.targets[0].alpha, infinity);
    EXPECT_EQ(score.targets[0].gamma, 0);
  }
  EXPECT_GT(nulls, 0);
}

TEST_P(MaximaTest, TheEvidenceIsNeverBelowTheNull) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Data features = support::rectified(50, 9, 0, 3, seed), responses = support::normal(50, 3, seed + 900);
    for (const culogme::TargetFit& fit : regress(features, responses, true).targets)
      EXPECT_GE(fit.evidence, fit.null_evidence);
  }
}

}  // namespace
