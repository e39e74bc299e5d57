// The same bits however rows are cut into batches, for any number of threads, and every time.

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/score.hpp>

#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

using culogme::Precision;
using culogme::Scalar;
using culogme::Task;
using support::Data;

/// Rows of a task that can be added in pieces.
struct Rows {
  Task task;
  support::Stored features, responses;
  support::Labels labels;
  std::int64_t targets;

  Rows(Task task_, const Data& data, Scalar scalar)
      : task(task_),
        features(data, scalar, {2, 0}),
        responses(support::linear_responses(data, 2, 1, 71), Scalar::f64, {1, 0}),
        labels(support::balanced_labels(data.rows, 5, 72)),
        targets(task_ == Task::classification ? 5 : 2) {}

  void add(culogme::Statistics& statistics, std::int64_t first, std::int64_t count) const {
    if (task == Task::classification) {
      statistics.add(features.view(first, count), support::view(labels, first, count));
    } else {
      statistics.add(features.view(first, count), responses.view(first, count));
    }
  }
};

class BatchingTest : public support::BackendTest {
 protected:
  culogme::Score in_batches(const Rows& rows, Precision precision, int threads,
                            const std::vector<std::int64_t>& sizes) {
    culogme::Engine other = support::make_engine(GetParam(), threads);
    culogme::StatisticsOptions options;
    options.task = rows.task;
    options.precision = precision;
    const std::int64_t all = rows.features.rounded().rows;
    culogme::Statistics statistics(other, rows.features.rounded().cols, rows.targets, options);
    std::size_t next = 0;
    for (std::int64_t first = 0; first < all;) {
      const std::int64_t count = std::min(sizes[next++ % sizes.size()], all - first);
      rows.add(statistics, first, count);
      first += count;
      EXPECT_EQ(statistics.rows(), first);
    }
    return culogme::score(statistics);
  }
};
CULOGME_OVER_BACKENDS(BatchingTest);

TEST_P(BatchingTest, AnyBatchesAndThreadsGiveTheSameBits) {
  const std::vector<std::vector<std::int64_t>> cuts = {{1},    {7},    {255, 256, 257}, {1023, 1}, {4095},
                                                       {4096}, {4097}, {5000, 1, 3},    {1 << 20}};
  for (const auto& [scalar, precision] :
       {std::pair{Scalar::f32, Precision::f32}, {Scalar::f64, Precision::f64}, {Scalar::f16, Precision::f64}}) {
    for (const Task task : {Task::classification, Task::regression}) {
      const Rows rows(task, support::rectified(9001, 6, 0, 3, 1), scalar);
      const culogme::Score whole = in_batches(rows, precision, 1, {1 << 20});
      int threads = 0;
      for (const std::vector<std::int64_t>& sizes : cuts) {
        threads = threads % 3 + 1;
        SCOPED_TRACE(std::string(culogme::scalar_name(scalar)) + ", " + culogme::task_name(task) + ", batches of " +
                     std::to_string(sizes[0]) + ", threads " + std::to_string(threads));
        support::expect_same_bits(whole, in_batches(rows, precision, threads, sizes));
      }
    }
  }
}

TEST_P(BatchingTest, WiderRowsInSeveralThreads) {
  const Rows rows(Task::classification, support::rectified(5000, 130, 0, 3, 2), Scalar::f32);
  const culogme::Score whole = in_batches(rows, Precision::automatic, 1, {5000});
  for (const int threads : {2, 3}) {
    SCOPED_TRACE("threads " + std::to_string(threads));
    support::expect_same_bits(whole, in_batches(rows, Precision::automatic, threads, {5000}));
    support::expect_same_bits(whole, in_batches(rows, Precision::automatic, threads, {100, 4096, 3}));
  }
}

TEST_P(BatchingTest, RandomCuts) {
  const Rows rows(Task::regression, support::normal(4500, 3, 3), Scalar::f32);
  const culogme::Score whole = in_batches(rows, Precision::automatic, 2, {4500});
  support::Random random(4);
  for (int trial = 0; trial < 10; ++trial) {
    std::vector<std::int64_t> sizes;
    for (int i = 0; i < 40; ++i) sizes.push_back(random.integer(1, random.integer(1, 600)));
    SCOPED_TRACE("trial " + std::to_string(trial));
    support::expect_same_bits(whole, in_batches(rows, Precision::automatic, 1 + trial % 3, sizes));
  }
}

