#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "culogme/error.hpp"
#include "culogme/evaluate.hpp"
#include "evaluate/definition.hpp"
#include "evaluate/tolerance.hpp"

namespace culogme::test {
namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

/// Whole numbers below `distinct`, some of them NaN.
std::vector<double> tied_values(std::mt19937& generator, std::size_t n, unsigned distinct, bool missing) {
  std::vector<double> values(n);
  for (double& value : values)
    value = missing && generator() % 8 == 0 ? nan_value : static_cast<double>(generator() % distinct);
  return values;
}

void expect_same(double value, double expected, double tolerance, const std::string& what) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(value)) << what << ": " << value;
  } else {
    EXPECT_NEAR(value, expected, tolerance) << what;
  }
}

TEST(WeightedTau, IsTheSumOverPairsOfTheDefinition) {
  std::mt19937 generator(7);
  for (std::size_t n = 1; n <= 40; ++n) {
    for (const unsigned distinct : {1u, 2u, 5u, 1000u}) {
      for (int repeat = 0; repeat < 6; ++repeat) {
        const bool missing = repeat % 2 == 1;
        const std::vector<double> x = tied_values(generator, n, distinct, missing);
        const std::vector<double> y = tied_values(generator, n, 1 + distinct / 2, missing);
        std::vector<std::int64_t> ranks(n);
        for (std::int64_t& rank : ranks) rank = static_cast<std::int64_t>(generator() % (2 * n)) - 3;
        const std::string what =
            "n " + std::to_string(n) + ", distinct " + std::to_string(distinct) + ", repeat " + std::to_string(repeat);

        const std::vector<double> by_x = lexicographic_weights(x, y), by_y = lexicographic_weights(y, x);
        const double tau_x = pair_sums(x, y, by_x).tau(), tau_y = pair_sums(x, y, by_y).tau();
        expect_same(weighted_kendall(x, y), (tau_x + tau_y) / 2, average_tolerance(x, y), what);
        expect_same(weighted_kendall(x, y, TauRank::lexicographic), tau_x, defined_tolerance(x, y, by_x), what);
        for (const std::vector<double>& weights : {index_weights(n), rank_weights(ranks)}) {
          const bool index = weights == index_weights(n);
          const double value = index ? weighted_kendall(x, y, TauRank::index) : weighted_kendall(x, y, ranks);
          expect_same(value, pair_sums(x, y, weights).tau(), defined_tolerance(x, y, weights), what);
        }
        if (!missing) {
          const double plain = pair_sums(x, y, std::vector<double>(n, 1.0)).tau();
          expect_same(kendall_tau_b(x, y), plain, count_tolerance(), what);
        }
      }
    }
  }
}

TEST(WeightedTau, ExamplesOfTheScipyDocumentation) {
  const std::vector<double> x{12, 2, 1, 12, 2}, y{1, 4, 7, 1, 0}, missing{1, 4, 7, 1, nan_value};
  EXPECT_NEAR(weighted_kendall(x, y), -0.56694968153682723, average_tolerance(x, y));
  EXPECT_EQ(weighted_kendall(x, missing), weighted_kendall(x, y));
  EXPECT_NEAR(weighted_kendall(x, y, TauRank::lexicographic), -0.4157652301037516, average_tolerance(x, y));
  EXPECT_NEAR(weighted_kendall(y, x, TauRank::lexicographic), -0.7181341329699028, average_tolerance(x, y));
  EXPECT_NEAR(kendall_tau_b(x, y), -0.47140452079103173, count_tolerance());
}

TEST(WeightedTau, IsSymmetricAndOddAndOneForEqualOrders) {
  std::mt19937 generator(11);
  for (std::size_t n = 2; n < 30; ++n) {
    const std::vector<double> x = tied_values(generator, n, 6, false), y = tied_values(generator, n, 9, false);
    const double tau = weighted_kendall(x, y);
    if (std::isnan(tau)) continue;
    EXPECT_NEAR(weighted_kendall(y, x), tau, average_tolerance(x, y));
    EXPECT_NEAR(weighted_kendall(x, x), 1, average_tolerance(x, x));
    std::vector<double> shifted(x);
    for (double& value : shifted) value = std::exp(value) - 5;
    EXPECT_EQ(weighted_kendall(shifted, y), tau);
  }
}

TEST(WeightedTau, UndefinedCasesAreNan) {
  const std::vector<double> none, one{1}, equal{2, 2, 2}, rising{1, 2, 3}, missing(3, nan_value);
  for (const TauRank rank : {TauRank::average, TauRank::lexicographic, TauRank::index}) {
    EXPECT_TRUE(std::isnan(weighted_kendall(none, none, rank)));
    EXPECT_TRUE(std::isnan(weighted_kendall(one, one, rank)));
    EXPECT_TRUE(std::isnan(weighted_kendall(equal, rising, rank)));
    EXPECT_TRUE(std::isnan(weighted_kendall(rising, equal, rank)));
    EXPECT_TRUE(std::isnan(weighted_kendall(missing, rising, rank)));
    EXPECT_TRUE(std::isnan(weighted_kendall(rising, missing, rank)));
  }
  for (const auto& measure : {kendall_tau_b, spearman, pearson}) {
    EXPECT_TRUE(std::isnan(measure(none, none)));
    EXPECT_TRUE(std::isnan(measure(one, one)));
    EXPECT_TRUE(std::isnan(measure(equal, rising)));
    EXPECT_TRUE(std::isnan(measure(missing, rising)));
  }
}

TEST(WeightedTau, SizesThatDifferAreNamed) {
  const std::vector<double> three{1, 2, 3}, two{1, 2};
  const std::vector<std::int64_t> ranks{0, 1};
  const auto message = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const InvalidArgument& error) {
      return error.what();
    }
    return "";
  };
  for (const std::string& text :
       {message([&] { weighted_kendall(three, two); }), message([&] { weighted_kendall(three, three, ranks); }),
        message([&] { kendall_tau_b(three, two); }), message([&] { spearman(three, two); }),
        message([&] { pearson(three, two); }), message([&] { relative_at(three, two, 1); }),
        message([&] { regret_at(three, two, 1); }), message([&] { evaluate("logme", three, two); })}) {
    EXPECT_NE(text.find('3'), std::string::npos) << text;
    EXPECT_NE(text.find('2'), std::string::npos) << text;
  }
}

// The sum over pairs would take 10^11 steps here; the order of the measures is checked where it is known.
TEST(WeightedTauLarge, OneMillionValues) {
  const std::size_t n = 1'000'000;
  std::vector<double> rising(n), falling(n);
  for (std::size_t i = 0; i < n; ++i) {
    rising[i] = static_cast<double>(i);
    falling[i] = -rising[i];
  }
  EXPECT_NEAR(weighted_kendall(rising, rising), 1, tau_tolerance(n, 1, 1));
  EXPECT_NEAR(weighted_kendall(rising, falling), -1, tau_tolerance(n, 1, 1));
  EXPECT_EQ(kendall_tau_b(rising, falling), -1);
  std::vector<double> swapped(rising);
  for (std::size_t i = 0; i + 1 < n; i += 2) std::swap(swapped[i], swapped[i + 1]);
  const double pairs = static_cast<double>(n) * static_cast<double>(n - 1) / 2;
  EXPECT_NEAR(kendall_tau_b(rising, swapped), 1 - 2 * static_cast<double>(n / 2) / pairs, count_tolerance());
}

}  // namespace
}  // namespace culogme::test
