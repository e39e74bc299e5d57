// Digits that are lost on the way must show in the bound: a wrong number never comes with a small one.

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/score.hpp>
#include <culogme/statistics.hpp>

#include "support/backends.hpp"
#include "support/data.hpp"

namespace {

using culogme::Memory;
using culogme::Precision;

class CancellationTest : public support::BackendTest {
 protected:
  static constexpr std::int64_t cols = 8;

  /// Normal features about `mean`, and a response that the first column explains.
  struct Rows {
    std::vector<double> features, responses;
    std::int64_t count = 0;
    Rows(std::int64_t rows, double mean, double size, std::uint64_t seed) : count(rows) {
      support::Random random(seed);
      for (std::int64_t i = 0; i < rows; ++i) {
        const double signal = random.normal();
        for (std::int64_t j = 0; j < cols; ++j) features.push_back(mean + size * (j == 0 ? signal : random.normal()));
        responses.push_back(signal + 0.5 * random.normal());
      }
    }
    culogme::MatrixView view() const { return culogme::matrix_view(Memory::host, features.data(), count, cols); }
    culogme::MatrixView targets() const { return culogme::matrix_view(Memory::host, responses.data(), count, 1); }
  };

  culogme::Statistics summed(const Rows& rows, Precision precision = Precision::automatic) {
    culogme::Statistics statistics(engine, cols, 1, {culogme::Task::regression, precision, {}});
    statistics.add(rows.view(), rows.targets());
    return statistics;
  }

  /// `score` is within its own bound of `right`, or says that it does not know.
  static void expect_honest(const culogme::Score& score, const culogme::Score& right) {
    EXPECT_LE(std::fabs(score.value - right.value), score.error_bound + right.error_bound);
  }
};
CULOGME_OVER_BACKENDS(CancellationTest);

TEST_P(CancellationTest, SubtractingALargeShardShowsInTheBound) {
  const Rows base(2000, 0, 1, 1);
  const culogme::Score right = culogme::score(summed(base));
  for (const double size : {1.0, 1e3, 1e6, 1e8, 1e9, 1e12}) {
    SCOPED_TRACE(size);
    culogme::Statistics statistics = summed(base);
    const culogme::Statistics shard = summed(Rows(500, 0, size, 2));
    statistics.merge(shard);
    statistics.subtract(shard);
    expect_honest(culogme::score(statistics), right);
  }
}

TEST_P(CancellationTest, APilotFarFromTheMeanShowsInTheBound) {
  for (const double mean : {1e2, 1e4, 1e6, 1e7, 1e9}) {
    SCOPED_TRACE(mean);
    const Rows one(1, 0, 0, 3), many(3000, mean, 1, 4);
    culogme::Statistics near = summed(many), far = summed(one);
    near.merge(summed(one));
    far.merge(summed(many));
    expect_honest(culogme::score(far), culogme::score(near));
  }
}

TEST_P(CancellationTest, ASignalInATinyColumnIsNotLostInSinglePrecision) {
  const Rows base(6000, 0, 1, 5);
  for (const double size : {1e-1, 1e-2, 1e-3, 1e-4, 1e-5}) {
    SCOPED_TRACE(size);
    Rows scaled = base;
    for (std::size_t i = 0; i < scaled.features.size(); i += cols) scaled.features[i] *= size;
    const std::vector<float> narrow(scaled.features.begin(), scaled.features.end());
    const std::vector<double> exact(narrow.begin(), narrow.end());
    culogme::ScoreOptions options;
    const auto features = culogme::matrix_view(Memory::host, exact.data(), base.count, cols);
    options.precision = Precision::f64;
    const culogme::Score right = culogme::score(engine, features, base.targets(), culogme::Task::regression, options);
    options.precision = Precision::f32;
    expect_honest(culogme::score(engine, culogme::matrix_view(Memory::host, narrow.data(), base.count, cols),
                                 base.targets(), culogme::Task::regression, options),
                  right);
  }
}

TEST_P(CancellationTest, RowsOfZerosFirstDoNotFixTheScale) {
  for (const double size : {1.0, 1e-18, 1e-25, 1e-30}) {
    SCOPED_TRACE(size);
    const Rows rows(2000, 0, size, 6);
    std::vector<float> features(1024 * cols, 0.0f);
    for (const double value : rows.features) features.push_back(static_cast<float>(value));
    std::vector<double> responses(1024, 0.0);
    responses.insert(responses.end(), rows.responses.begin(), rows.responses.end());
    const auto view = culogme::matrix_view(Memory::host, features.data(), 1024 + rows.count, cols);
    const auto targets = culogme::matrix_view(Memory::host, responses.data(), 1024 + rows.count, 1);
    culogme::ScoreOptions options;
    options.precision = Precision::f64;
    const culogme::Score right = culogme::score(engine, view, targets, culogme::Task::regression, options);
    options.precision = Precision::f32;
    const culogme::Score score = culogme::score(engine, view, targets, culogme::Task::regression, options);
    expect_honest(score, right);
    EXPECT_EQ(score.targets[0].status, culogme::TargetStatus::interior);
    EXPECT_TRUE(std::isfinite(score.error_bound));
  }
}

TEST_P(CancellationTest, EmptiedStatisticsAreAsNew) {
  const Rows first(1500, 3, 1e3, 7), second(1500, 0, 1, 8);
  culogme::Statistics statistics = summed(first);
  statistics.subtract(summed(first));
  EXPECT_EQ(statistics.rows(), 0);
  statistics.add(second.view(), second.targets());
  const culogme::Score again = culogme::score(statistics), fresh = culogme::score(summed(second));
  EXPECT_EQ(again.value, fresh.value);
  EXPECT_EQ(again.error_bound, fresh.error_bound);
}

TEST_P(CancellationTest, TargetsBeyondTheRangeOfSquaresAreAnError) {
  Rows rows(2000, 0, 1, 9);
  for (std::size_t i = 0; i < rows.responses.size(); ++i) rows.responses[i] *= i < 1024 ? 1e-170 : 1;
  EXPECT_THROW(culogme::score(summed(rows)), culogme::NumericalError);
}

TEST_P(CancellationTest, ThePublishedProcedureIsNeverNotANumber) {
  const std::vector<double> zeros(40 * cols, 0.0);
  const Rows rows(40, 0, 1, 10);
  culogme::ScoreOptions options;
  options.procedure = culogme::Procedure::reference;
  EXPECT_THROW(culogme::score(engine, culogme::matrix_view(Memory::host, zeros.data(), 40, cols), rows.targets(),
                              culogme::Task::regression, options),
               culogme::NumericalError);
}

TEST_P(CancellationTest, TheLargestLabelIsNamedExactly) {
  const Rows rows(3, 0, 1, 11);
  const std::vector<std::int64_t> labels = {0, std::numeric_limits<std::int64_t>::max(), 0};
  culogme::Statistics statistics(engine, cols, 2);
  try {
    statistics.add(rows.view(), culogme::label_view(Memory::host, labels.data(), 3));
    FAIL() << "nothing was thrown";
  } catch (const culogme::NumericalError& error) {
    EXPECT_NE(std::string(error.what()).find("9223372036854775807 at row 1"), std::string::npos) << error.what();
  }
}

}  // namespace
