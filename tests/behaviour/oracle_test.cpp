// The oracle against closed forms that can be worked by hand, and its two roads against each other.

#include "oracle/evidence.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include <gtest/gtest.h>

#include "oracle/reference.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"

namespace {

using oracle::Real;
using support::Data;

const Real two_pi = 2 * std::numbers::pi_v<Real>;

// Worst case of sums of `terms` values of size `scale` in the oracle's arithmetic.
Real wide(std::size_t terms, Real scale) {
  return static_cast<Real>(terms + 16) * std::numeric_limits<Real>::epsilon() * (1 + std::fabs(scale));
}

Data matrix(std::int64_t rows, std::int64_t cols, std::initializer_list<double> values) {
  Data data(rows, cols);
  data.values = values;
  return data;
}

TEST(Oracle, DensityOfTwoRowsByHand) {
  // F = (1, 2)', y = (1, 1)', alpha = beta = 1: covariance ((2, 2), (2, 5)), determinant 6, y' C^-1 y = (5 - 4 + 2)
  // / 6.
  const oracle::Problem problem = support::problem_of(matrix(2, 1, {1, 2}), matrix(2, 1, {1, 1}));
  const Real expected = -(2 * std::log(two_pi) + std::log(Real(6)) + Real(1) / 2) / 4;
  EXPECT_NEAR(static_cast<double>(oracle::dense_evidence(problem, 0, 1, 1) - expected), 0,
              static_cast<double>(wide(2, expected)));
}

TEST(Oracle, OneColumnHasItsMaximumInClosedForm) {
  // s = f'f, x2 = (f'y)^2 / s, r0 = y'y - x2. Stationarity s/(s+t) = N t m2/E gives t = s r0 / ((N - 1) x2 - r0).
  const oracle::Problem problem = support::problem_of(matrix(3, 1, {1, 2, 2}), matrix(3, 1, {1, 1, 3}));
  const Real s = 9, x2 = Real(81) / 9, r0 = 11 - x2;
  const oracle::Maximum maximum = oracle::maximise(oracle::decompose(problem), 0);
  EXPECT_EQ(maximum.status, oracle::Status::interior);
  EXPECT_NEAR(static_cast<double>(maximum.t / (s * r0 / (2 * x2 - r0)) - 1), 0, static_cast<double>(wide(64, 8)));
}

TEST(Oracle, StatusesByHand) {
  const auto status = [](const Data& features, const Data& targets) {
    return oracle::maximise(oracle::decompose(support::problem_of(features, targets)), 0).status;
  };
  EXPECT_EQ(status(matrix(3, 1, {1, 2, 2}), matrix(3, 1, {2, 4, 4})), oracle::Status::unbounded);
  EXPECT_EQ(status(matrix(3, 1, {1, 2, 2}), matrix(3, 1, {2, -1, 0})), oracle::Status::null_limit);  // orthogonal
  EXPECT_EQ(status(matrix(3, 1, {1, 2, 2}), matrix(3, 1, {0, 0, 0})), oracle::Status::empty);
  EXPECT_EQ(status(matrix(3, 1, {0, 0, 0}), matrix(3, 1, {1, 0, 0})), oracle::Status::null_limit);
  EXPECT_EQ(status(matrix(1, 1, {2}), matrix(1, 1, {3})), oracle::Status::null_limit);  // does not depend on t
  // Two rows, eigenvalues 9 and 1, and less of y along the smaller one than the prior expects.
  EXPECT_EQ(status(matrix(2, 2, {3, 0, 0, 1}), matrix(2, 1, {3, 0.5})), oracle::Status::interpolation_limit);
}

TEST(Oracle, InterpolationLimitByHand) {
  const oracle::Maximum maximum =
      oracle::maximise(oracle::decompose(support::problem_of(matrix(2, 2, {3, 0, 0, 1}), matrix(2, 1, {3, 0.5}))), 0);
  // log N(y; 0, F F' / alpha) with y' (F F')^-1 y = 5 / 4, so alpha = 2 / (5 / 4), and the determinant 9 / alpha^2.
  const Real alpha = 8 / Real(5), expected = -(2 * std::log(two_pi) + std::log(9 / (alpha * alpha)) + 2) / 4;
  EXPECT_NEAR(static_cast<double>(maximum.evidence - expected), 0, static_cast<double>(wide(4, expected)));
  EXPECT_NEAR(static_cast<double>(maximum.alpha - alpha), 0, static_cast<double>(wide(4, alpha)));
  EXPECT_TRUE(std::isinf(maximum.beta));
}

TEST(Oracle, ContrastsAreOrthonormal) {
  Data identity(6, 6);
  for (std::int64_t i = 0; i < 6; ++i) identity(i, i) = 1;
  const oracle::Matrix h = oracle::contrasts(support::problem_of(identity, identity)).features;
  ASSERT_EQ(h.rows, 5U);
  const oracle::Matrix transposed = oracle::transpose(h);
  for (std::size_t a = 0; a < 5; ++a) {
    Real sum = 0;
    for (std::size_t j = 0; j < 6; ++j) sum += h(a, j);
    EXPECT_NEAR(static_cast<double>(sum), 0, static_cast<double>(wide(6, 1)));
    for (std::size_t b = 0; b < 5; ++b)
      EXPECT_NEAR(static_cast<double>(oracle::dot(transposed.column(a), transposed.column(b), 6)), a == b ? 1 : 0,
                  static_cast<double>(wide(6, 1)));
  }
}

TEST(Oracle, SpectralEvidenceIsTheDenseDensity) {
  for (const bool intercept : {false, true}) {
    for (const auto& [rows, cols] : {std::pair{1, 3}, {5, 2}, {12, 12}, {7, 20}, {48, 9}, {60, 59}}) {
      if (intercept && rows == 1) continue;
      SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(cols) + (intercept ? " with intercept" : ""));
      const Data features = support::rectified(rows, cols, 0, 3, 7);
      const Data targets = support::linear_responses(features, 2, 1.0, 11);
      oracle::Problem problem = support::problem_of(features, targets);
      if (intercept) problem = oracle::contrasts(problem);
      const oracle::Spectrum spectrum = oracle::decompose(problem);
      for (std::size_t k = 0; k < 2; ++k) {
        for (const Real t : {Real(1) / 64, Real(1), Real(100)}) {
          // beta = N / E(t); the dense density takes alpha and beta apart.
          Real residual = spectrum.outside[k];
          for (std::size_t i = 0; i < spectrum.rank(); ++i)
            residual += spectrum.squares[k][i] * t / (t + spectrum.eigenvalues[i]);
          const Real beta = static_cast<Real>(spectrum.rows) / residual;
          const Real dense = oracle::dense_evidence(problem, k, t * beta, beta);
          const Real condition = 1 + spectrum.eigenvalues.front() / t;
          EXPECT_LE(std::fabs(oracle::profile_evidence(spectrum, k, t) - dense), condition * wide(60, dense));
        }
      }
    }
  }
}

