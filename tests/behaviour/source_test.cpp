// LEEP and NCE against their definitions, and what must not change a bit of their sums.

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/source.hpp>

#include "oracle/source.hpp"
#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"
#include "support/tolerance.hpp"

namespace {

using culogme::Scalar;
using culogme::SourceInput;
using culogme::SourceOptions;
using culogme::SourceScore;
using culogme::SourceStatistics;
using support::Data;
using support::Labels;
using support::Stored;

constexpr Scalar all_scalars[] = {Scalar::f16, Scalar::bf16, Scalar::f32, Scalar::f64};

void expect_measure(const SourceScore& score, const oracle::Measure& expected, double tolerance) {
  EXPECT_NEAR(score.value, static_cast<double>(expected.value), tolerance);
  ASSERT_EQ(score.classes.size(), expected.classes.size());
  double weighed = 0;
  for (std::size_t y = 0; y < score.classes.size(); ++y) {
    // Of one class; its weight in the value is its part of the rows.
    const double rows = static_cast<double>(score.classes[y].rows);
    if (rows == 0) {
      EXPECT_EQ(score.classes[y].value, 0);
    } else {
      EXPECT_NEAR(score.classes[y].value, static_cast<double>(expected.classes[y]),
                  tolerance * static_cast<double>(score.rows) / rows);
    }
    weighed += score.classes[y].value * rows / static_cast<double>(score.rows);
  }
  EXPECT_NEAR(weighed, score.value, tolerance);
}

class SourceTest : public support::BackendTest {
 protected:
  SourceStatistics summed(const Stored& source, const Labels& labels, std::int64_t classes,
                          const std::vector<std::int64_t>& cuts = {}, const SourceOptions& options = {}) {
    SourceStatistics statistics(engine, classes, source.rounded().cols, options);
    std::int64_t row = 0;
    for (std::int64_t end : cuts) {
      statistics.add(source.view(row, end - row), support::view(labels, row, end - row));
      row = end;
    }
    const std::int64_t rest = source.rounded().rows - row;
    statistics.add(source.view(row, rest), support::view(labels, row, rest));
    return statistics;
  }

  static void expect_same(const SourceStatistics& a, const SourceStatistics& b) {
    EXPECT_EQ(a.joint_sums(), b.joint_sums());
    EXPECT_EQ(a.joint_counts(), b.joint_counts());
    EXPECT_EQ(a.class_rows(), b.class_rows());
    EXPECT_EQ(a.rows(), b.rows());
  }

