// Rows of 11 significant bits, for tensor cores (tf32, half): the sums are those of the rounded rows, what rounding
// changed is measured, and no value is out of reach of f16.

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/score.hpp>
#include <culogme/statistics.hpp>

#include "backend.hpp"
#include "rounding.hpp"
#include "score_stages.hpp"
#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

using culogme::Precision;
using culogme::Route;
using culogme::Scalar;
using culogme::Statistics;
using culogme::StatisticsOptions;
using culogme::Task;
using culogme::detail::Moments;
using culogme::detail::Products;
using support::Data;
using support::Labels;

/// The nearest number of 11 significant bits, ties to even. Own code on purpose.
double to_eleven_bits(double value) {
  if (value == 0) return 0;
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);  // in [1/2, 1)
  return std::ldexp(std::nearbyint(std::ldexp(fraction, 11)), exponent - 11);
}

class NarrowTest : public testing::TestWithParam<std::tuple<culogme::Backend, Precision>> {
 protected:
  Precision precision() const { return std::get<1>(GetParam()); }
  Products products() const { return culogme::detail::products_of(precision()); }
  Route route() const { return precision() == Precision::tf32 ? Route::gram_tf32 : Route::gram_half; }
  culogme::ScoreOptions options(bool intercept = false) const {
    culogme::ScoreOptions result;
    result.precision = precision();
    result.intercept = intercept ? culogme::Intercept::on : culogme::Intercept::off;
    return result;
  }

  Moments moments(const support::Stored& features, const Labels& labels, std::int64_t classes, Products products) {
    const auto sums = engine.implementation()->make_sums(features.view().cols, culogme::detail::numbered_names(classes),
                                                         {Task::classification, products, 0});
    const culogme::LabelView ids = support::view(labels);
    sums->add(features.view(), {&ids}, 0, false);
    return sums->take();
  }

  culogme::Engine engine = support::make_engine(std::get<0>(GetParam()));
};

std::string narrow_test_name(const testing::TestParamInfo<std::tuple<culogme::Backend, Precision>>& tested) {
  return std::string(culogme::backend_name(std::get<0>(tested.param))) +
         (std::get<1>(tested.param) == Precision::tf32 ? "_tf32" : "_half");
}
INSTANTIATE_TEST_SUITE_P(On, NarrowTest,
                         testing::Combine(testing::ValuesIn(culogme::available_backends()),
                                          testing::Values(Precision::tf32, Precision::half)),
                         narrow_test_name);

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Rows about the frame of `m` and rounded, as the library has to see them, and the squares of what that changes.
Data narrowed(const Data& exact, Scalar scalar, const Moments& m, std::vector<double>& lost) {
  Data rows(exact.rows, exact.cols);
  lost.assign(at(exact.cols), 0);
  for (std::int64_t i = 0; i < exact.rows; ++i)
    for (std::int64_t j = 0; j < exact.cols; ++j) {
      const double pilot = m.pilot[at(j)], value = std::ldexp(exact(i, j), -m.exponent);
      const double shifted = scalar == Scalar::f64
                                 ? value - pilot
                                 : static_cast<double>(static_cast<float>(value) - static_cast<float>(pilot));
      rows(i, j) = to_eleven_bits(static_cast<double>(static_cast<float>(shifted)));
      lost[at(j)] += (shifted - rows(i, j)) * (shifted - rows(i, j));
    }
  return rows;
}