// A tile's exponent changes where some of its rows are packed and multiplied already. The cuts decide which power of
// two it becomes, so the scores are equal and not the bounds.
TEST_P(BatchingTest, RowsVeryMuchLargerThanThoseBefore) {
  for (const std::int64_t larger_from : {1500, 4700, 8000}) {
    for (const Task task : {Task::classification, Task::regression}) {
      Data data = support::normal(9001, 6, 8);
      Rows rows(task, data, Scalar::f32);
      for (std::size_t i = static_cast<std::size_t>(larger_from) * 6; i < data.values.size(); ++i)
        data.values[i] *= 0x1p60;
      rows.features = support::Stored(data, Scalar::f32, {2, 0});
      for (const Precision precision : {Precision::f32, Precision::f64}) {
        SCOPED_TRACE("from row " + std::to_string(larger_from) + ", " + culogme::task_name(task));
        const culogme::Score whole = in_batches(rows, precision, 1, {9001});
        EXPECT_TRUE(std::isfinite(whole.value));
        for (const int threads : {1, 2, 3}) {
          EXPECT_EQ(whole.value, in_batches(rows, precision, threads, {9001}).value);
          EXPECT_EQ(whole.value, in_batches(rows, precision, threads, {1400, 300, 4096}).value);
        }
      }
    }
  }
}

// So many classes come that their sums no longer stand apart from the tile's others.
TEST_P(BatchingTest, ThousandsOfClassesAddedWhileRowsWait) {
  const std::int64_t cols = 70, more = 4000;
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < more; ++i) names.push_back("later " + std::to_string(i));
  for (const double factor : {1.0, 0x1p60}) {  // of the later rows: with the second one a tile's exponent changes
    Data data = support::rectified(9001, cols, 0, 3, 9);
    for (std::size_t i = 4700 * static_cast<std::size_t>(cols); i < data.values.size(); ++i) data.values[i] *= factor;
    const Rows rows(Task::classification, data, Scalar::f32);
    const auto added_after = [&](std::int64_t before, int threads) {
      culogme::Engine other = support::make_engine(GetParam(), threads);
      culogme::Statistics statistics(other, cols, 5);
      rows.add(statistics, 0, before);
      statistics.add_targets(names);
      rows.add(statistics, before, 9001 - before);
      return culogme::score(statistics);
    };
    const culogme::Score first = added_after(0, 1);
    for (const std::int64_t before : {100, 1500, 4000}) {
      SCOPED_TRACE(before);
      for (const int threads : {1, 2, 3}) EXPECT_EQ(first.value, added_after(before, threads).value);
    }
    const culogme::Score few = in_batches(rows, Precision::automatic, 2, {9001});
    EXPECT_LE(std::fabs(first.value - few.value), first.error_bound + few.error_bound);
  }
}

TEST_P(BatchingTest, ScoringInBetweenChangesNothing) {
  const Rows rows(Task::classification, support::normal(3000, 5, 5), Scalar::f32);
  const culogme::Score whole = in_batches(rows, Precision::automatic, 2, {3000});
  culogme::Statistics statistics(engine, 5, 5);
  for (std::int64_t first = 0; first < 3000; first += 500) {
    rows.add(statistics, first, 500);
    const culogme::Score so_far = culogme::score(statistics);
    EXPECT_EQ(so_far.rows, first + 500);
    support::expect_same_bits(so_far, culogme::score(statistics));
  }
  support::expect_same_bits(whole, culogme::score(statistics));
}

TEST_P(BatchingTest, OneShotScoresRepeatForAnyNumberOfThreads) {
  for (const std::int64_t cols : {12, 300}) {  // primal and dual
    const Rows rows(Task::classification, support::rectified(260, cols, 0, 2, 6), Scalar::f32);
    const auto once = [&](int threads) {
      culogme::Engine other = support::make_engine(GetParam(), threads);
      return culogme::score(other, rows.features.view(), support::view(rows.labels), 5);
    };
    const culogme::Score first = once(1);
    for (const int threads : {1, 2, 3}) support::expect_same_bits(first, once(threads));
  }
}

TEST_P(BatchingTest, EmptyBatchesAreNothing) {
  const Rows rows(Task::classification, support::normal(100, 5, 7), Scalar::f32);
  culogme::Statistics statistics(engine, 5, 5);
  rows.add(statistics, 0, 0);
  EXPECT_EQ(statistics.rows(), 0);
  rows.add(statistics, 0, 100);
  rows.add(statistics, 100, 0);
  support::expect_same_bits(culogme::score(statistics), in_batches(rows, Precision::automatic, 0, {100}));
}

// Rows of the classes that were there first wait in an unfinished tile while others come, and the tile is full with
// both.
TEST_P(BatchingTest, ClassesAddedWhileRowsWaitAreInTheSameTile) {
  constexpr std::int64_t cols = 6, first = 100, count = 20000;
  const support::Data features = support::integers(count, cols, 31);
  support::Labels labels = support::balanced_labels(count, 9, 32);
  for (std::int64_t i = 0; i < first; ++i) labels[static_cast<std::size_t>(i)] %= 3;
  const support::Stored stored(features, culogme::Scalar::f32);
  culogme::Statistics whole(engine, cols, 9), grown(engine, cols, 3);
  whole.add(stored.view(), support::view(labels));
  grown.add(stored.view(0, first), support::view(labels, 0, first));
  grown.add_targets({"3", "4", "5", "6", "7", "8"});
  grown.add(stored.view(first, count - first), support::view(labels, first, count - first));
  support::expect_same_bits(culogme::score(grown), culogme::score(whole));
}

}  // namespace
