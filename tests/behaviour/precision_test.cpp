// What precision promises: bounds that hold, routes that follow the accuracy, warnings where a promise is not kept.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include <culogme/score.hpp>

#include "backend.hpp"
#include "score_stages.hpp"
#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

using culogme::Precision;
using culogme::Route;
using culogme::Scalar;
using support::Data;

class PrecisionTest : public support::BackendTest {
 protected:
  culogme::Score classify(const Data& features, const support::Labels& labels, std::int64_t classes,
                          const culogme::ScoreOptions& options = {}, Scalar scalar = Scalar::f32) {
    const support::Stored stored(features, scalar);
    return culogme::score(engine, stored.view(), support::view(labels), classes, options);
  }
  static bool warns(const culogme::Score& score, const std::string& word) {
    return std::any_of(score.warnings.begin(), score.warnings.end(),
                       [&](const std::string& warning) { return warning.find(word) != std::string::npos; });
  }
  static Data rounded(const Data& data, Scalar scalar = Scalar::f32) { return support::Stored(data, scalar).rounded(); }
};
CULOGME_OVER_BACKENDS(PrecisionTest);

TEST_P(PrecisionTest, BenignFp64AgreesWithTheOracleToTenDigits) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    Data features = support::normal(400, 20, seed);
    const support::Labels labels = support::balanced_labels(400, 4, seed + 20);
    support::separate_classes(features, labels, 4, 0.3, seed + 40);
    const culogme::Score score = classify(features, labels, 4, {}, Scalar::f64);
    const support::Expected expected = support::expect(features, support::one_hot(labels, 4), false);
    support::expect_value(score, expected, tolerance::benign_agreement);
    EXPECT_LE(score.error_bound, tolerance::default_accuracy);
    EXPECT_TRUE(score.warnings.empty()) << score.warnings.front();
  }
}

// The pilot shift at work: without it f32 products lose up to 0.7 of the score on such features.
TEST_P(PrecisionTest, LargeMeansDoNotCostDigits) {
  for (const double mean : {0.0, 10.0, 300.0}) {
    SCOPED_TRACE(mean);
    const Data features = rounded(support::rectified(600, 24, mean, 1.2 * mean + 1, 5));
    const support::Labels labels = support::balanced_labels(600, 5, 6);
    const support::Expected expected = support::expect(features, support::one_hot(labels, 5), false);
    culogme::ScoreOptions options;
    const culogme::Score automatic = classify(features, labels, 5, options);
    support::expect_value(automatic, expected, tolerance::default_accuracy);
    EXPECT_LE(automatic.error_bound, options.accuracy);
    options.precision = Precision::f32;
    const culogme::Score narrow = classify(features, labels, 5, options);
    EXPECT_EQ(narrow.route, Route::gram_f32);
    support::expect_value(narrow, expected, tolerance::default_accuracy);
  }
}

TEST_P(PrecisionTest, TheRouteFollowsPrecisionAndAccuracy) {
  const Data features = rounded(support::rectified(500, 16, 0, 3, 7));
  const support::Labels labels = support::balanced_labels(500, 4, 8);
  const support::Expected expected = support::expect(features, support::one_hot(labels, 4), false);
  culogme::ScoreOptions options;
  support::expect_value(classify(features, labels, 4, options), expected, options.accuracy);
  EXPECT_EQ(classify(features, labels, 4, options, Scalar::f64).route, Route::gram_f64);
  options.accuracy = 1e-10;  // out of reach of f32 products
  const culogme::Score fine = classify(features, labels, 4, options);
  EXPECT_EQ(fine.route, Route::gram_f64);
  support::expect_value(fine, expected, options.accuracy);
  options.precision = Precision::f64;
  options.accuracy = tolerance::default_accuracy;
  EXPECT_EQ(classify(features, labels, 4, options).route, Route::gram_f64);
}

TEST_P(PrecisionTest, StatisticsThatMissTheAccuracySaySo) {
  const Data features = rounded(support::rectified(500, 16, 0, 3, 9));
  const support::Labels labels = support::balanced_labels(500, 4, 10);
  const support::Stored stored(features, Scalar::f32);
  culogme::StatisticsOptions products;
  products.precision = Precision::f32;  // what automatic takes, but for devices whose f64 is as fast
  culogme::Statistics statistics(engine, 16, 4, products);
  statistics.add(stored.view(), support::view(labels));
  culogme::ScoreOptions options;
  const culogme::Score coarse = culogme::score(statistics, options);
  EXPECT_EQ(coarse.route, Route::gram_f32);
  EXPECT_FALSE(warns(coarse, "accuracy"));
  options.accuracy = 1e-12;  // the rows cannot be read again
  const culogme::Score fine = culogme::score(statistics, options);
  EXPECT_EQ(fine.value, coarse.value);
  EXPECT_GT(fine.error_bound, options.accuracy);
  EXPECT_TRUE(warns(fine, "accuracy"));
}