/// The sums of labelled rows are those of the rounded ones: F'Y to fp64, F'F to the bound of tensor cores, entry by
/// entry; f16 may lose what is 2^-30 of a column's deviation.
void expect_sums_of_rounded_rows(const Moments& m, const Data& exact, Scalar scalar, const Labels& labels) {
  std::vector<double> lost;
  const Data rows = narrowed(exact, scalar, m, lost);
  const std::int64_t n = rows.rows, d = rows.cols;
  ASSERT_EQ(m.rows, n);
  ASSERT_EQ(m.rows_f32, n);
  ASSERT_EQ(m.rounding.size(), at(d));
  std::vector<long double> cross(at(d * m.targets()), 0), size(at(d * m.targets()), 0);
  std::vector<double> root(at(d), 0);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < d; ++j) {
      const std::size_t place = at(labels[at(i)] * d + j);
      cross[place] += static_cast<long double>(rows(i, j));
      size[place] += std::fabs(static_cast<long double>(rows(i, j)));
      root[at(j)] += rows(i, j) * rows(i, j);
    }
  for (double& value : root) value = std::sqrt(value);
  for (std::size_t k = 0; k < cross.size(); ++k)
    ASSERT_LE(std::fabs(m.cross[k] - static_cast<double>(cross[k])),
              static_cast<double>(n + 2) * tolerance::unit_f64 * static_cast<double>(size[k]))
        << "F'Y at " << k;
  const double flushed = 0x1p-29;
  const double unit = culogme::detail::narrow_drift(n) + 17 * tolerance::unit_f32;
  for (std::int64_t j = 0; j < d; ++j) {
    // That rows are f32 numbers first is not counted.
    const double uncounted = (flushed + tolerance::unit_f32) * root[at(j)];
    EXPECT_NEAR(m.rounding[at(j)], lost[at(j)], 1e-3 * lost[at(j)] + uncounted * uncounted) << "column " << j;
    for (std::int64_t i = j; i < d; ++i) {
      long double product = 0, magnitude = 0;
      for (std::int64_t row = 0; row < n; ++row) {
        const long double term = static_cast<long double>(rows(row, i)) * static_cast<long double>(rows(row, j));
        product += term;
        magnitude += std::fabs(term);
      }
      ASSERT_LE(std::fabs(m.gram[at(j * d + i)] - static_cast<double>(product)),
                unit * static_cast<double>(magnitude) + 2 * flushed * root[at(i)] * root[at(j)])
          << "F'F at " << i << ", " << j << ": " << m.gram[at(j * d + i)];
    }
  }
}

TEST_P(NarrowTest, SumsAreThoseOfRoundedRows) {
  const auto check = [&](const Data& data, Scalar scalar, std::int64_t classes) {
    SCOPED_TRACE(std::string(culogme::scalar_name(scalar)) + ", " + std::to_string(data.rows) + " x " +
                 std::to_string(data.cols) + ", " + std::to_string(classes) + " classes");
    const support::Stored features(data, scalar, {3, 8});
    const Labels labels = support::balanced_labels(data.rows, classes, 5);
    expect_sums_of_rounded_rows(moments(features, labels, classes, products()), features.rounded(), scalar, labels);
  };
  for (const Scalar scalar : {Scalar::f16, Scalar::bf16, Scalar::f32, Scalar::f64}) {
    for (const std::int64_t rows : {1, 2, 127, 129, 513, 1100}) check(support::normal(rows, 9, 1), scalar, 3);
    for (const std::int64_t cols : {1, 33, 300}) check(support::rectified(200, cols, 0, 40, 2), scalar, 4);
  }
  // Classes so many that their sums are taken apart from the products; tiles one after another.
  check(support::normal(700, 70, 3), Scalar::f32, 4000);
  check(support::rectified(9000, 5, 0, 3, 4), Scalar::f16, 2);
}

TEST_P(NarrowTest, ColumnsOfAllSizesStayInReach) {
  Data data = support::normal(2500, 8, 6);
  for (std::int64_t i = 0; i < data.rows; ++i) {
    data(i, 1) *= 1e-9;
    data(i, 2) = 1e6 + std::nearbyint(64 * data(i, 2)) / 64;
    data(i, 3) = i < 1200 ? 0 : data(i, 3);  // nothing to choose a power of two from
    data(i, 4) = i < 1200 ? 7 : 7 + 1e-4 * data(i, 4);
    data(i, 5) = i == 1700 ? 1e5 : data(i, 5);  // a value beyond f16's range of its column
    data(i, 6) *= i % 100 == 0 ? 1e3 : 1e-3;    // heavy tails
    data(i, 7) = 0;
  }
  const Labels labels = support::balanced_labels(data.rows, 3, 7);
  for (const Scalar scalar : {Scalar::f32, Scalar::f64}) {
    const support::Stored features(data, scalar);
    expect_sums_of_rounded_rows(moments(features, labels, 3, products()), features.rounded(), scalar, labels);
  }
  // Rows so much larger than the first ones that the frame follows.
  for (std::int64_t j = 0; j < 7; ++j) data(1600, j) = 1e20 * static_cast<double>(j + 1);
  const support::Stored features(data, Scalar::f64);
  const Moments m = moments(features, labels, 3, products());
  EXPECT_GT(m.exponent, 60);
  expect_sums_of_rounded_rows(m, features.rounded(), Scalar::f64, labels);
}

