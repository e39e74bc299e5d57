// Sizes at which no dense oracle is affordable: replicated rows, exact integers.

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include <culogme/score.hpp>

#include "backend.hpp"
#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

using culogme::Precision;
using culogme::Scalar;
using support::Data;

class LargeTest : public support::BackendTest {};
CULOGME_OVER_BACKENDS(LargeTest);

// M copies of a block have M times its Gram matrix: the oracle needs the block only.
support::Expected of_copies(const Data& block, const Data& targets, std::int64_t copies) {
  support::Expected expected = support::expect(block, targets, false);
  oracle::Spectrum& spectrum = expected.spectrum;
  const auto times = static_cast<oracle::Real>(copies);
  spectrum.rows *= static_cast<std::size_t>(copies);
  for (oracle::Real& s : spectrum.eigenvalues) s *= times;
  oracle::Real sum = 0;
  for (std::size_t k = 0; k < expected.targets.size(); ++k) {
    for (oracle::Real& x : spectrum.squares[k]) x *= times;
    spectrum.outside[k] *= times;
    spectrum.total[k] *= times;
    expected.targets[k] = oracle::maximise(spectrum, k);
    sum += expected.targets[k].evidence;
  }
  expected.value = static_cast<double>(sum / static_cast<oracle::Real>(expected.targets.size()));
  expected.norms.rows *= copies;
  expected.norms.spread *= static_cast<double>(copies);
  expected.norms.total *= static_cast<double>(copies);
  return expected;
}

TEST_P(LargeTest, AMillionRowsOfCopies) {
  const std::int64_t block_rows = 1000, copies = 1000, classes = 4, cols = 16;
  Data raw = support::rectified(block_rows, cols, 0, 4, 1);
  const support::Labels labels = support::balanced_labels(block_rows, classes, 2);
  support::separate_classes(raw, labels, classes, 0.25, 3);
  for (const Scalar scalar : {Scalar::f16, Scalar::f32}) {
    const support::Stored block(raw, scalar);
    const support::Expected expected = of_copies(block.rounded(), support::one_hot(labels, classes), copies);
    for (const Precision precision : {Precision::f64, Precision::f32}) {
      SCOPED_TRACE(std::string(culogme::scalar_name(scalar)) + (precision == Precision::f64 ? ", f64" : ", f32"));
      culogme::StatisticsOptions options;
      options.precision = precision;
      culogme::Statistics statistics(engine, cols, classes, options);
      for (std::int64_t copy = 0; copy < copies; ++copy) statistics.add(block.view(), support::view(labels));
      EXPECT_EQ(statistics.rows(), block_rows * copies);
      const culogme::Score score = culogme::score(statistics);
      const auto products = precision == Precision::f64 ? tolerance::Products::f64 : tolerance::Products::f32_quality;
      support::expect_value(score, expected, support::value_bound(expected, products));
      EXPECT_LE(score.error_bound, tolerance::default_accuracy);
    }
  }
}

// Sums of products of integers in [-8, 8] stay below 2^24: f32 products are exact and give the bits of f64.
TEST_P(LargeTest, IntegersAreExactInEitherPrecision) {
  const std::int64_t rows = std::int64_t{1} << 18, cols = 24;
  const Data features = support::integers(rows, cols, 4);
  const support::Labels labels = support::balanced_labels(rows, 5, 5);
  const support::Stored stored(features, Scalar::f16);
  const auto statistics_of = [&](Precision precision, std::int64_t batch) {
    culogme::StatisticsOptions options;
    options.precision = precision;
    culogme::Statistics statistics(engine, cols, 5, options);
    for (std::int64_t first = 0; first < rows; first += batch)
      statistics.add(stored.view(first, std::min(batch, rows - first)),
                     support::view(labels, first, std::min(batch, rows - first)));
    return culogme::score(statistics);
  };
  const culogme::Score exact = statistics_of(Precision::f64, rows), narrow = statistics_of(Precision::f32, 10007);
  EXPECT_EQ(exact.value, narrow.value);
  for (std::size_t k = 0; k < 5; ++k) {
    EXPECT_EQ(exact.targets[k].evidence, narrow.targets[k].evidence);
    EXPECT_EQ(exact.targets[k].alpha, narrow.targets[k].alpha);
  }
}

// Small problems go to f64 at once; here f32 products pay, and the second pass only where they are not enough.
TEST_P(LargeTest, AutomaticEscalatesWhereTheAccuracyAsksForIt) {
  const std::int64_t rows = 125000, cols = 128;
  Data features = support::coarse(rows, cols, 8);
  const support::Labels labels = support::balanced_labels(rows, 4, 9);
  support::separate_classes(features, labels, 4, 0.0625, 10);
  const support::Stored stored(features, Scalar::f32);
  const auto scored = [&](Precision precision, double accuracy) {
    culogme::ScoreOptions options;
    options.precision = precision;
    options.accuracy = accuracy;
    return culogme::score(engine, stored.view(), support::view(labels), 4, options);
  };
  const culogme::Score fp64 = scored(Precision::f64, tolerance::default_accuracy);
  const culogme::Score cheap = scored(Precision::automatic, tolerance::default_accuracy);
  const culogme::Score fine = scored(Precision::automatic, cheap.error_bound / 2);
  // A device whose f64 is as fast as its f32 has nothing to gain from trying that first, and goes on to singular
  // values.
  const bool starts_at_f64 = engine.implementation()->prefers_f64();
  EXPECT_EQ(cheap.route, starts_at_f64 ? culogme::Route::gram_f64 : culogme::Route::gram_f32);
  EXPECT_EQ(fine.route, starts_at_f64 ? culogme::Route::svd : culogme::Route::gram_f64);
  if (!starts_at_f64) {
    EXPECT_EQ(fine.value, fp64.value);
  }
  EXPECT_LE(std::fabs(fine.value - fp64.value), fine.error_bound + fp64.error_bound);
  EXPECT_LE(std::fabs(cheap.value - fp64.value), cheap.error_bound + fp64.error_bound);
  EXPECT_LE(cheap.error_bound, tolerance::default_accuracy);
}

TEST_P(LargeTest, ManyShardsMergeToOnePass) {
  const std::int64_t rows = 200000, cols = 8, shards = 50;
  const Data features = support::integers(rows, cols, 6);
  const support::Labels labels = support::balanced_labels(rows, 3, 7);
  const support::Stored stored(features, Scalar::f32);
  culogme::Statistics whole(engine, cols, 3), merged(engine, cols, 3);
  whole.add(stored.view(), support::view(labels));
  for (std::int64_t s = shards - 1; s >= 0; --s) {
    culogme::Statistics part(engine, cols, 3);
    part.add(stored.view(s * (rows / shards), rows / shards),
             support::view(labels, s * (rows / shards), rows / shards));
    merged.merge(part);
  }
  EXPECT_EQ(culogme::score(merged).value, culogme::score(whole).value);
}

}  // namespace