// Every bound holds, whatever the precision: signed, rectified, ill-conditioned, wide.
TEST_P(PrecisionTest, StatedBoundsHold) {
  const auto check = [&](const Data& raw, const char* name) {
    SCOPED_TRACE(name);
    const Data features = rounded(raw);
    const support::Labels labels = support::balanced_labels(raw.rows, 3, 11);
    for (const bool intercept : {false, true}) {
      const support::Expected expected = support::expect(features, support::one_hot(labels, 3), intercept);
      for (const Precision precision : {Precision::automatic, Precision::f32, Precision::f64}) {
        culogme::ScoreOptions options;
        options.precision = precision;
        options.intercept = intercept ? culogme::Intercept::on : culogme::Intercept::off;
        const culogme::Score score = classify(features, labels, 3, options);
        SCOPED_TRACE("error " + std::to_string(std::fabs(score.value - expected.value)) + ", bound " +
                     std::to_string(score.error_bound));
        support::expect_value(score, expected, std::numeric_limits<double>::infinity());
        for (std::size_t k = 0; k < 3; ++k)
          EXPECT_LE(std::fabs(score.targets[k].evidence - static_cast<double>(expected.targets[k].evidence)),
                    score.targets[k].error_bound);
      }
    }
  };
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    check(support::normal(300, 20, seed), "signed");
    check(support::rectified(300, 20, 0, 5, seed), "rectified");
    check(support::rectified(3000, 6, 0, 5, seed), "tall");
    check(support::normal(30, 80, seed), "wide");
    check(support::rectified(25, 24, 0, 5, seed), "almost square");
    for (const double condition : {1e2, 1e3, 1e4, 1e6}) {
      check(support::with_spectrum(200, 16, support::SpectrumKind::geometric, condition, seed), "geometric");
      check(support::with_spectrum(200, 16, support::SpectrumKind::one_large, condition, seed), "one large");
      check(support::with_spectrum(200, 16, support::SpectrumKind::clusters, condition, seed), "clusters");
    }
  }
}

// Half of the rows far from the others: f32 products know nothing of the spread within the halves, and what they leave
// out as noise holds the signal.
TEST_P(PrecisionTest, FarCloudsOfRowsKeepTheirBounds) {
  for (const double distance : {1e3, 1e4, 1e5, 1e6, 1e7})
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      Data raw = support::normal(400, 8, seed);
      for (std::int64_t i = 1; i < raw.rows; i += 2)
        for (std::int64_t j = 0; j < raw.cols; ++j) raw(i, j) += distance;
      const support::Labels labels = support::balanced_labels(400, 3, seed + 30);
      support::separate_classes(raw, labels, 3, 2, seed + 60);
      const Data features = rounded(raw);
      for (const bool intercept : {false, true})
        for (const Precision precision : {Precision::f32, Precision::f64, Precision::automatic}) {
          culogme::ScoreOptions options;
          options.precision = precision;
          options.intercept = intercept ? culogme::Intercept::on : culogme::Intercept::off;
          const culogme::Score score = classify(features, labels, 3, options);
          const support::Expected expected = support::expect(features, support::one_hot(labels, 3), intercept);
          SCOPED_TRACE("distance " + std::to_string(distance) + ", " + culogme::route_name(score.route));
          for (std::size_t k = 0; k < 3; ++k)
            EXPECT_LE(std::fabs(score.targets[k].evidence - static_cast<double>(expected.targets[k].evidence)),
                      score.targets[k].error_bound);
        }
    }
}