TEST_P(NarrowTest, SmallIntegersAreExact) {
  for (const Scalar scalar : {Scalar::f16, Scalar::bf16, Scalar::f32}) {
    const support::Stored features(support::integers(3000, 20, 8), scalar);
    const Labels labels = support::balanced_labels(3000, 4, 9);
    const Moments narrow = moments(features, labels, 4, products()),
                  exact = moments(features, labels, 4, Products::f64);
    EXPECT_EQ(narrow.gram, exact.gram);
    EXPECT_EQ(narrow.cross, exact.cross);
    EXPECT_EQ(narrow.sum, exact.sum);
    EXPECT_EQ(narrow.rounding, std::vector<double>(20, 0.0));
    EXPECT_EQ(narrow.half_rows, precision() == Precision::half);
  }
}

// Signed, rectified, with large means, ill-conditioned, wide (which has f32 products): the bound is never below the
// error.
TEST_P(NarrowTest, StatedBoundsHold) {
  std::int64_t finite = 0, compared = 0;
  const auto check = [&](const Data& raw, Scalar scalar, const std::string& name) {
    SCOPED_TRACE(name + ", " + culogme::scalar_name(scalar));
    const support::Stored features(raw, scalar);
    const Labels labels = support::balanced_labels(raw.rows, 3, 11);
    for (const bool intercept : {false, true}) {
      const support::Expected expected = support::expect(features.rounded(), support::one_hot(labels, 3), intercept);
      const culogme::Score score =
          culogme::score(engine, features.view(), support::view(labels), 3, options(intercept));
      EXPECT_EQ(score.route, support::goes_dual(expected) ? Route::dual_gram : route());
      for (std::size_t k = 0; k < 3; ++k) {
        const double error = std::fabs(score.targets[k].evidence - static_cast<double>(expected.targets[k].evidence));
        EXPECT_LE(error, score.targets[k].error_bound) << culogme::status_name(score.targets[k].status);
        finite += std::isfinite(score.targets[k].error_bound) ? 1 : 0;
        ++compared;
      }
    }
  };
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    for (const Scalar scalar : {Scalar::f16, Scalar::bf16, Scalar::f32}) {
      Data separated = support::normal(300, 20, seed);
      support::separate_classes(separated, support::balanced_labels(300, 3, 11), 3, 0.5, seed + 60);
      check(separated, scalar, "signed");
      check(support::rectified(300, 20, 0, 5, seed), scalar, "rectified");
    }
    check(support::rectified(3000, 6, 0, 5, seed), Scalar::f32, "tall");
    check(support::rectified(300, 20, 300, 400, seed), Scalar::f32, "large means");
    check(support::normal(30, 80, seed), Scalar::f32, "wide");
    check(support::rectified(25, 24, 0, 5, seed), Scalar::f32, "almost square");
    for (const double condition : {1e2, 1e3, 1e4, 1e6}) {
      check(support::with_spectrum(200, 16, support::SpectrumKind::geometric, condition, seed), Scalar::f32,
            "geometric");
      check(support::with_spectrum(200, 16, support::SpectrumKind::one_large, condition, seed), Scalar::f32,
            "one large");
      check(support::with_spectrum(200, 16, support::SpectrumKind::clusters, condition, seed), Scalar::f32, "clusters");
    }
  }
  EXPECT_GT(2 * finite, compared) << "bounds of infinity prove nothing";
}