  void check(std::int64_t rows, std::int64_t classes, std::int64_t width, Scalar scalar, bool logits) {
    SCOPED_TRACE(std::to_string(rows) + " rows, " + std::to_string(classes) + " classes, " + std::to_string(width) +
                 " source classes, " + culogme::scalar_name(scalar) + (logits ? ", logits" : ""));
    const double spread = 4;
    const Data raw =
        logits ? support::scaled(support::normal(rows, width, 5), spread) : support::probabilities(rows, width, 1.5, 5);
    const Stored source(raw, scalar, {3, 20});
    Labels labels = support::balanced_labels(rows, classes, 6);
    for (std::int32_t& label : labels) label = label == 1 ? 0 : label;  // class 1 has no rows
    const SourceOptions options{logits ? SourceInput::logits : SourceInput::probabilities, true};

    const oracle::Measure leep = oracle::leep(oracle::theta_of(source.rounded(), logits), labels, classes);
    expect_measure(culogme::leep(engine, source.view(), support::view(labels), classes, options), leep,
                   tolerance::leep(rows, classes, width, static_cast<double>(leep.value), logits ? 12 * spread : 0));
    const oracle::Measure nce = oracle::nce(oracle::arg_max(source.rounded()), labels, width, classes);
    expect_measure(culogme::nce(engine, source.view(), support::view(labels), classes, options), nce,
                   tolerance::nce(classes, width, static_cast<double>(nce.value)));
  }
};
CULOGME_OVER_BACKENDS(SourceTest);

TEST_P(SourceTest, TheDefinitionsAtEveryShape) {
  for (const std::int64_t width : {1, 2, 31, 32, 33, 64, 1000})
    for (const std::int64_t classes : {1, 2, 3, 1000})
      for (const std::int64_t rows : {1, 2, 97}) check(rows, classes, width, Scalar::f64, false);
}

TEST_P(SourceTest, TheDefinitionsInEveryType) {
  for (const Scalar scalar : all_scalars)
    for (const bool logits : {false, true}) {
      check(60, 4, 37, scalar, logits);
      check(33, 5, 300, scalar, logits);
    }
}

TEST_P(SourceTest, MoreRowsThanATile) { check(9000, 5, 3, Scalar::f32, false); }

TEST_P(SourceTest, KnownSourceLabels) {
  const std::int64_t rows = 500;
  const Labels labels = support::balanced_labels(rows, 4, 1), source = support::balanced_labels(rows, 7, 2);
  const oracle::Measure expected = oracle::nce(source, labels, 9, 5);
  expect_measure(culogme::nce(engine, support::view(source), support::view(labels), 9, 5), expected,
                 tolerance::nce(5, 9, static_cast<double>(expected.value)));
  const std::vector<std::int64_t> wide(source.begin(), source.end());
  const SourceScore again =
      culogme::nce(engine, culogme::label_view(culogme::Memory::host, wide.data(), rows), support::view(labels), 9, 5);
  EXPECT_EQ(again.value, culogme::nce(engine, support::view(source), support::view(labels), 9, 5).value);
}

// A head that knows the target classes: every likelihood is 1, every conditional entropy 0, without rounding.
TEST_P(SourceTest, APerfectSourceScoresZero) {
  const Labels labels = support::balanced_labels(50, 5, 3);
  const Stored source(support::one_hot(labels, 5), Scalar::f32);
  EXPECT_EQ(culogme::leep(engine, source.view(), support::view(labels), 5).value, 0);
  EXPECT_EQ(culogme::nce(engine, source.view(), support::view(labels), 5).value, 0);
}

// One source class, or the same row everywhere: what is left is the entropy of the labels.
TEST_P(SourceTest, ASourceThatTellsNothingScoresTheEntropyOfTheLabels) {
  const Labels labels = support::balanced_labels(60, 4, 4);
  Data same(60, 3);
  for (std::int64_t i = 0; i < 60; ++i)
    for (std::int64_t z = 0; z < 3; ++z) same(i, z) = z == 1 ? 0.5 : 0.25;
  const Stored source(same, Scalar::f64);
  const double entropy = std::log(4.0);
  const SourceScore leep = culogme::leep(engine, source.view(), support::view(labels), 4),
                    nce = culogme::nce(engine, source.view(), support::view(labels), 4);
  EXPECT_NEAR(leep.value, -entropy, tolerance::leep(60, 4, 3, entropy));
  EXPECT_NEAR(nce.value, -entropy, tolerance::nce(4, 3, entropy));
  ASSERT_EQ(nce.warnings.size(), 1U);
  CULOGME_EXPECT_HOLDS(nce.warnings[0], "same source class");
}

// Multiples of 1/8 and sums far below 2^53: every joint sum is exact.
TEST_P(SourceTest, ExactSumsAreExact) {
  const std::int64_t rows = 300, width = 40;
  Data source(rows, width);
  support::Random random(9);
  std::vector<double> sums(static_cast<std::size_t>(3 * width), 0);
  const Labels labels = support::balanced_labels(rows, 3, 8);
  for (std::int64_t i = 0; i < rows; ++i)
    for (int part = 0; part < 8; ++part) source(i, random.integer(0, width - 1)) += 0.125;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t z = 0; z < width; ++z)
      sums[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)] * width + z)] += source(i, z);
  for (const Scalar scalar : all_scalars) EXPECT_EQ(summed(Stored(source, scalar), labels, 3).joint_sums(), sums);
}

TEST_P(SourceTest, OfEqualValuesTheFirstIsTheTop) {
  Data source(2, 70);
  for (const std::int64_t z : {40, 41, 69}) source(0, z) = 1.0 / 3;
  for (const std::int64_t z : {0, 32}) source(1, z) = 0.5;
  const std::vector<std::int64_t> counts = summed(Stored(source, Scalar::f64), {0, 0}, 1).joint_counts();
  EXPECT_EQ(counts[40], 1);
  EXPECT_EQ(counts[0], 1);
}

TEST_P(SourceTest, BatchesDoNotChangeABit) {
  const Labels labels = support::balanced_labels(700, 6, 11);
  for (const Scalar scalar : {Scalar::f16, Scalar::f64}) {
    const Stored source(support::probabilities(700, 45, 2, 12), scalar);
    const SourceStatistics whole = summed(source, labels, 6);
    expect_same(whole, summed(source, labels, 6, {1, 2, 33, 400}));
    expect_same(whole, summed(source, labels, 6, {0, 350, 350, 699}));
    const SourceScore one = culogme::leep(engine, source.view(), support::view(labels), 6);
    culogme::LeepPass pass(whole);
    for (std::int64_t row = 0; row < 700; row += 100) pass.add(source.view(row, 100), support::view(labels, row, 100));
    EXPECT_EQ(pass.result().value, one.value);
    EXPECT_EQ(pass.result().value, one.value) << "the result may be asked for again";
  }
}

