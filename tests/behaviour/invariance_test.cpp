// What changes nothing in exact arithmetic: rotations, scales, zero columns, replicas, orders.

#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include <culogme/score.hpp>

#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

using culogme::Precision;
using culogme::Scalar;
using support::Data;
using tolerance::Products;

/// Classification and regression on the same features, every change compared with the oracle of the unchanged problem.
class InvarianceTest : public support::BackendTest {
 protected:
  Data features = support::rectified(70, 9, 0, 2, 1);
  support::Labels labels = support::balanced_labels(70, 3, 2);
  Data responses = support::linear_responses(features, 2, 1.5, 3);

  static culogme::ScoreOptions options_of(Precision precision, bool intercept) {
    culogme::ScoreOptions options;
    options.precision = precision;
    options.intercept = intercept ? culogme::Intercept::on : culogme::Intercept::off;
    return options;
  }
  culogme::Score classify(const Data& x, const support::Labels& y, Scalar scalar = Scalar::f64,
                          Precision precision = Precision::f64) {
    const support::Stored stored(x, scalar);
    return culogme::score(engine, stored.view(), support::view(y), 3, options_of(precision, false));
  }
  culogme::Score regress(const Data& x, const Data& y, bool intercept) {
    const support::Stored stored(x, Scalar::f64), targets(y, Scalar::f64);
    return culogme::score(engine, stored.view(), targets.view(), culogme::Task::regression,
                          options_of(Precision::f64, intercept));
  }
  // The score of changed features is that of `features`; roundings are those of the changed ones.
  void expect_unchanged(const Data& changed) {
    const auto compare = [&](const culogme::Score& score, support::Expected expected) {
      expected.norms = tolerance::norms_of(changed);
      const bool dual = support::goes_dual(expected);
      support::expect_value(score, expected, support::value_bound(expected, Products::f64, dual));
    };
    compare(classify(changed, labels), support::expect(features, support::one_hot(labels, 3), false));
    for (const bool intercept : {false, true})
      compare(regress(changed, responses, intercept), support::expect(features, responses, intercept));
  }
};
CULOGME_OVER_BACKENDS(InvarianceTest);

TEST_P(InvarianceTest, Rotation) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) expect_unchanged(support::rotated(features, seed));
}

TEST_P(InvarianceTest, ZeroColumns) {
  expect_unchanged(support::beside(features, Data(70, 1)));
  expect_unchanged(support::beside(Data(70, 23), features));
  expect_unchanged(support::beside(features, Data(70, 100)));  // through the dual
}

TEST_P(InvarianceTest, ReplicatedColumns) {
  Data twice = support::beside(features, features);
  expect_unchanged(twice);
  expect_unchanged(support::beside(twice, twice));
  for (int i = 0; i < 7; ++i) twice = support::beside(twice, features);
  expect_unchanged(twice);  // 81 columns: through the dual
}

TEST_P(InvarianceTest, AnyScale) {
  // Scaling moves the spectrum of the expectation, not its evidence: compare values only.
  for (const double factor : {3.7, -0.013}) {
    const Data changed = support::scaled(features, factor);
    const support::Expected expected = support::expect(features, support::one_hot(labels, 3), false);
    support::expect_value(classify(changed, labels), expected, 2 * support::value_bound(expected, Products::f64));
  }
}

// Powers of two change exponents only: every number that does not carry the scale keeps its bits.
TEST_P(InvarianceTest, PowersOfTwoChangeNoBit) {
  const auto compare = [&](Scalar scalar, Precision precision, int exponent) {
    SCOPED_TRACE(std::string(culogme::scalar_name(scalar)) + " times 2^" + std::to_string(exponent));
    // Coarse enough for every type, zero or at least 2^-6, so that nothing is lost at either end of f16.
    const Data base = support::coarse(70, 9, 4);
    const culogme::Score plain = classify(base, labels, scalar, precision);
    const culogme::Score moved = classify(support::scaled(base, std::ldexp(1, exponent)), labels, scalar, precision);
    EXPECT_EQ(plain.value, moved.value);
    EXPECT_EQ(plain.rank, moved.rank);
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_EQ(plain.targets[k].evidence, moved.targets[k].evidence);
      EXPECT_EQ(plain.targets[k].beta, moved.targets[k].beta);
      EXPECT_EQ(plain.targets[k].gamma, moved.targets[k].gamma);
      EXPECT_EQ(plain.targets[k].status, moved.targets[k].status);
      const double alpha = std::ldexp(plain.targets[k].alpha, 2 * exponent);
      if (std::isnormal(alpha)) {
        EXPECT_EQ(moved.targets[k].alpha, alpha);
      }
    }
  };
  for (const int exponent : {3, 13, -8}) compare(Scalar::f16, Precision::automatic, exponent);
  for (const int exponent : {60, -70, 120, -110}) {
    compare(Scalar::bf16, Precision::automatic, exponent);
    compare(Scalar::f32, Precision::automatic, exponent);
    compare(Scalar::f32, Precision::f64, exponent);
  }
  for (const int exponent : {60, -70, 600, -600, 1000, -1000}) compare(Scalar::f64, Precision::f64, exponent);
  compare(Scalar::f64, Precision::f32, 600);
}

