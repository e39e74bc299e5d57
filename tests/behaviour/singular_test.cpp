// The route svd: agreement with the oracle where the Gram matrix has lost the small eigenvalues, bounds that hold, and
// the ways to it.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/io.hpp>
#include <culogme/score.hpp>

#include "cpu/singular.hpp"
#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

using culogme::Precision;
using culogme::Route;
using culogme::Scalar;
using support::Data;
using support::SpectrumKind;

class SingularTest : public support::BackendTest {
 protected:
  void SetUp() override { options.precision = Precision::svd; }
  culogme::Score respond(const Data& features, const Data& responses, bool intercept, Scalar scalar = Scalar::f64,
                         const support::Layout& layout = {}) {
    options.intercept = intercept ? culogme::Intercept::on : culogme::Intercept::off;
    const support::Stored x(features, scalar, layout), y(responses, Scalar::f64);
    return culogme::score(engine, x.view(), y.view(), culogme::Task::regression, options);
  }
  /// Largest error over the targets with sigma_1 / t up to `most`.
  static double worst_error(const culogme::Score& score, const support::Expected& expected, double most = 1e16) {
    double worst = 0;
    for (std::size_t k = 0; k < score.targets.size(); ++k) {
      const oracle::Maximum& maximum = expected.targets[k];
      if (maximum.status == oracle::Status::unbounded) continue;
      if (maximum.status == oracle::Status::interior && expected.spectrum.eigenvalues.front() > most * maximum.t)
        continue;
      worst = std::max(worst, std::fabs(score.targets[k].evidence - static_cast<double>(maximum.evidence)));
    }
    return worst;
  }
  /// Every target that has a finite evidence is within its bound.
  static void expect_bounds(const culogme::Score& score, const support::Expected& expected) {
    for (std::size_t k = 0; k < score.targets.size(); ++k) {
      const auto evidence = static_cast<double>(expected.targets[k].evidence);
      const culogme::TargetFit& fit = score.targets[k];
      if (std::isinf(evidence)) continue;
      EXPECT_NE(fit.status, culogme::TargetStatus::unbounded) << "target " << k;
      const double error = std::fabs(fit.evidence - evidence);
      EXPECT_LE(error, fit.error_bound) << "target " << k << ", " << culogme::status_name(fit.status);
    }
  }
  culogme::ScoreOptions options;
};
CULOGME_OVER_BACKENDS(SingularTest);

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr SpectrumKind kinds[] = {SpectrumKind::geometric, SpectrumKind::one_large, SpectrumKind::one_small,
                                  SpectrumKind::clusters};

// Responses of weights that weigh all directions alike, so that small singular values matter and t is small.
Data whitened_responses(const Data& features, SpectrumKind kind, double noise, std::uint64_t seed) {
  // The same rotations with equal singular values.
  const Data directions = support::with_spectrum(features.rows, features.cols, kind, 1, seed);
  return support::linear_responses(directions, 2, noise, seed + 1);
}

TEST_P(SingularTest, AgreesWithTheOracleWhereTheGramMatrixFails) {
  double largest_ratio = 0, worst = 0;
  for (const SpectrumKind kind : kinds)
    for (const double condition : {1e2, 1e4, 1e6, 1e8})
      for (const double noise : {1e-1, 1e-4, 1e-8})
        for (const bool intercept : {false, true}) {
          SCOPED_TRACE(std::string(support::spectrum_kind_name(kind)) + " " + std::to_string(condition) + " noise " +
                       std::to_string(noise) + (intercept ? " with intercept" : ""));
          const Data features = support::with_spectrum(200, 16, kind, condition, 3);
          const Data responses = whitened_responses(features, kind, noise, 3);
          const support::Expected expected = support::expect(features, responses, intercept);
          const culogme::Score score = respond(features, responses, intercept);
          EXPECT_EQ(score.route, Route::svd);
          expect_bounds(score, expected);
          worst = std::max(worst, worst_error(score, expected));
          for (const oracle::Maximum& maximum : expected.targets)
            if (maximum.status == oracle::Status::interior) {
              const auto ratio = static_cast<double>(expected.spectrum.eigenvalues.front() / maximum.t);
              if (ratio <= 1e16) largest_ratio = std::max(largest_ratio, ratio);
            }
        }
  EXPECT_LE(worst, tolerance::singular_agreement);
  EXPECT_GE(largest_ratio, 1e14) << "the problems are too easy";
}