TEST(Oracle, NoPointOfAFineGridBeatsTheMaximum) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const std::int64_t rows = 6 + static_cast<std::int64_t>(seed % 7), cols = 1 + static_cast<std::int64_t>(seed % 6);
    const Data features = support::with_spectrum(rows, cols, support::SpectrumKind::geometric, 1e4, seed);
    const oracle::Problem problem = support::problem_of(features, support::normal(rows, 1, seed + 100));
    const oracle::Maximum maximum = oracle::maximise(oracle::decompose(problem), 0);
    if (maximum.status == oracle::Status::interior) {
      const Real condition = 1 + maximum.beta / maximum.alpha;  // the largest eigenvalue is 1
      EXPECT_LE(std::fabs(oracle::dense_evidence(problem, 0, maximum.alpha, maximum.beta) - maximum.evidence),
                condition * wide(60, maximum.evidence));
    }
    for (int a = -40; a <= 40; ++a) {
      for (int b = -8; b <= 16; ++b) {
        const Real alpha = std::exp2(static_cast<Real>(a) / 2), beta = std::exp2(static_cast<Real>(b) / 2);
        EXPECT_LE(oracle::dense_evidence(problem, 0, alpha, beta), maximum.evidence + (1 + beta / alpha) * wide(60, 4));
      }
    }
  }
}

TEST(Oracle, ReferenceFitOfOneColumnByHand) {
  // One step from alpha = beta = 1 on s = 4, x2 = 4, r0 = 1e6 ends at once only if t stays; here gamma = 4 / 5.
  const oracle::Problem problem = support::problem_of(matrix(2, 1, {2, 0}), matrix(2, 1, {2, 1}));
  const oracle::ReferenceFit fit = oracle::reference_fit(problem, 0);
  Real alpha = 1, beta = 1;
  int steps = 0;
  for (Real moved = 1; steps < 11 && moved > 1e-3L; ++steps) {
    const Real t = alpha / beta, gamma = 4 / (4 + t);
    alpha = gamma / (16 / ((4 + t) * (4 + t)) + 1e-5L);
    beta = (2 - gamma) / (4 * t * t / ((4 + t) * (4 + t)) + 1 + 1e-5L);
    moved = std::fabs(alpha / beta - t) / t;
  }
  EXPECT_EQ(fit.iterations, steps);
  EXPECT_NEAR(static_cast<double>(fit.alpha / alpha), 1, static_cast<double>(wide(100, 1)));
  EXPECT_NEAR(static_cast<double>(fit.beta / beta), 1, static_cast<double>(wide(100, 1)));
}

}  // namespace