TEST_P(NarrowTest, FarCloudsOfRowsKeepTheirBounds) {
  for (const double distance : {1e1, 1e3, 1e5})
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      Data raw = support::normal(400, 8, seed);
      for (std::int64_t i = 1; i < raw.rows; i += 2)
        for (std::int64_t j = 0; j < raw.cols; ++j) raw(i, j) += distance;
      const Labels labels = support::balanced_labels(400, 3, seed + 30);
      support::separate_classes(raw, labels, 3, 2, seed + 60);
      const support::Stored features(raw, Scalar::f32);
      for (const bool intercept : {false, true}) {
        SCOPED_TRACE("distance " + std::to_string(distance) + ", seed " + std::to_string(seed));
        const support::Expected expected = support::expect(features.rounded(), support::one_hot(labels, 3), intercept);
        const culogme::Score score =
            culogme::score(engine, features.view(), support::view(labels), 3, options(intercept));
        for (std::size_t k = 0; k < 3; ++k)
          EXPECT_LE(std::fabs(score.targets[k].evidence - static_cast<double>(expected.targets[k].evidence)),
                    score.targets[k].error_bound);
      }
    }
}

// What was taken out again leaves no trace of what rounding took from the other rows.
TEST_P(NarrowTest, FarCloudsKeepTheirBoundsAfterASubtraction) {
  constexpr std::int64_t rows = 410, out = 10;
  Data raw = support::normal(rows, 8, 3);
  for (std::int64_t i = 1; i < rows; i += 2)
    for (std::int64_t j = 0; j < raw.cols; ++j) raw(i, j) += 1e5;
  const Labels labels = support::balanced_labels(rows, 3, 33);
  support::separate_classes(raw, labels, 3, 2, 63);
  const support::Stored features(raw, Scalar::f32);
  const culogme::StatisticsOptions how{Task::classification, precision(), {}};
  Statistics statistics(engine, 8, 3, how), part(engine, 8, 3, how);
  statistics.add(features.view(), support::view(labels));
  part.add(features.view(0, out), support::view(labels, 0, out));
  statistics.subtract(part);
  const support::Stored kept(support::slice(features.rounded(), out, rows - out), Scalar::f32);
  const Labels kept_labels(labels.begin() + out, labels.end());
  for (const bool intercept : {false, true}) {
    const support::Expected expected = support::expect(kept.rounded(), support::one_hot(kept_labels, 3), intercept);
    const culogme::Score score = culogme::score(statistics, options(intercept));
    for (std::size_t k = 0; k < 3; ++k)
      EXPECT_LE(std::fabs(score.targets[k].evidence - static_cast<double>(expected.targets[k].evidence)),
                score.targets[k].error_bound);
  }
}

TEST_P(NarrowTest, BoundsAreNotIdle) {
  Data raw = support::normal(600, 20, 12);
  const Labels labels = support::balanced_labels(600, 3, 13);
  support::separate_classes(raw, labels, 3, 0.3, 14);
  const auto bound = [&](Scalar scalar) {
    const support::Stored features(raw, scalar);
    const culogme::Score score = culogme::score(engine, features.view(), support::view(labels), 3, options());
    EXPECT_GT(score.error_bound, tolerance::default_accuracy);  // drift and rounding are in it
    return score.error_bound;
  };
  EXPECT_LE(bound(Scalar::f32), 5e-3);
  // Values that need no rounding have a bound without it.
  raw = support::coarse(600, 20, 12);
  support::separate_classes(raw, labels, 3, 0.3, 14);
  EXPECT_LE(bound(Scalar::f16), 5e-4);
}