TEST_P(InvarianceTest, PowersOfTwoFromStatisticsAndInTheDual) {
  const Data base = support::coarse(20, 30, 5);
  const support::Labels few = support::balanced_labels(20, 3, 6);
  EXPECT_EQ(classify(base, few).value, classify(support::scaled(base, 0x1p600), few).value);
  const auto from_statistics = [&](double factor) {
    const support::Stored stored(support::scaled(base, factor), Scalar::f64);
    culogme::Statistics statistics(engine, 30, 3);
    statistics.add(stored.view(0, 13), support::view(few, 0, 13));
    statistics.add(stored.view(13, 7), support::view(few, 13, 7));
    return culogme::score(statistics).value;
  };
  EXPECT_EQ(from_statistics(1), from_statistics(0x1p-600));
}

// Later rows may be far larger than the first ones: the exponent grows with them.
TEST_P(InvarianceTest, LaterRowsMayBeVeryMuchLarger) {
  Data growing = support::coarse(3000, 4, 7);
  for (std::int64_t i = 2000; i < 3000; ++i)
    for (std::int64_t j = 0; j < 4; ++j) growing(i, j) = std::ldexp(growing(i, j), 400);
  const support::Labels many = support::balanced_labels(3000, 3, 8);
  const support::Stored stored(growing, Scalar::f64);
  const support::Expected expected = support::expect(growing, support::one_hot(many, 3), false);
  culogme::Statistics statistics(engine, 4, 3);
  for (std::int64_t first = 0; first < 3000; first += 500)
    statistics.add(stored.view(first, 500), support::view(many, first, 500));
  support::expect_value(culogme::score(statistics), expected, tolerance::default_accuracy);
}

TEST_P(InvarianceTest, OrderOfRowsAndClasses) {
  const support::Expected expected = support::expect(features, support::one_hot(labels, 3), false);
  const double bound = support::value_bound(expected, Products::f64);
  const culogme::Score plain = classify(features, labels);
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const std::vector<std::int64_t> order = support::shuffled(70, seed);
    support::expect_value(classify(support::permute_rows(features, order), support::permute(labels, order)), expected,
                          bound);
  }
  support::Labels other = labels;
  for (std::int32_t& label : other) label = (label + 1) % 3;
  const culogme::Score renamed = classify(features, other);
  for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(renamed.targets[(k + 1) % 3].evidence, plain.targets[k].evidence);
  support::expect_value(renamed, expected, bound);
}

// Sums of integers are exact in any order.
TEST_P(InvarianceTest, OrderOfIntegerRowsChangesNoBit) {
  const Data base = support::integers(200, 9, 9);
  const support::Labels classes = support::balanced_labels(200, 3, 10);
  for (const Precision precision : {Precision::f32, Precision::f64}) {
    const culogme::Score plain = classify(base, classes, Scalar::f32, precision);
    const std::vector<std::int64_t> order = support::shuffled(200, 11);
    support::expect_same_bits(
        plain, classify(support::permute_rows(base, order), support::permute(classes, order), Scalar::f32, precision));
  }
}

TEST_P(InvarianceTest, ScaledResponsesLoseTheLogarithm) {
  for (const bool intercept : {false, true}) {
    const support::Expected expected = support::expect(features, responses, intercept);
    const double bound = support::value_bound(expected, Products::f64);
    for (const double factor : {2.0, 1000.0, 0x1p-300, 0x1p400, 1e-7}) {
      SCOPED_TRACE(factor);
      const culogme::Score score = regress(features, support::scaled(responses, factor), intercept);
      EXPECT_LE(std::fabs(score.value - (expected.value - std::log(factor))),
                2 * bound + tolerance::reordered(1, 1, std::fabs(std::log(factor))));
    }
  }
}

TEST_P(InvarianceTest, AShiftOfResponsesOrFeaturesIsFreeWithAnIntercept) {
  const support::Expected expected = support::expect(features, responses, true);
  const double bound = support::value_bound(expected, Products::f64);
  for (const double shift : {1.0, -1024.0, 65536.0}) {
    SCOPED_TRACE(shift);
    const double unit = tolerance::unit_f64 * std::fabs(shift);  // the shifted numbers are rounded to this once
    Data moved = responses, moved_features = features;
    for (double& y : moved.values) y += shift;
    for (double& x : moved_features.values) x += shift;
    // Relative to a spread of about one, for every row and column.
    const double limit = bound + 70 * 9 * unit;
    EXPECT_LE(std::fabs(regress(features, moved, true).value - expected.value), limit);
    EXPECT_LE(std::fabs(regress(moved_features, responses, true).value - expected.value), limit);
    EXPECT_GT(std::fabs(regress(features, moved, false).value - regress(features, responses, false).value), limit);
  }
}

}  // namespace