TEST_P(SingularTest, FewRowsAndManyColumns) {
  for (const SpectrumKind kind : kinds)
    for (const double condition : {1e1, 1e4, 1e8})
      for (const bool intercept : {false, true}) {
        SCOPED_TRACE(std::string(support::spectrum_kind_name(kind)) + " " + std::to_string(condition) +
                     (intercept ? " with intercept" : ""));
        const Data features = support::with_spectrum(24, 60, kind, condition, 5);
        const Data responses = support::normal(24, 3, 6);
        const support::Expected expected = support::expect(features, responses, intercept);
        const culogme::Score score = respond(features, responses, intercept);
        EXPECT_EQ(score.route, Route::svd);
        expect_bounds(score, expected);
        EXPECT_LE(worst_error(score, expected), tolerance::singular_agreement);
      }
}

TEST_P(SingularTest, ElementTypesStridesMeansAndScales) {
  const support::Labels labels = support::balanced_labels(2500, 5, 8);
  Data base = support::rectified(2500, 12, 0, 3, 7);
  support::separate_classes(base, labels, 5, 0.5, 9);
  for (const double scale : {1.0, 1e-18, 1e18})
    for (const Scalar scalar : {Scalar::f16, Scalar::bf16, Scalar::f32, Scalar::f64})
      for (const bool intercept : {false, true}) {
        if (scalar == Scalar::f16 && scale != 1) continue;  // out of its range
        const support::Stored x(support::scaled(base, scale), scalar, {3, 8});
        options.intercept = intercept ? culogme::Intercept::on : culogme::Intercept::off;
        const culogme::Score score = culogme::score(engine, x.view(), support::view(labels), 5, options);
        const support::Expected expected = support::expect(x.rounded(), support::one_hot(labels, 5), intercept);
        SCOPED_TRACE(std::string(culogme::scalar_name(scalar)) + " times " + std::to_string(scale));
        support::expect_value(score, expected, tolerance::benign_agreement);
        expect_bounds(score, expected);
        EXPECT_EQ(score.rank, 12);
      }
}

TEST_P(SingularTest, DeficientFeaturesHaveTheirRank) {
  const Data half = support::normal(300, 6, 11);
  const Data features = support::beside(support::beside(half, half), Data(300, 2));
  for (const bool intercept : {false, true}) {
    const Data responses = support::linear_responses(half, 2, 0.5, 12);
    const support::Expected expected = support::expect(features, responses, intercept);
    const culogme::Score score = respond(features, responses, intercept);
    EXPECT_EQ(score.rank, 6);
    support::expect_value(score, expected, tolerance::benign_agreement);
    expect_bounds(score, expected);
  }
}

TEST_P(SingularTest, AnExactLinearTargetIsUnbounded) {
  const Data features = support::normal(80, 5, 13);
  const culogme::Score score = respond(features, support::linear_responses(features, 1, 0, 14), false);
  EXPECT_EQ(score.targets[0].status, culogme::TargetStatus::unbounded);
  Data zero(80, 5);
  const culogme::Score nothing = respond(zero, support::normal(80, 1, 15), false);
  EXPECT_EQ(nothing.targets[0].status, culogme::TargetStatus::null_limit);
  EXPECT_EQ(nothing.rank, 0);
}

// A bound of infinity would always hold: where nothing but sigma_1 / t is large it has to be small.
TEST_P(SingularTest, BoundsAreNotIdle) {
  int seen = 0;
  for (const SpectrumKind kind : kinds)
    for (const double condition : {1e3, 1e5, 1e7})
      for (std::uint64_t seed = 20; seed < 24; ++seed) {
        const Data features = support::with_spectrum(150, 10, kind, condition, seed);
        const Data responses = whitened_responses(features, kind, 1e-1, seed);
        const support::Expected expected = support::expect(features, responses, false);
        const culogme::Score score = respond(features, responses, false);
        expect_bounds(score, expected);
        for (std::size_t k = 0; k < score.targets.size(); ++k) {
          const oracle::Maximum& maximum = expected.targets[k];
          if (maximum.status != oracle::Status::interior) continue;
          if (expected.spectrum.eigenvalues.front() > 1e16 * maximum.t) continue;
          EXPECT_LE(score.targets[k].error_bound, tolerance::default_accuracy);
          ++seen;
        }
      }
  EXPECT_GE(seen, 40);
}

