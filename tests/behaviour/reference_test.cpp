// Procedure::reference gives the numbers of the published implementation, wrong ones too.

#include <cmath>

#include <gtest/gtest.h>

#include <culogme/score.hpp>

#include "oracle/reference.hpp"
#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

using culogme::Scalar;
using support::Data;

class ReferenceTest : public support::BackendTest {
 protected:
  void check(const Data& features, const support::Labels& labels, std::int64_t classes) {
    const support::Stored stored(features, Scalar::f64);
    culogme::ScoreOptions options;
    options.procedure = culogme::Procedure::reference;
    const culogme::Score score = culogme::score(engine, stored.view(), support::view(labels), classes, options);
    EXPECT_EQ(score.procedure, culogme::Procedure::reference);
    EXPECT_FALSE(score.intercept);
    const oracle::Problem problem = support::problem_of(features, support::one_hot(labels, classes));
    double sum = 0;
    for (std::size_t k = 0; k < static_cast<std::size_t>(classes); ++k) {
      SCOPED_TRACE("class " + std::to_string(k));
      const oracle::ReferenceFit fit = oracle::reference_fit(problem, k);
      const culogme::TargetFit& got = score.targets[k];
      const auto near = [](double value, oracle::Real expected) {
        return std::fabs(value - static_cast<double>(expected)) <=
               tolerance::reference_agreement * std::max(1.0, std::fabs(static_cast<double>(expected)));
      };
      EXPECT_TRUE(near(got.evidence, fit.evidence))
          << got.evidence << ", the paper says " << static_cast<double>(fit.evidence);
      EXPECT_TRUE(near(got.alpha, fit.alpha)) << got.alpha << ", the paper says " << static_cast<double>(fit.alpha);
      EXPECT_TRUE(near(got.beta, fit.beta)) << got.beta << ", the paper says " << static_cast<double>(fit.beta);
      EXPECT_EQ(got.iterations, fit.iterations);
      sum += static_cast<double>(fit.evidence);
    }
    const double mean = sum / static_cast<double>(classes);
    EXPECT_LE(std::fabs(score.value - mean), tolerance::reference_agreement * std::max(1.0, std::fabs(mean)));
  }
};
CULOGME_OVER_BACKENDS(ReferenceTest);

TEST_P(ReferenceTest, TallFeatures) {
  for (const double mean : {0.0, 1.5}) {
    const Data features = support::rectified(120, 14, 0, mean, 1);
    check(features, support::balanced_labels(120, 4, 2), 4);
  }
}

TEST_P(ReferenceTest, SignalAndScale) {
  for (const double scale : {0.01, 1.0, 30.0}) {  // the published numbers depend on the scale
    Data features = support::normal(90, 8, 3);
    const support::Labels labels = support::balanced_labels(90, 3, 4);
    support::separate_classes(features, labels, 3, 1.0, 5);
    check(support::scaled(features, scale), labels, 3);
  }
}

TEST_P(ReferenceTest, HasNoErrorBound) {
  const support::Stored stored(support::rectified(120, 14, 0, 1, 1), Scalar::f32);
  const support::Labels labels = support::balanced_labels(120, 4, 2);
  culogme::ScoreOptions options;
  options.procedure = culogme::Procedure::reference;
  const culogme::Score usual = culogme::score(engine, stored.view(), support::view(labels), 4, options);
  EXPECT_TRUE(std::isnan(usual.error_bound) && std::isnan(usual.error_estimate)) << usual.error_bound;
  EXPECT_TRUE(usual.warnings.empty()) << usual.warnings.front();
  options.precision = culogme::Precision::f32;
  const culogme::Score f32 = culogme::score(engine, stored.view(), support::view(labels), 4, options);
  EXPECT_TRUE(std::isinf(f32.error_bound) && std::isinf(f32.error_estimate)) << f32.error_bound;
  ASSERT_EQ(f32.warnings.size(), 1u);
  EXPECT_NE(f32.warnings.front().find("f32; use f64 products"), std::string::npos) << f32.warnings.front();
}

TEST_P(ReferenceTest, WideAndSquareFeatures) {
  const support::Labels labels = support::balanced_labels(24, 3, 6);
  check(support::normal(24, 70, 7), labels, 3);
  check(support::with_spectrum(24, 24, support::SpectrumKind::geometric, 10, 8), labels, 3);
}

// The reason why it is not the default: appended zero columns move the published score and not the maximum.
TEST_P(ReferenceTest, DependsOnZeroColumnsAsPublished) {
  const Data features = support::normal(24, 30, 9);
  const support::Labels labels = support::balanced_labels(24, 2, 10);
  check(features, labels, 2);
  check(support::beside(features, Data(24, 10)), labels, 2);
}

}  // namespace