// The sums are additions in the order of the rows and nothing else, on every backend and for any number of threads.
TEST_P(SourceTest, EveryBackendHasTheSameBits) {
  const Labels labels = support::balanced_labels(1500, 7, 13);
  const Stored source(support::probabilities(1500, 600, 2, 14), Scalar::f32, {5, 12});
  const SourceStatistics sums = summed(source, labels, 7);
  for (const int threads : {1, 5}) {
    culogme::Engine cpu = support::make_engine(culogme::Backend::cpu, threads);
    SourceStatistics same(cpu, 7, 600);
    same.add(source.view(), support::view(labels));
    expect_same(sums, same);
    const double value = culogme::leep(engine, source.view(), support::view(labels), 7).value;
    EXPECT_NEAR(culogme::leep(cpu, source.view(), support::view(labels), 7).value, value,
                tolerance::unit_f64 * 1500 * (1 + std::fabs(value)));
  }
}

TEST_P(SourceTest, MergedShardsAreTheWhole) {
  const Labels labels = support::balanced_labels(400, 5, 15);
  const Stored source(support::probabilities(400, 21, 1, 16), Scalar::f32);
  const SourceStatistics whole = summed(source, labels, 5);
  SourceStatistics first(engine, 5, 21), second(engine, 5, 21);
  first.add(source.view(0, 150), support::view(labels, 0, 150));
  second.add(source.view(150, 250), support::view(labels, 150, 250));
  culogme::Engine cpu = support::make_engine(culogme::Backend::cpu);
  const SourceStatistics elsewhere = second.clone(cpu);
  first.merge(elsewhere);
  EXPECT_EQ(first.joint_counts(), whole.joint_counts());
  EXPECT_EQ(first.class_rows(), whole.class_rows());
  EXPECT_EQ(culogme::nce(first).value, culogme::nce(whole).value);
  const std::vector<double> merged = first.joint_sums(), sums = whole.joint_sums();
  for (std::size_t i = 0; i < sums.size(); ++i) EXPECT_NEAR(merged[i], sums[i], tolerance::unit_f64 * 400 * sums[i]);
}

TEST_P(SourceTest, OrderAndNamesDoNotMatter) {
  const std::int64_t rows = 120, width = 9;
  const Data raw = support::probabilities(rows, width, 1, 17);
  const Labels labels = support::balanced_labels(rows, 4, 18);
  const double limit = 2 * tolerance::leep(rows, 4, width, 2);
  const SourceScore plain = culogme::leep(engine, Stored(raw, Scalar::f64).view(), support::view(labels), 4);
  const std::vector<std::int64_t> order = support::shuffled(rows, 19), columns = support::shuffled(width, 20);
  const SourceScore shuffled = culogme::leep(engine, Stored(support::permute_rows(raw, order), Scalar::f64).view(),
                                             support::view(support::permute(labels, order)), 4);
  EXPECT_NEAR(shuffled.value, plain.value, limit);
  Data moved(rows, width);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t z = 0; z < width; ++z) moved(i, columns[static_cast<std::size_t>(z)]) = raw(i, z);
  EXPECT_NEAR(culogme::leep(engine, Stored(moved, Scalar::f64).view(), support::view(labels), 4).value, plain.value,
              limit);
  Labels renamed = labels;
  for (std::int32_t& label : renamed) label = 3 - label;
  const SourceScore turned = culogme::leep(engine, Stored(raw, Scalar::f64).view(), support::view(renamed), 4);
  EXPECT_NEAR(turned.value, plain.value, limit);
  for (std::size_t y = 0; y < 4; ++y) EXPECT_EQ(turned.classes[y].rows, plain.classes[3 - y].rows);
}

TEST_P(SourceTest, ASourceClassThatNoRowHasChangesNothing) {
  const Data raw = support::probabilities(80, 5, 1, 21);
  const Labels labels = support::balanced_labels(80, 3, 22);
  const Data more = support::beside(raw, Data(80, 2));
  const SourceScore plain = culogme::leep(engine, Stored(raw, Scalar::f64).view(), support::view(labels), 3);
  EXPECT_EQ(culogme::leep(engine, Stored(more, Scalar::f64).view(), support::view(labels), 3).value, plain.value);
}

// exp would overflow or all underflow without the subtraction of the largest one.
TEST_P(SourceTest, LargeLogitsAreTakenStably) {
  const std::int64_t rows = 40, width = 6;
  const Data raw = support::integers(rows, width, 23);
  const Labels labels = support::balanced_labels(rows, 3, 24);
  const SourceOptions options{SourceInput::logits, true};
  const auto value = [&](double shift) {
    Data moved = raw;
    for (double& entry : moved.values) entry += shift;
    return culogme::leep(engine, Stored(moved, Scalar::f64).view(), support::view(labels), 3, options).value;
  };
  EXPECT_EQ(value(0x1p20), value(0));
  EXPECT_EQ(value(-0x1p20), value(0));
  const Stored vast(support::scaled(raw, 1e300), Scalar::f64);
  EXPECT_TRUE(std::isfinite(culogme::leep(engine, vast.view(), support::view(labels), 3, options).value));
}

}  // namespace