TEST_P(SingularTest, AutomaticGoesThereWhenTheGramMatrixIsNotEnough) {
  const Data features = support::with_spectrum(200, 16, SpectrumKind::geometric, 1e5, 3);
  const Data responses = whitened_responses(features, SpectrumKind::geometric, 1e-3, 3);
  options.precision = Precision::f64;
  const culogme::Score gram = respond(features, responses, false);
  EXPECT_GT(gram.error_bound, options.accuracy);
  options.precision = Precision::automatic;
  const culogme::Score automatic = respond(features, responses, false);
  EXPECT_EQ(automatic.route, Route::svd);
  EXPECT_LE(automatic.error_bound, options.accuracy);
  CULOGME_EXPECT_HOLDS(automatic.route_reason, "gram_f64");
  EXPECT_TRUE(automatic.warnings.empty());
  const Data easy = support::normal(200, 16, 4);
  EXPECT_EQ(respond(easy, support::linear_responses(easy, 2, 1, 5), false).route, Route::gram_f64);
  options.procedure = culogme::Procedure::reference;
  EXPECT_NE(respond(features, responses, false).route, Route::svd);
}

// Features in memory as a pipe gives them.
class OnceReader final : public culogme::FeatureReader {
 public:
  explicit OnceReader(const culogme::MatrixView& view) : view_(view) {}
  const std::string& name() const override { return name_; }
  std::int64_t rows() const override { return view_.rows; }
  std::int64_t cols() const override { return view_.cols; }
  Scalar scalar() const override { return view_.scalar; }
  culogme::MatrixView next(std::int64_t max_rows) override {
    culogme::MatrixView block = view_;
    block.data = static_cast<const double*>(view_.data) + read_ * view_.row_stride;
    block.rows = std::min(max_rows, view_.rows - read_);
    read_ += block.rows;
    return block;
  }
  bool rewind() override { return read_ == 0; }
  std::int64_t bytes_read() const override { return read_ * view_.cols * 8; }
  std::string place(std::int64_t row) const override { return "row " + std::to_string(row); }

 private:
  culogme::MatrixView view_;
  std::string name_ = "a pipe";
  std::int64_t read_ = 0;
};

TEST_P(SingularTest, APipeKeepsItsRouteAndSaysWhy) {
  const Data features = support::with_spectrum(200, 16, SpectrumKind::geometric, 1e5, 3);
  const Data responses = whitened_responses(features, SpectrumKind::geometric, 1e-3, 3);
  culogme::Labels labels;
  labels.task = culogme::Task::regression;
  labels.rows = features.rows;
  labels.responses = responses.values;
  for (std::int64_t k = 0; k < responses.cols; ++k) labels.target_names.push_back(std::to_string(k));
  OnceReader reader(culogme::matrix_view(culogme::Memory::host, features.values.data(), features.rows, features.cols));
  options.precision = Precision::automatic;
  const culogme::Score score = culogme::score(engine, reader, labels, options);
  EXPECT_EQ(score.route, Route::gram_f64);
  EXPECT_GT(score.error_estimate, options.accuracy);
  CULOGME_EXPECT_HOLDS(score.route_reason, "above the accuracy asked for");
  CULOGME_EXPECT_HOLDS(score.route_reason, "but a pipe cannot be read a second time");
}

TEST_P(SingularTest, StatisticsCannotAndSaySo) {
  culogme::StatisticsOptions products;
  products.precision = Precision::svd;
  CULOGME_EXPECT_HOLDS(
      support::message_of<culogme::InvalidArgument>([&] { culogme::Statistics(engine, 4, 2, products); }), "svd");
  const Data features = support::with_spectrum(200, 16, SpectrumKind::geometric, 1e5, 3);
  const Data responses = whitened_responses(features, SpectrumKind::geometric, 1e-3, 3);
  culogme::Statistics statistics(engine, 16, 2, {culogme::Task::regression, Precision::automatic, {}});
  const support::Stored x(features, Scalar::f64), y(responses, Scalar::f64);
  statistics.add(x.view(), y.view());
  const culogme::Score score = culogme::score(statistics);
  ASSERT_FALSE(score.warnings.empty());
  CULOGME_EXPECT_HOLDS(score.warnings.back(), "svd");
}

TEST_P(SingularTest, BadValuesAreNamed) {
  Data features = support::normal(40, 4, 16);
  features(17, 3) = std::nan("");
  CULOGME_EXPECT_HOLDS(
      support::message_of<culogme::NumericalError>([&] { respond(features, support::normal(40, 1, 17), false); }),
      "row 17, column 3");
}

