// Procedure::reference against goldens that tests/golden/make_reference.py made from the published algorithm: defaults
// and the variants of its copies, empty classes, more and fewer rows than features, several scales.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/score.hpp>

#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

using culogme::Scalar;
using support::Data;

/// A problem, a variant, and what the published algorithm gives for each target.
struct Golden {
  struct Fit {
    double evidence = 0, alpha = 0, beta = 0;
    std::int32_t steps = 0;
  };
  bool classes = false;
  std::int64_t rows = 0, cols = 0;
  double scale = 1;
  std::vector<std::int32_t> what;  ///< classes that have rows, or the number of responses
  std::uint64_t seed = 0;
  culogme::ReferenceOptions options;
  std::vector<Fit> targets;
};

double number(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

std::vector<Golden> goldens() {
  std::vector<Golden> all;
  std::ifstream file(CULOGME_TEST_DATA "/golden/reference.txt");
  std::string before;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::vector<std::string> cells;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ';');) cells.push_back(cell);
    std::string key;
    for (std::size_t i = 0; i < 9; ++i) key.append(cells.at(i)).append(";");
    if (key != before) {
      Golden& golden = all.emplace_back();
      golden.classes = cells[0] == "classes";
      golden.rows = std::stol(cells[1]);
      golden.cols = std::stol(cells[2]);
      golden.scale = number(cells[3]);
      std::istringstream list(cells[4]);
      for (std::int32_t value = 0; list >> value;) golden.what.push_back(value);
      golden.seed = std::stoul(cells[5]);
      golden.options = {number(cells[6]), static_cast<std::int32_t>(std::stol(cells[7])), number(cells[8])};
      before = key;
    }
    all.back().targets.push_back(
        {number(cells.at(10)), number(cells.at(11)), number(cells.at(12)), std::stoi(cells.at(13))});
  }
  return all;
}

/// Runs of 1, 2, ... 5 rows of each class in turn.
support::Labels runs_of(std::int64_t rows, const std::vector<std::int32_t>& classes) {
  support::Labels labels;
  for (std::size_t run = 0; static_cast<std::int64_t>(labels.size()) < rows; ++run)
    labels.insert(labels.end(), run % 5 + 1, classes[run % classes.size()]);
  labels.resize(static_cast<std::size_t>(rows));
  return labels;
}

class ReferenceGoldenTest : public support::BackendTest {
 protected:
  culogme::Score score(const Golden& golden) {
    Data features = support::scaled(support::normal(golden.rows, golden.cols, golden.seed), golden.scale);
    culogme::ScoreOptions options;
    options.procedure = culogme::Procedure::reference;
    options.reference = golden.options;
    if (golden.classes) {
      const support::Labels labels = runs_of(golden.rows, golden.what);
      const std::int64_t count = *std::max_element(labels.begin(), labels.end()) + 1;
      const Data centres = support::normal(count, golden.cols, golden.seed + 1000);
      for (std::int64_t i = 0; i < golden.rows; ++i)
        for (std::int64_t j = 0; j < golden.cols; ++j)
          features(i, j) += golden.scale * centres(labels[static_cast<std::size_t>(i)], j);
      const support::Stored x(features, Scalar::f64);
      return culogme::score(engine, x.view(), support::view(labels), count, options);
    }
    const std::int64_t count = golden.what.front();
    Data responses = support::normal(golden.rows, count, golden.seed + 2000);
    const Data weights = support::normal(golden.cols, count, golden.seed + 3000);
    for (std::int64_t j = 0; j < golden.cols; ++j)
      for (std::int64_t i = 0; i < golden.rows; ++i)
        for (std::int64_t k = 0; k < count; ++k) responses(i, k) += features(i, j) / golden.scale * weights(j, k);
    const support::Stored x(features, Scalar::f64), y(responses, Scalar::f64);
    return culogme::score(engine, x.view(), y.view(), culogme::Task::regression, options);
  }
};
CULOGME_OVER_BACKENDS(ReferenceGoldenTest);

