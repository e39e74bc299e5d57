// Scores against the oracle over the shapes where loops, tiles and routes begin and end.

#include <array>
#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include <culogme/error.hpp>
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

struct Shape {
  std::int64_t rows, cols, targets;
  bool regression = false;
};

std::string text_of(const Shape& shape) {
  return std::to_string(shape.rows) + " x " + std::to_string(shape.cols) + ", " + std::to_string(shape.targets) +
         (shape.regression ? " responses" : " classes");
}

culogme::ScoreOptions options_of(Precision precision, bool intercept) {
  culogme::ScoreOptions options;
  options.precision = precision;
  options.intercept = intercept ? culogme::Intercept::on : culogme::Intercept::off;
  return options;
}

/// One problem, its oracle, and every road the library has to its score.
class ShapesTest : public support::BackendTest {
 protected:
  void check(const Shape& shape, bool intercept) {
    SCOPED_TRACE(text_of(shape) + (intercept ? ", intercept" : ""));
    const auto seed = static_cast<std::uint64_t>(shape.rows * 1000 + shape.cols * 10 + shape.targets);
    Data features = support::coarse(shape.rows, shape.cols, seed);
    support::Labels labels;
    Data targets;
    if (shape.regression) {
      targets = support::linear_responses(features, shape.targets, 1.0, seed + 1);
    } else {
      labels = support::balanced_labels(shape.rows, shape.targets, seed + 2);
      support::separate_classes(features, labels, shape.targets, 0.25, seed + 3);
      targets = support::one_hot(labels, shape.targets);
    }
    const support::Expected expected = support::expect(features, targets, intercept);
    const support::Stored stored(features, Scalar::f32), responses(targets, Scalar::f64);
    for (const Precision precision : {Precision::f64, Precision::f32}) {
      SCOPED_TRACE(precision == Precision::f64 ? "f64" : "f32");
      const culogme::ScoreOptions options = options_of(precision, intercept);
      const auto scored = [&](bool one_shot) {
        if (one_shot)
          return shape.regression
                     ? culogme::score(engine, stored.view(), responses.view(), culogme::Task::regression, options)
                     : culogme::score(engine, stored.view(), support::view(labels), shape.targets, options);
        culogme::StatisticsOptions how;
        how.task = shape.regression ? culogme::Task::regression : culogme::Task::classification;
        how.precision = precision;
        culogme::Statistics statistics(engine, shape.cols, shape.targets, how);
        if (shape.regression) {
          statistics.add(stored.view(), responses.view());
        } else {
          statistics.add(stored.view(), support::view(labels));
        }
        return culogme::score(statistics, options);
      };
      if (intercept && shape.rows == 1) {  // no degree of freedom is left
        EXPECT_THROW(scored(true), culogme::InvalidArgument);
        EXPECT_THROW(scored(false), culogme::InvalidArgument);
        continue;
      }
      if (std::isnan(expected.value)) {  // no target has any spread
        EXPECT_THROW(scored(true), culogme::NumericalError);
        EXPECT_THROW(scored(false), culogme::NumericalError);
        continue;
      }
      const bool dual = support::goes_dual(expected);
      const culogme::Score one_shot = scored(true);
      EXPECT_EQ(one_shot.route == culogme::Route::dual_gram, dual);
      compare(one_shot, expected, precision, dual);
      SCOPED_TRACE("from statistics");
      compare(scored(false), expected, precision, false);
    }
  }

  static void compare(const culogme::Score& score, const support::Expected& expected, Precision precision, bool dual) {
    const Products products = precision == Precision::f64 ? Products::f64 : Products::f32_quality;
    if (support::first_order_holds(expected, products, dual)) {
      support::expect_score(score, expected, products, dual);
    } else {  // too ill-conditioned for these products: what is left of the promise is the stated bound
      EXPECT_EQ(precision, Precision::f32) << "this test's data should be benign in fp64";
      support::expect_value(score, expected, std::numeric_limits<double>::infinity());
    }
  }

  void check_both(const Shape& shape) {
    check(shape, false);
    check(shape, true);
  }
};
CULOGME_OVER_BACKENDS(ShapesTest);

TEST_P(ShapesTest, FewRows) {
  for (const std::int64_t cols : {1, 2, 8, 33, 129})
    for (const std::int64_t rows : {1, 2, 3, 7})
      for (const std::int64_t targets : {1, 2, 33}) check_both({rows, cols, targets});
}

TEST_P(ShapesTest, FewRowsRegression) {
  for (const std::int64_t cols : {1, 2, 8, 33})
    for (const std::int64_t rows : {1, 2, 3, 7}) check_both({rows, cols, 2, true});
}

TEST_P(ShapesTest, RowsAroundColumns) {
  for (const std::int64_t cols : {2, 8, 31, 33})
    for (const std::int64_t off : {-1, 0, 1}) check_both({cols + off, cols, 2});
}

TEST_P(ShapesTest, RowsAroundColumnsRegression) {
  for (const std::int64_t cols : {2, 8, 31, 33})
    for (const std::int64_t off : {-1, 0, 1}) check_both({cols + off, cols, 1, true});
  check({128, 129, 1, true}, true);
  check({130, 129, 1, true}, true);
}

TEST_P(ShapesTest, RowsFarFromColumns) {
  for (const std::int64_t cols : {1, 2, 8, 31, 33})
    for (const std::int64_t rows : {48, 257})
      for (const std::int64_t targets : {2, 33}) check({rows, cols, targets}, targets == 2);
  check({48, 129, 33}, false);
  check({257, 129, 33}, false);
  check({257, 129, 2, true}, true);
}

TEST_P(ShapesTest, TileEdges) {
  for (const std::int64_t rows : {255, 256, 257, 511, 513, 1023, 1024, 1025}) check({rows, 5, 3}, false);
  for (const std::int64_t rows : {4095, 4096, 4097, 8193}) {
    check({rows, 8, 2}, false);
    check({rows, 3, 1, true}, true);
  }
  check({4097, 129, 2}, false);
}

TEST_P(ShapesTest, ColumnEdgesOfTheProducts) {
  for (const std::int64_t cols : {15, 16, 17, 63, 64, 65, 96}) check({150, cols, 3}, false);
  for (const std::int64_t cols : {255, 256, 257}) check({20, cols, 3}, false);
}

TEST_P(ShapesTest, WideFromStatisticsEqualsTheDual) {
  const Data features = support::coarse(40, 96, 5);
  const support::Labels labels = support::balanced_labels(40, 3, 6);
  const support::Stored stored(features, Scalar::f64);
  const support::Expected expected = support::expect(features, support::one_hot(labels, 3), false);
  culogme::StatisticsOptions how;
  how.precision = Precision::f64;
  culogme::Statistics statistics(engine, 96, 3, how);
  statistics.add(stored.view(), support::view(labels));
  const culogme::ScoreOptions options = options_of(Precision::f64, false);
  const culogme::Score primal = culogme::score(statistics, options);
  const culogme::Score dual = culogme::score(engine, stored.view(), support::view(labels), 3, options);
  EXPECT_NE(primal.route, culogme::Route::dual_gram);
  EXPECT_EQ(dual.route, culogme::Route::dual_gram);
  EXPECT_EQ(primal.rank, 40);
  EXPECT_EQ(dual.rank, 40);
  support::expect_score(primal, expected, Products::f64, false);
  support::expect_score(dual, expected, Products::f64, true);
}

}  // namespace