TEST_P(SingularTest, RepeatsBitByBit) {
  const Data features = support::normal(5000, 6, 18);
  const Data responses = support::linear_responses(features, 2, 1, 19);
  const culogme::Score first = respond(features, responses, true);
  for (int i = 0; i < 3; ++i) support::expect_same_bits(first, respond(features, responses, true));
}

// Both ways of the bidiagonal problem, against the definition: U'A = S V' has rows of these lengths.
TEST(SingularValues, BothMethodsAgree) {
  for (const std::int64_t n : {1, 2, 3, 40, 150}) {
    const Data data = support::with_spectrum(n, n, SpectrumKind::geometric, n == 1 ? 1 : 1e6, 21);
    const Data right = support::normal(n, 2, 22);
    const auto run = [&](culogme::detail::SingularMethod method) {
      culogme::detail::AlignedVector<double> matrix(data.values.begin(), data.values.end()), sides;
      for (std::int64_t k = 0; k < 2; ++k)
        for (std::int64_t i = 0; i < n; ++i) sides.push_back(right(i, k));
      return culogme::detail::singular_values(n, matrix, sides, 2, 2, method);
    };
    const auto divided = run(culogme::detail::SingularMethod::divide);
    const auto swept = run(culogme::detail::SingularMethod::sweep);
    const double bound = tolerance::eigenproblem(n);
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      EXPECT_NEAR(divided.values[i], swept.values[i], bound);
      if (i > 0) {
        EXPECT_LE(divided.values[i - 1], divided.values[i]);
      }
    }
    EXPECT_NEAR(divided.values.back(), 1, bound);
    double before = 0, after = 0;
    for (const double value : right.values) before += value * value;
    for (const double value : swept.projected) after += value * value;
    EXPECT_NEAR(before, after, bound * before);
  }
}

// U' as the coordinates of the unit vectors and V' as those of unit rows: the rows of U'A V - S. Test vectors see all
// of it where they are as many as columns, and the mean of their squares elsewhere: 16 signs are off by a factor of two
// once in 1000 rows.
TEST(SingularValues, ResidualsAreThoseOfTheDefinition) {
  for (const auto method : {culogme::detail::SingularMethod::divide, culogme::detail::SingularMethod::sweep})
    for (const std::int64_t n : {1, 3, 4, 8, 16, 20, 32}) {
      // Graded values, of which iterations leave much more off than rounding does.
      const Data data = support::with_spectrum(n, n, SpectrumKind::geometric, n == 1 ? 1 : n < 10 ? 1e3 : 1e4, 26);
      culogme::detail::AlignedVector<double> matrix(data.values.begin(), data.values.end()), unit(size_of(n * n));
      for (std::int64_t i = 0; i < n; ++i) unit[size_of(i * n + i)] = 1;
      culogme::detail::AlignedVector<double> sides = unit;
      const auto found = culogme::detail::singular_values(n, matrix, sides, n, 1, method, unit);
      // Rounding of the products that show it, here and there.
      const double rounding = tolerance::reflectors(n);
      for (std::int64_t i = 0; i < n; ++i) {
        long double square = 0;
        for (std::int64_t j = 0; j < n; ++j) {
          // Element (i, j) of U'A V, A column-major.
          long double element = i == j ? -static_cast<long double>(found.values[size_of(i)]) : 0;
          for (std::int64_t k = 0; k < n; ++k) {
            long double along = 0;
            for (std::int64_t l = 0; l < n; ++l)
              along += static_cast<long double>(data.values[size_of(k * n + l)]) * found.projected[size_of(l * n + i)];
            element += along * found.rows[size_of(k * n + j)];
          }
          square += element * element;
        }
        const double row = std::sqrt(static_cast<double>(square)), seen = found.residuals[size_of(i)];
        SCOPED_TRACE("size " + std::to_string(n) + ", row " + std::to_string(i));
        EXPECT_LE(seen, (n <= 16 ? 1 : 2) * row + rounding);
        EXPECT_GE(seen, (n <= 16 ? 1 : 0.5) * row - rounding);
      }
    }
}

TEST(SingularValues, MatricesThatAreNotFiniteAreRefused) {
  culogme::detail::AlignedVector<double> matrix{1, std::nan(""), 0, 1}, none;
  EXPECT_THROW(culogme::detail::singular_values(2, matrix, none, 0, 1), culogme::NumericalError);
}

}  // namespace