bool warns(const culogme::Score& score, const std::string& part) {
  return std::any_of(score.warnings.begin(), score.warnings.end(),
                     [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

TEST_P(ReferenceGoldenTest, AgreesWithNumpy) {
  const std::vector<Golden> all = goldens();
  ASSERT_GE(all.size(), 100U);
  for (const Golden& golden : all) {
    SCOPED_TRACE(std::string(golden.classes ? "classes " : "responses ") + std::to_string(golden.rows) + " x " +
                 std::to_string(golden.cols) + ", seed " + std::to_string(golden.seed) + ", tolerance " +
                 std::to_string(golden.options.tolerance) + ", steps " + std::to_string(golden.options.iterations) +
                 ", guard " + std::to_string(golden.options.guard));
    const culogme::Score got = score(golden);
    ASSERT_EQ(got.targets.size(), golden.targets.size());
    double mean = 0;
    const auto expect_near = [](double value, double expected, const char* what) {
      EXPECT_LE(std::fabs(value - expected), tolerance::reference_agreement * std::max(1.0, std::fabs(expected)))
          << what << " is " << value << ", the published algorithm gives " << expected;
    };
    for (std::size_t k = 0; k < golden.targets.size(); ++k) {
      const Golden::Fit& fit = golden.targets[k];
      SCOPED_TRACE("target " + std::to_string(k));
      expect_near(got.targets[k].evidence, fit.evidence, "the evidence");
      expect_near(got.targets[k].alpha, fit.alpha, "alpha");
      expect_near(got.targets[k].beta, fit.beta, "beta");
      EXPECT_EQ(got.targets[k].iterations, fit.steps);
      mean += fit.evidence;
    }
    expect_near(got.value, mean / static_cast<double>(golden.targets.size()), "the score");
    EXPECT_EQ(warns(got, "known defect"), golden.rows < golden.cols);
    EXPECT_EQ(warns(got, "guards alone"), golden.classes && golden.targets.size() > golden.what.size());
  }
}

// The published loop runs to the largest label: classes behind it do not exist for it.
TEST_P(ReferenceGoldenTest, ClassesBehindTheLastLabelAreSkipped) {
  const Data features = support::normal(30, 4, 1);
  const support::Stored x(features, Scalar::f64);
  const support::Labels labels = runs_of(30, {0, 1});
  culogme::ScoreOptions options;
  options.procedure = culogme::Procedure::reference;
  const culogme::Score two = culogme::score(engine, x.view(), support::view(labels), 2, options);
  const culogme::Score four = culogme::score(engine, x.view(), support::view(labels), 4, options);
  EXPECT_EQ(two.value, four.value);
  EXPECT_EQ(four.targets[3].status, culogme::TargetStatus::empty);
  EXPECT_TRUE(warns(four, "skipped"));
}

TEST_P(ReferenceGoldenTest, OptionsOutOfRangeAreRefused) {
  const Data features = support::normal(30, 4, 1);
  const support::Stored x(features, Scalar::f64);
  const support::Labels labels = runs_of(30, {0, 2});
  const auto refused = [&](culogme::ReferenceOptions reference) {
    culogme::ScoreOptions options;
    options.procedure = culogme::Procedure::reference;
    options.reference = reference;
    EXPECT_THROW(culogme::score(engine, x.view(), support::view(labels), 3, options), culogme::InvalidArgument);
  };
  refused({-1, 11, 1e-5});
  refused({std::nan(""), 11, 1e-5});
  refused({1e-3, 0, 1e-5});
  refused({1e-3, 11, -1e-5});
  culogme::ScoreOptions bare;
  bare.procedure = culogme::Procedure::reference;
  bare.reference.guard = 0;
  // Class 1 is empty: 0 / 0 without a guard.
  EXPECT_THROW(culogme::score(engine, x.view(), support::view(labels), 3, bare), culogme::NumericalError);
}

}  // namespace
