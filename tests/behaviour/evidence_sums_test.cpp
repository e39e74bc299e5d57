// The sums over eigenvalues that the evidence of the CPU backend is made of, against plain loops.

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "cpu/evidence_terms.hpp"
#include "cpu/grid_sums.hpp"
#include "support/data.hpp"
#include "support/tolerance.hpp"

namespace {

using culogme::detail::AlignedVector;
using culogme::detail::evidence_terms;
using culogme::detail::EvidenceTerms;
using culogme::detail::GridSums;
using culogme::detail::log_determinant;
using Real = long double;

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr std::int64_t ranks[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 255, 256, 257, 1000};

// Sums of small integers are exact in any order, so every layout has to give their bits.
TEST(GridSums, AreExactForIntegersOfAnyShape) {
  support::Random random(3);
  for (const std::int64_t rank : ranks) {
    for (const std::int64_t rows : {1, 2, 3, 4, 42}) {
      for (const std::int64_t targets : {1, 7, 8, 9, 17}) {
        AlignedVector<double> weights, x2;
        for (std::int64_t i = 0; i < rows * rank; ++i) weights.push_back(static_cast<double>(random.integer(-9, 9)));
        for (std::int64_t i = 0; i < targets * rank; ++i) x2.push_back(static_cast<double>(random.integer(-9, 9)));
        const double untouched = std::numeric_limits<double>::quiet_NaN();
        std::vector<double> sums(size_of(rows * targets + 1), untouched);
        GridSums(weights, rows, rank).add_up(x2.data(), targets, sums.data());
        for (std::int64_t k = 0; k < targets; ++k) {
          for (std::int64_t g = 0; g < rows; ++g) {
            double sum = 0;
            for (std::int64_t i = 0; i < rank; ++i) sum += weights[size_of(g * rank + i)] * x2[size_of(k * rank + i)];
            ASSERT_EQ(sums[size_of(k * rows + g)], sum) << "rank " << rank << ", row " << g << ", target " << k;
          }
        }
        EXPECT_TRUE(std::isnan(sums.back()));
      }
    }
  }
}

TEST(GridSums, OneTargetsNanStaysItsOwn) {
  constexpr std::int64_t rank = 20, targets = 11;
  AlignedVector<double> x2(size_of(rank * targets), 1.0);
  x2[size_of(4 * rank + 19)] = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> sums(size_of(targets));
  GridSums(AlignedVector<double>(size_of(rank), 2.0), 1, rank).add_up(x2.data(), targets, sums.data());
  for (std::int64_t k = 0; k < targets; ++k) EXPECT_EQ(std::isnan(sums[size_of(k)]), k == 4) << k;
}

struct Problem {
  std::vector<double> eigenvalues, x2;
};

/// Increasing over 24 orders of magnitude.
Problem problem(std::int64_t rank) {
  support::Random random(5);
  Problem p;
  for (std::int64_t i = 0; i < rank; ++i) {
    p.eigenvalues.push_back(std::exp2(-80.0 * (1 - static_cast<double>(i + 1) / static_cast<double>(rank))));
    p.x2.push_back(random.uniform());
  }
  return p;
}

// Each term has a few roundings and each sum as many as it has terms; those of one sign add up in magnitude.
double sum_error(std::int64_t rank) { return static_cast<double>(rank + 16) * tolerance::unit_f64; }

TEST(EvidenceTerms, AgreeWithTheirDefinitionAtEveryScale) {
  for (const std::int64_t rank : ranks) {
    for (const int exponent : {0, 600, -600}) {  // the last two leave no room for products of two
      for (const double ln_t : {-50.0, -8.0, 0.0, 6.0}) {
        Problem p = problem(rank);
        for (double& value : p.eigenvalues) value = std::ldexp(value, exponent);
        const double t = std::ldexp(std::exp(ln_t), exponent);
        Real gamma = 0, gamma_slope = 0, error = 0, error_slope = 0, error_curve = 0, magnitude = 0, log_det = 0;
        for (std::int64_t i = 0; i < rank; ++i) {
          const Real sigma = p.eigenvalues[size_of(i)], x2 = p.x2[size_of(i)];
          const Real a = sigma / (sigma + t), w = t / (sigma + t);
          gamma += a;
          gamma_slope += a * w;
          error += x2 * w;
          error_slope += x2 * a * w;
          error_curve += x2 * a * w * (a - w);
          magnitude += x2 * a * w;
          log_det += std::log1p(sigma / t);
        }
        const EvidenceTerms terms = evidence_terms(p.eigenvalues.data(), p.x2.data(), rank, t);
        const auto near = [&](double value, Real expected, Real scale) {
          return std::fabs(static_cast<double>(value - expected)) <= sum_error(rank) * static_cast<double>(scale);
        };
        EXPECT_TRUE(near(terms.gamma, gamma, gamma)) << rank << " " << exponent << " " << ln_t;
        EXPECT_TRUE(near(terms.gamma_slope, gamma_slope, gamma_slope)) << rank << " " << exponent << " " << ln_t;
        EXPECT_TRUE(near(terms.error, error, error)) << rank << " " << exponent << " " << ln_t;
        EXPECT_TRUE(near(terms.error_slope, error_slope, error_slope)) << rank << " " << exponent << " " << ln_t;
        EXPECT_TRUE(near(terms.error_curve, error_curve, magnitude)) << rank << " " << exponent << " " << ln_t;
        // A factor 1 + sigma / t is rounded to a unit of itself, which its logarithm shows as it is.
        EXPECT_LE(std::fabs(static_cast<double>(log_determinant(p.eigenvalues.data(), rank, t) - log_det)),
                  sum_error(rank) * static_cast<double>(rank) + sum_error(1) * static_cast<double>(log_det))
            << rank << " " << exponent << " " << ln_t;
      }
    }
  }
}

TEST(EvidenceTerms, FactorsTooLargeToMultiplyHaveTheirLogarithmsAdded) {
  const std::vector<double> eigenvalues = {1, 0x1p300, 0x1p400, 0x1p600};
  const double t = 0x1p-400;
  const double expected = (400 + 700 + 800 + 1000) * std::log(2.0);
  EXPECT_NEAR(log_determinant(eigenvalues.data(), 4, t), expected, sum_error(4) * expected);
}

}  // namespace
