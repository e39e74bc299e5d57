#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ostream>
#include <string>
#include <vector>

#include "culogme/evaluate.hpp"
#include "evaluate/table.hpp"

namespace culogme::test {
namespace {

struct Column {
  std::vector<std::string> names;
  std::vector<double> values;
};

Column column(const std::string& file, const std::string& name) {
  const auto table = read_table(CULOGME_EXAMPLE_DATA "/benchmarks/" + file, ',');
  Column result;
  if (table.empty()) return result;
  const auto found = std::find(table[0].begin(), table[0].end(), name);
  if (found == table[0].end()) return result;
  const auto index = static_cast<std::size_t>(found - table[0].begin());
  for (std::size_t row = 1; row < table.size(); ++row) {
    result.names.push_back(table[row].at(0));
    result.values.push_back(std::strtod(table[row].at(index).c_str(), nullptr));
  }
  return result;
}

/// A number printed with three decimals is off by at most half a unit of the third.
constexpr double third_decimal = 0.5e-3;

struct Published {
  const char* dataset;
  const char* measure;
  double weighted_tau;
};

void PrintTo(const Published& published, std::ostream* stream) {
  *stream << published.dataset << ' ' << published.measure;
}

class Benchmarks : public testing::TestWithParam<Published> {};

TEST_P(Benchmarks, WeightedTauToTheThirdDecimal) {
  const auto [dataset, measure, expected] = GetParam();
  const Column scores = column(std::string(dataset) + "_scores.csv", measure);
  const Column accuracies = column(std::string(dataset) + "_accuracies.csv", "finetuned");
  ASSERT_EQ(scores.values.size(), 10u);
  ASSERT_EQ(scores.names, accuracies.names);
  EXPECT_NEAR(weighted_kendall(accuracies.values, scores.values), expected, third_decimal);
}

INSTANTIATE_TEST_SUITE_P(Published, Benchmarks,
                         testing::Values(Published{"aircraft", "logme", .530}, Published{"birdsnap", "logme", .672},
                                         Published{"caltech101", "logme", .721},
                                         Published{"stanfordcars", "logme", .654}, Published{"cifar10", "logme", .785},
                                         Published{"cifar100", "logme", .783}, Published{"dtd", "logme", .535},
                                         Published{"oxfordiiitpets", "logme", .604}, Published{"sun397", "logme", .748},
                                         Published{"aircraft", "hscore", .343}, Published{"birdsnap", "hscore", .494},
                                         Published{"caltech101", "hscore", .721},
                                         Published{"stanfordcars", "hscore", .638},
                                         Published{"cifar10", "hscore", .800}, Published{"cifar100", "hscore", .775},
                                         Published{"dtd", "hscore", .416}, Published{"oxfordiiitpets", "hscore", .591},
                                         Published{"sun397", "hscore", .918}, Published{"aircraft", "leep", -.056},
                                         Published{"birdsnap", "leep", -.133}, Published{"caltech101", "leep", .127},
                                         Published{"stanfordcars", "leep", .703}, Published{"cifar10", "leep", .638},
                                         Published{"cifar100", "leep", .659}, Published{"dtd", "leep", -.004},
                                         Published{"oxfordiiitpets", "leep", .701}, Published{"sun397", "leep", .581},
                                         Published{"aircraft", "nce", .448}, Published{"birdsnap", "nce", -.636},
                                         Published{"caltech101", "nce", .810}, Published{"stanfordcars", "nce", .750},
                                         Published{"cifar10", "nce", .714}, Published{"cifar100", "nce", .654},
                                         Published{"oxfordiiitpets", "nce", .709}, Published{"sun397", "nce", .873}),
                         [](const auto& test) { return std::string(test.param.dataset) + "_" + test.param.measure; });

struct Others {
  const char* dataset;
  double pearson, kendall;
};

TEST(BenchmarkTables, PearsonAndKendallOfLogme) {
  for (const auto& [dataset, expected_pearson, expected_kendall] :
       {Others{"aircraft", .110, .360}, Others{"birdsnap", .627, .467}, Others{"caltech101", .794, .629},
        Others{"stanfordcars", .279, .519}, Others{"cifar10", .731, .705}, Others{"cifar100", .695, .629},
        Others{"dtd", .626, .539}, Others{"oxfordiiitpets", .693, .556}, Others{"sun397", .826, .674}}) {
    const Column scores = column(std::string(dataset) + "_scores.csv", "logme");
    const Column accuracies = column(std::string(dataset) + "_accuracies.csv", "finetuned");
    EXPECT_NEAR(pearson(scores.values, accuracies.values), expected_pearson, third_decimal) << dataset;
    EXPECT_NEAR(kendall_tau_b(scores.values, accuracies.values), expected_kendall, third_decimal) << dataset;
  }
}

/// How many models each one beats, summed over the other data sets: a ranking that looks at no feature at all.
std::vector<double> static_ranker(const std::vector<std::vector<double>>& accuracies, std::size_t left_out) {
  std::vector<double> score(accuracies[0].size());
  for (std::size_t d = 0; d < accuracies.size(); ++d) {
    if (d == left_out) continue;
    for (std::size_t m = 0; m < score.size(); ++m) {
      for (const double other : accuracies[d]) score[m] += static_cast<double>(other < accuracies[d][m]);
    }
  }
  return score;
}

TEST(BenchmarkTables, StaticRankerOfTheSfdaGroups) {
  const std::vector<std::string> datasets{"aircraft", "caltech101", "cars", "cifar10", "cifar100", "dtd",
                                          "flowers",  "food",       "pets", "sun397",  "voc2007"};
  struct Group {
    const char* file;
    std::size_t models;
    double mean_tau;
  };
  for (const auto& [file, models, expected] :
       {Group{"sfda_group1_accuracies.csv", 11, .836}, Group{"sfda_group2_accuracies.csv", 12, .685}}) {
    std::vector<std::vector<double>> accuracies;
    for (const std::string& dataset : datasets) {
      accuracies.push_back(column(file, dataset).values);
      ASSERT_EQ(accuracies.back().size(), models) << dataset;
    }
    double mean = 0;
    for (std::size_t d = 0; d < datasets.size(); ++d) {
      mean += weighted_kendall(static_ranker(accuracies, d), accuracies[d]) / static_cast<double>(datasets.size());
    }
    EXPECT_NEAR(mean, expected, third_decimal) << file;
  }
}

TEST(BenchmarkTables, GlueIsOrderedAsPublished) {
  struct Task {
    const char* name;
    double weighted_tau;
  };
  // Two decimals are printed; RTE is left out, since two of its scores are one point of the figure.
  for (const auto& [task, expected] : {Task{"mnli", 1.00}, Task{"qqp", .73}, Task{"qnli", 1.00}, Task{"sst2", 1.00},
                                       Task{"cola", 1.00}, Task{"mrpc", .53}}) {
    const Column scores = column("glue_scores.csv", task), accuracies = column("glue_accuracies.csv", task);
    ASSERT_EQ(scores.values.size(), 4u);
    EXPECT_NEAR(weighted_kendall(scores.values, accuracies.values), expected, 10 * third_decimal) << task;
  }
}

}  // namespace
}  // namespace culogme::test