TEST_P(PrecisionTest, BoundsAreNotIdle) {
  // A bound of infinity would always hold: on benign data it has to be small.
  const Data features = rounded(support::normal(300, 20, 12));
  const support::Labels labels = support::balanced_labels(300, 3, 13);
  culogme::ScoreOptions options;
  options.precision = Precision::f64;
  EXPECT_LE(classify(features, labels, 3, options).error_bound, tolerance::benign_agreement);
  options.precision = Precision::f32;
  EXPECT_LE(classify(features, labels, 3, options).error_bound, tolerance::default_accuracy);
  // Features that are never on are left out, but hide nothing.
  const culogme::Score dead = classify(support::beside(features, Data(300, 7)), labels, 3, options);
  EXPECT_EQ(dead.rank, 20);
  EXPECT_LE(dead.error_bound, tolerance::default_accuracy);
}

TEST_P(PrecisionTest, NoSignalAsksForTheOrderOfTheRows) {
  // Noise of an intercept model: with some seeds no class beats its null evidence.
  bool seen = false;
  culogme::ScoreOptions options;
  options.intercept = culogme::Intercept::on;
  for (std::uint64_t seed = 0; seed < 40 && !seen; ++seed) {
    const Data features = support::normal(300, 2, seed);
    const culogme::Score score = classify(features, support::balanced_labels(300, 3, seed + 100), 3, options);
    const bool silent = std::all_of(score.targets.begin(), score.targets.end(), [](const culogme::TargetFit& fit) {
      return fit.status == culogme::TargetStatus::null_limit;
    });
    EXPECT_EQ(warns(score, "order"), silent) << "seed " << seed;
    seen = seen || silent;
  }
  EXPECT_TRUE(seen);
}

TEST_P(PrecisionTest, UnboundedTargetsAreNamed) {
  const Data features = support::normal(50, 4, 14);
  const support::Stored x(features, Scalar::f64), y(support::linear_responses(features, 1, 0, 15), Scalar::f64);
  culogme::ScoreOptions options;
  options.intercept = culogme::Intercept::off;
  const culogme::Score score = culogme::score(engine, x.view(), y.view(), culogme::Task::regression, options);
  EXPECT_EQ(score.targets[0].status, culogme::TargetStatus::unbounded);
  EXPECT_TRUE(warns(score, "exact"));
}

TEST_P(PrecisionTest, RepeatsBitByBit) {
  const Data features = support::rectified(700, 40, 0, 2, 16);
  const support::Labels labels = support::balanced_labels(700, 6, 17);
  for (const Precision precision : {Precision::f32, Precision::f64}) {
    culogme::ScoreOptions options;
    options.precision = precision;
    const culogme::Score first = classify(features, labels, 6, options);
    for (int i = 0; i < 3; ++i) support::expect_same_bits(first, classify(features, labels, 6, options));
  }
}

class NarrowChoiceTest : public support::BackendTest {};
CULOGME_OVER_BACKENDS(NarrowChoiceTest);

// Automatic precision tries half products only where a failed try costs next to nothing and a bound of theirs could do.
TEST_P(NarrowChoiceTest, AutomaticTriesHalfProducts) {
  const culogme::detail::Backend& backend = *engine.implementation();
  culogme::ScoreOptions options;
  const auto first = [&](Scalar scalar, culogme::Memory memory, std::int64_t rows) {
    return culogme::detail::first_precision(backend, options, scalar, memory, rows, 2048);
  };
  const Precision usual = first(Scalar::f16, culogme::Memory::host, 50000);
  EXPECT_NE(usual, Precision::half);
  EXPECT_EQ(first(Scalar::f16, culogme::Memory::device, 50000), usual) << "1e-5 is out of reach";
  options.accuracy = 1e-3;
  EXPECT_EQ(first(Scalar::f16, culogme::Memory::host, 50000), usual);
  EXPECT_EQ(first(Scalar::f32, culogme::Memory::device, 50000), usual);
  const Precision here = backend.has_tensor_cores() ? Precision::half : usual;
  EXPECT_EQ(backend.has_tensor_cores(), GetParam() == culogme::Backend::cuda);
  EXPECT_EQ(first(Scalar::f16, culogme::Memory::device, 50000), here);
  EXPECT_EQ(first(Scalar::bf16, culogme::Memory::device, 50000), here);
  EXPECT_NE(first(Scalar::f16, culogme::Memory::device, 100), Precision::half) << "too small";
  const Precision next = culogme::detail::next_precision(backend, Precision::half);
  EXPECT_EQ(next, backend.prefers_f64() ? Precision::f64 : Precision::f32);
  options.procedure = culogme::Procedure::reference;
  EXPECT_EQ(first(Scalar::f16, culogme::Memory::device, 50000), Precision::f64);
}

}  // namespace