TEST_P(NarrowTest, StatisticsKeepWhatTheirRowsHad) {
  const support::Stored features(support::rectified(3000, 12, 0, 4, 15), Scalar::f32);
  const Labels labels = support::balanced_labels(3000, 3, 16);
  const support::Expected expected = support::expect(features.rounded(), support::one_hot(labels, 3), false);
  const auto summed = [&](Precision products, std::int64_t first, std::int64_t count, std::int64_t batch) {
    Statistics statistics(engine, 12, 3, StatisticsOptions{Task::classification, products, {}});
    for (std::int64_t row = first; row < first + count; row += batch) {
      const std::int64_t rows = std::min(batch, first + count - row);
      statistics.add(features.view(row, rows), support::view(labels, row, rows));
    }
    return statistics;
  };
  const Statistics whole = summed(precision(), 0, 3000, 3000);
  const culogme::Score at_once = culogme::score(whole);
  EXPECT_EQ(at_once.route, route());
  CULOGME_EXPECT_HOLDS(at_once.route_reason, precision() == Precision::tf32 ? "tf32 products" : "half products");
  support::expect_same_bits(at_once, culogme::score(summed(precision(), 0, 3000, 700)));

  std::stringstream file;
  whole.save(file);
  const Statistics loaded = Statistics::load(engine, file);
  support::expect_same_bits(at_once, culogme::score(loaded));

  Statistics merged = summed(Precision::f64, 0, 1000, 1000);
  merged.merge(summed(precision(), 1000, 2000, 900));
  const culogme::Score mixed = culogme::score(merged);
  EXPECT_EQ(mixed.route, route());
  support::expect_value(mixed, expected, std::numeric_limits<double>::infinity());
  EXPECT_LT(mixed.error_bound, 1e-1);

  // Of rows that are taken out again the rounding stays, as an error of the products.
  Statistics rest = summed(precision(), 0, 3000, 3000);
  rest.subtract(summed(Precision::f64, 0, 100, 100));
  const support::Stored kept(support::slice(features.rounded(), 100, 2900), Scalar::f32);
  const Labels kept_labels(labels.begin() + 100, labels.end());
  const support::Expected without = support::expect(kept.rounded(), support::one_hot(kept_labels, 3), false);
  const culogme::Score after = culogme::score(rest);
  EXPECT_EQ(after.route, route());
  EXPECT_GT(after.error_bound, at_once.error_bound);
  support::expect_value(after, without, std::numeric_limits<double>::infinity());
}

// Rows go on after sums came from elsewhere: half tiles have to find their powers of two without the first rows.
TEST_P(NarrowTest, RowsAfterAMerge) {
  const support::Stored features(support::rectified(2000, 7, 0, 50, 17), Scalar::f32);
  const Labels labels = support::balanced_labels(2000, 3, 18);
  Statistics statistics(engine, 7, 3, StatisticsOptions{Task::classification, precision(), {}});
  statistics.add(features.view(0, 600), support::view(labels, 0, 600));
  Statistics more(engine, 7, 3, StatisticsOptions{Task::classification, precision(), {}});
  more.add(features.view(600, 700), support::view(labels, 600, 700));
  statistics.merge(more);
  statistics.add(features.view(1300, 700), support::view(labels, 1300, 700));
  support::expect_value(culogme::score(statistics),
                        support::expect(features.rounded(), support::one_hot(labels, 3), false),
                        tolerance::default_accuracy * 100);
}

TEST_P(NarrowTest, RegressionHasTheSameRows) {
  const Data raw = support::rectified(1500, 10, 0, 20, 19);
  const support::Stored features(raw, Scalar::f32);
  const Data responses = support::linear_responses(raw, 3, 8, 20);
  const support::Stored y(responses, Scalar::f64);
  for (const bool intercept : {false, true}) {
    const support::Expected expected = support::expect(features.rounded(), responses, intercept);
    const culogme::Score score =
        culogme::score(engine, features.view(), y.view(), Task::regression, options(intercept));
    EXPECT_EQ(score.route, route());
    support::expect_value(score, expected, std::numeric_limits<double>::infinity());
    EXPECT_TRUE(std::isfinite(score.error_bound));
  }
}

TEST_P(NarrowTest, ReasonsAreTold) {
  const support::Stored wide(support::normal(20, 50, 21), Scalar::f32);
  const Labels labels = support::balanced_labels(20, 2, 22);
  const culogme::Score score = culogme::score(engine, wide.view(), support::view(labels), 2, options());
  EXPECT_EQ(score.route, Route::dual_gram);
  CULOGME_EXPECT_HOLDS(score.route_reason, "they are f32");
  const support::Stored tall(support::normal(400, 5, 23), Scalar::f32);
  const culogme::Score coarse =
      culogme::score(engine, tall.view(), support::view(support::balanced_labels(400, 2, 24)), 2, options());
  CULOGME_EXPECT_HOLDS(coarse.route_reason, "products were asked for");
  ASSERT_FALSE(coarse.warnings.empty());
  CULOGME_EXPECT_HOLDS(coarse.warnings.back(), precision() == Precision::tf32 ? "tf32; use f64" : "half; use f64");
}

}  // namespace
