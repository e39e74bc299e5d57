#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "culogme/evaluate.hpp"
#include "evaluate/definition.hpp"
#include "evaluate/table.hpp"
#include "evaluate/tolerance.hpp"

namespace culogme::test {
namespace {

struct Golden {
  std::vector<double> x, y;
  std::vector<std::int64_t> ranks;
  std::vector<double> expected;  // average, lexicographic, index, given ranks, tau-b, spearman, pearson
};

double number(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

std::vector<double> numbers(const std::string& list) {
  std::vector<double> values;
  std::istringstream stream(list);
  for (std::string text; stream >> text;) values.push_back(number(text));
  return values;
}

std::vector<Golden> goldens() {
  std::vector<Golden> result;
  for (const auto& row : read_table(CULOGME_TEST_DATA "/evaluate/golden.txt", ';')) {
    Golden& golden = result.emplace_back();
    golden.x = numbers(row.at(0));
    golden.y = numbers(row.at(1));
    for (const double rank : numbers(row.at(2))) golden.ranks.push_back(static_cast<std::int64_t>(rank));
    for (std::size_t i = 3; i < 10; ++i) golden.expected.push_back(number(row.at(i)));
  }
  return result;
}

void expect_near(double value, double expected, double tolerance, const std::string& what) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(value)) << what << " is " << value << ", scipy says nan";
  } else {
    EXPECT_NEAR(value, expected, tolerance) << what;
  }
}

std::vector<double> without_nan(const std::vector<double>& values, const std::vector<double>& other) {
  std::vector<double> kept;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isnan(values[i]) && !std::isnan(other[i])) kept.push_back(values[i]);
  }
  return kept;
}

TEST(Evaluate, GoldensHoldManyCases) { EXPECT_GE(goldens().size(), 500u); }

TEST(Evaluate, WeightedTauIsThatOfScipy) {
  std::size_t line = 0;
  for (const Golden& golden : goldens()) {
    const std::string what = "golden " + std::to_string(line++);
    const auto& [x, y, ranks, expected] = golden;
    expect_near(weighted_kendall(x, y), expected[0], average_tolerance(x, y), what + ", rank=True");
    expect_near(weighted_kendall(x, y, TauRank::lexicographic), expected[1],
                defined_tolerance(x, y, lexicographic_weights(x, y)), what + ", rank=None");
    expect_near(weighted_kendall(x, y, TauRank::index), expected[2], defined_tolerance(x, y, index_weights(x.size())),
                what + ", rank=False");
    expect_near(weighted_kendall(x, y, ranks), expected[3], defined_tolerance(x, y, rank_weights(ranks)),
                what + ", rank=array");
  }
}

TEST(Evaluate, OtherMeasuresAreThoseOfScipy) {
  std::size_t line = 0;
  for (const Golden& golden : goldens()) {
    const std::string what = "golden " + std::to_string(line++);
    const std::vector<double> x = without_nan(golden.x, golden.y), y = without_nan(golden.y, golden.x);
    expect_near(kendall_tau_b(golden.x, golden.y), golden.expected[4], count_tolerance(), what + ", tau-b");
    if (!std::isnan(golden.expected[5])) {
      const double tolerance = correlation_tolerance(average_ranks(x)) + correlation_tolerance(average_ranks(y));
      expect_near(spearman(golden.x, golden.y), golden.expected[5], tolerance, what + ", spearman");
    } else {
      EXPECT_TRUE(std::isnan(spearman(golden.x, golden.y))) << what;
    }
    expect_near(pearson(golden.x, golden.y), golden.expected[6], correlation_tolerance(x) + correlation_tolerance(y),
                what + ", pearson");
  }
}

}  // namespace
}  // namespace culogme::test
