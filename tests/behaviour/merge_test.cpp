// Statistics are additive: merging, subtracting, cloning, and classes that come later.

#include <cmath>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/score.hpp>

#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

using culogme::Precision;
using culogme::Scalar;
using culogme::Statistics;
using culogme::Task;
using support::Data;
using support::message_of;
using tolerance::Products;

class MergeTest : public support::BackendTest {
 protected:
  static constexpr std::int64_t shards = 4;

  Statistics shard_of(const Data& features, const support::Labels& labels, std::int64_t first, std::int64_t count,
                      Precision precision = Precision::f64) {
    culogme::StatisticsOptions options;
    options.precision = precision;
    Statistics statistics(engine, features.cols, 3, options);
    const support::Stored stored(features, Scalar::f32);
    statistics.add(stored.view(first, count), support::view(labels, first, count));
    return statistics;
  }

  static std::string bytes_of(const Statistics& statistics) {
    std::ostringstream stream;
    statistics.save(stream);
    return stream.str();
  }

  // Shards of unequal sizes merged in the given order; the second half is merged among itself first.
  culogme::Score merged(const Data& features, const support::Labels& labels, const std::vector<std::int64_t>& order,
                        Precision precision) {
    const std::int64_t bounds[shards + 1] = {0, features.rows / 7, features.rows / 3, features.rows / 2, features.rows};
    std::vector<Statistics> parts;
    for (const std::int64_t s : order) {
      const auto at = static_cast<std::size_t>(s);
      parts.push_back(shard_of(features, labels, bounds[at], bounds[at + 1] - bounds[at], precision));
    }
    parts[2].merge(parts[3]);
    parts[0].merge(parts[1]);
    parts[0].merge(parts[2]);
    return culogme::score(parts[0]);
  }
};
CULOGME_OVER_BACKENDS(MergeTest);

TEST_P(MergeTest, IntegersInAnyOrderGiveTheBitsOfOnePass) {
  const Data features = support::integers(900, 7, 1);
  const support::Labels labels = support::balanced_labels(900, 3, 2);
  for (const Precision precision : {Precision::f64, Precision::f32}) {
    const Statistics whole = shard_of(features, labels, 0, 900, precision);
    const culogme::Score expected = culogme::score(whole);
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      const culogme::Score score = merged(features, labels, support::shuffled(shards, seed), precision);
      EXPECT_EQ(score.value, expected.value);
      for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(score.targets[k].evidence, expected.targets[k].evidence);
    }
  }
}

TEST_P(MergeTest, AnyOrderGivesTheScoreWithinTheBound) {
  // Sorted along the mean, so that the shards' pilots lie far apart.
  Data features = support::rectified(800, 6, 0, 2, 3);
  for (std::int64_t i = 0; i < 800; ++i)
    for (std::int64_t j = 0; j < 6; ++j)
      features(i, j) = static_cast<float>(features(i, j) + static_cast<double>(i / 100) * 8);
  const support::Labels labels = support::balanced_labels(800, 3, 4);
  const support::Expected expected = support::expect(features, support::one_hot(labels, 3), false);
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const std::vector<std::int64_t> order = support::shuffled(shards, seed);
    support::expect_value(merged(features, labels, order, Precision::f64), expected,
                          support::value_bound(expected, Products::f64));
    // f32 products round about the shards' own pilots, better than about one for all.
    support::expect_value(merged(features, labels, order, Precision::f32), expected, tolerance::default_accuracy);
  }
}

TEST_P(MergeTest, RegressionShards) {
  const Data features = support::normal(300, 5, 5), responses = support::linear_responses(features, 2, 1, 6);
  const support::Stored x(features, Scalar::f64), y(responses, Scalar::f64);
  culogme::StatisticsOptions options;
  options.task = Task::regression;
  Statistics a(engine, 5, 2, options), b(engine, 5, 2, options);
  a.add(x.view(0, 120), y.view(0, 120));
  b.add(x.view(120, 180), y.view(120, 180));
  b.merge(a);
  EXPECT_EQ(b.rows(), 300);
  support::expect_score(culogme::score(b), support::expect(features, responses, true), Products::f64);
}

TEST_P(MergeTest, ClassesAreMatchedByNameAndNewOnesAreAdded) {
  const Data features = support::integers(90, 4, 7);
  const support::Labels labels = support::balanced_labels(90, 3, 8);
  const support::Stored x(features, Scalar::f64);
  culogme::StatisticsOptions all, first, second;
  all.target_names = {"ant", "bee", "cat"};
  first.target_names = {"bee", "ant"};
  second.target_names = {"cat", "bee"};
  Statistics whole(engine, 4, 3, all), a(engine, 4, 2, first), b(engine, 4, 2, second);
  whole.add(x.view(), support::view(labels));
  const std::int32_t to_first[] = {1, 0, -1}, to_second[] = {-1, 1, 0};
  for (std::int64_t i = 0; i < 90; ++i) {
    const std::int32_t label = labels[static_cast<std::size_t>(i)];
    const bool in_first = label == 0 || (label == 1 && i % 2 == 0);
    const support::Labels id = {in_first ? to_first[label] : to_second[label]};
    (in_first ? a : b).add(x.view(i, 1), support::view(id));
  }
  a.merge(b);
  EXPECT_EQ(a.target_names(), (std::vector<std::string>{"bee", "ant", "cat"}));
  EXPECT_EQ(a.class_rows(), (std::vector<std::int64_t>{30, 30, 30}));
  const culogme::Score merged = culogme::score(a), expected = culogme::score(whole);
  for (const auto& [at, from] : {std::pair<std::size_t, std::size_t>{0, 1}, {1, 0}, {2, 2}}) {
    EXPECT_EQ(merged.targets[at].name, expected.targets[from].name);
    EXPECT_EQ(merged.targets[at].evidence, expected.targets[from].evidence);
  }
}

TEST_P(MergeTest, AddedTargetsStartEmpty) {
  const Data features = support::integers(60, 4, 9);
  const support::Labels labels = support::balanced_labels(60, 3, 10);
  const support::Stored x(features, Scalar::f64);
  Statistics statistics(engine, 4, 2);
  support::Labels early(30);
  for (std::size_t i = 0; i < 30; ++i) early[i] = labels[i] % 2;
  statistics.add(x.view(0, 30), support::view(early));
  statistics.add_targets({"late"});
  EXPECT_EQ(statistics.targets(), 3);
  EXPECT_EQ(culogme::score(statistics).targets[2].status, culogme::TargetStatus::empty);
  support::Labels late(30, 2);
  statistics.add(x.view(30, 30), support::view(late));
  support::Labels both = early;
  both.insert(both.end(), late.begin(), late.end());
  Statistics whole(engine, 4, 3);
  whole.add(x.view(), support::view(both));
  EXPECT_EQ(culogme::score(statistics).value, culogme::score(whole).value);
  CULOGME_EXPECT_HOLDS(message_of<culogme::InvalidArgument>([&] { statistics.add_targets({"late"}); }), "late");
}

TEST_P(MergeTest, SubtractingAShardLeavesTheRest) {
  const Data features = support::integers(500, 6, 11);
  const support::Labels labels = support::balanced_labels(500, 3, 12);
  Statistics whole = shard_of(features, labels, 0, 500);
  whole.subtract(shard_of(features, labels, 200, 300));
  const culogme::Score rest = culogme::score(shard_of(features, labels, 0, 200));
  const culogme::Score score = culogme::score(whole);
  EXPECT_EQ(whole.rows(), 200);
  EXPECT_EQ(score.value, rest.value);
  EXPECT_EQ(score.targets[1].rows, rest.targets[1].rows);
}

TEST_P(MergeTest, SubtractingWhatWasNeverAddedIsRefused) {
  const Data features = support::integers(100, 6, 13);
  const support::Labels labels = support::balanced_labels(100, 3, 14);
  Statistics part = shard_of(features, labels, 0, 40);
  const double before = culogme::score(part).value;
  const std::string rows =
      message_of<culogme::InvalidArgument>([&] { part.subtract(shard_of(features, labels, 0, 100)); });
  CULOGME_EXPECT_HOLDS(rows, "100");
  CULOGME_EXPECT_HOLDS(rows, "40");
  const support::Labels ones(30, 1);  // few enough in all, too many of class 1
  const std::string one_class =
      message_of<culogme::InvalidArgument>([&] { part.subtract(shard_of(features, ones, 0, 30)); });
  CULOGME_EXPECT_HOLDS(one_class, "30");
  EXPECT_EQ(culogme::score(part).value, before);
}

TEST_P(MergeTest, ADifferenceThatNoRowsCanHaveIsRefused) {
  const Data features = support::normal(100, 6, 31);
  Data far = support::normal(40, 6, 32);
  for (std::int64_t i = 0; i < 40; ++i) far(i, 3) *= 1000;
  const support::Labels labels = support::balanced_labels(100, 3, 33);
  for (const Precision precision : {Precision::f64, Precision::f32}) {
    Statistics whole = shard_of(features, labels, 0, 100, precision);
    const std::string before = bytes_of(whole);
    const std::string negative =
        message_of<culogme::InvalidArgument>([&] { whole.subtract(shard_of(far, labels, 0, 40, precision)); });
    CULOGME_EXPECT_HOLDS(negative, "column 3");
    CULOGME_EXPECT_HOLDS(negative, "never added");
    const std::string left = message_of<culogme::InvalidArgument>(
        [&] { whole.subtract(shard_of(support::normal(100, 6, 34), labels, 0, 100, precision)); });
    CULOGME_EXPECT_HOLDS(left, "but no rows");
    EXPECT_EQ(bytes_of(whole), before);
  }
  culogme::StatisticsOptions options;
  options.task = Task::regression;
  Statistics whole(engine, 6, 1, options), part(engine, 6, 1, options);
  const support::Stored x(features, Scalar::f64), y(support::normal(100, 1, 35), Scalar::f64);
  Data large = support::normal(100, 1, 36);
  for (std::int64_t i = 0; i < 100; ++i) large(i, 0) *= 1000;
  const support::Stored other(large, Scalar::f64);
  whole.add(x.view(), y.view());
  part.add(x.view(0, 50), other.view(0, 50));
  CULOGME_EXPECT_HOLDS(message_of<culogme::InvalidArgument>([&] { whole.subtract(part); }), "target '0'");
}

// What rounding leaves of a column whose rows are all gone may lie below 0; the file of it must be one.
TEST_P(MergeTest, WhatRoundingLeavesIsNoMistakeAndCanBeSaved) {
  const Data base = support::normal(200, 6, 37);
  const support::Labels labels = support::balanced_labels(2000, 3, 38);
  for (const Precision precision : {Precision::f64, Precision::f32}) {
    for (const double size : {1.0, 1e3, 1e6, 1e9}) {
      for (std::uint64_t seed = 40; seed < 46; ++seed) {
        SCOPED_TRACE(std::to_string(size) + ", seed " + std::to_string(seed));
        Data shard = support::normal(900, 6, seed);
        for (std::int64_t i = 0; i < 900; ++i)
          for (std::int64_t j = 0; j < 6; ++j) shard(i, j) = static_cast<float>(size * (shard(i, j) + 2));
        Data zeros = base;
        for (std::int64_t i = 0; i < 200; ++i) zeros(i, 1) = 0;
        Statistics statistics = shard_of(zeros, labels, 0, 200, precision);
        // The whole and its parts have other frames, so that nothing cancels bit by bit.
        statistics.merge(shard_of(shard, labels, 0, 900, precision));
        statistics.subtract(shard_of(shard, labels, 0, 300, precision));
        statistics.subtract(shard_of(shard, labels, 300, 600, precision));
        std::istringstream stream(bytes_of(statistics));
        EXPECT_EQ(Statistics::load(engine, stream).rows(), 200);
      }
    }
  }
}

TEST_P(MergeTest, ARefusedMergeChangesNothing) {
  const Data features = support::integers(100, 6, 21);
  const support::Labels labels = support::balanced_labels(100, 3, 22);
  culogme::StatisticsOptions named, regression;
  named.target_names = {"0", "new"};
  regression.task = Task::regression;
  const support::Stored narrow(support::integers(40, 5, 23), Scalar::f32), wide(features, Scalar::f32);
  Statistics fewer(engine, 5, 3), others(engine, 6, 2, named), responses(engine, 6, 3, regression);
  fewer.add(narrow.view(), support::view(labels, 0, 40));
  others.add(wide.view(0, 20), support::view(support::balanced_labels(20, 2, 24)));
  responses.add(wide.view(), support::Stored(support::integers(100, 3, 25), Scalar::f64).view());
  Statistics whole = shard_of(features, labels, 0, 100), fresh(engine, 6, 3);
  const std::string before = bytes_of(whole);
  for (const Statistics* const other : {&fewer, &responses}) {
    EXPECT_THROW(whole.merge(*other), culogme::InvalidArgument);
    EXPECT_THROW(whole.subtract(*other), culogme::InvalidArgument);
    EXPECT_THROW(fresh.merge(*other), culogme::InvalidArgument);
  }
  EXPECT_THROW(whole.subtract(others), culogme::InvalidArgument);
  EXPECT_THROW(fresh.subtract(whole), culogme::InvalidArgument);
  EXPECT_EQ(bytes_of(whole), before);
  EXPECT_EQ(whole.targets(), 3);
  EXPECT_EQ(fresh.rows(), 0);
}

TEST_P(MergeTest, StatisticsWithoutRowsTakeTheRowsOfOthers) {
  const Data features = support::normal(300, 6, 26);
  const support::Labels labels = support::balanced_labels(300, 3, 27);
  for (const Precision precision : {Precision::f64, Precision::f32}) {
    const Statistics part = shard_of(features, labels, 0, 200, precision);
    Statistics whole(engine, 6, 3, {Task::classification, precision, {}});
    whole.merge(part);
    EXPECT_EQ(whole.rows(), 200);
    EXPECT_EQ(culogme::score(whole).value, culogme::score(part).value);
    whole.subtract(part);  // as before, but with sums that were made
    EXPECT_EQ(whole.rows(), 0);
    whole.merge(part);
    EXPECT_EQ(culogme::score(whole).value, culogme::score(part).value);
    const support::Stored x(features, Scalar::f32);
    whole.add(x.view(200, 100), support::view(labels, 200, 100));
    support::expect_value(
        culogme::score(whole),
        support::expect(support::Stored(features, Scalar::f32).rounded(), support::one_hot(labels, 3), false),
        tolerance::default_accuracy);
  }
}

TEST_P(MergeTest, OthersWithoutRowsBringTheirClassesOnly) {
  const Data features = support::integers(60, 4, 28);
  const support::Labels labels = support::balanced_labels(60, 3, 29);
  Statistics statistics = shard_of(features, labels, 0, 60);
  const culogme::Score before = culogme::score(statistics);
  culogme::StatisticsOptions named;
  named.target_names = {"late", "1"};
  Statistics never(engine, 4, 2, named), emptied(engine, 4, 2, named);
  const support::Stored x(features, Scalar::f32);
  emptied.add(x.view(0, 20), support::view(support::balanced_labels(20, 2, 30)));
  emptied.subtract(emptied);
  for (const Statistics* const other : {&never, &emptied}) {
    statistics.merge(*other);
    EXPECT_EQ(statistics.target_names(), (std::vector<std::string>{"0", "1", "2", "late"}));
    EXPECT_EQ(statistics.rows(), 60);
    const culogme::Score score = culogme::score(statistics);
    for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(score.targets[k].evidence, before.targets[k].evidence);
    EXPECT_EQ(score.targets[3].status, culogme::TargetStatus::empty);
  }
}

TEST_P(MergeTest, WhatDoesNotFitIsRefusedWithBothValues) {
  Statistics statistics(engine, 6, 3);
  const std::string columns = message_of<culogme::InvalidArgument>([&] { statistics.merge(Statistics(engine, 7, 3)); });
  CULOGME_EXPECT_HOLDS(columns, "6");
  CULOGME_EXPECT_HOLDS(columns, "7");
  culogme::StatisticsOptions regression;
  regression.task = Task::regression;
  const std::string task =
      message_of<culogme::InvalidArgument>([&] { statistics.merge(Statistics(engine, 6, 3, regression)); });
  CULOGME_EXPECT_HOLDS(task, "classification");
  CULOGME_EXPECT_HOLDS(task, "regression");
  Statistics two(engine, 6, 2, regression);
  EXPECT_THROW(two.merge(Statistics(engine, 6, 3, regression)), culogme::InvalidArgument);
}

TEST_P(MergeTest, MergingWithItselfDoublesTheRows) {
  const Data features = support::integers(80, 4, 15);
  const support::Labels labels = support::balanced_labels(80, 3, 16);
  Statistics statistics = shard_of(features, labels, 0, 80);
  statistics.merge(statistics);
  EXPECT_EQ(statistics.rows(), 160);
  support::Labels twice = labels;
  twice.insert(twice.end(), labels.begin(), labels.end());
  EXPECT_EQ(culogme::score(statistics).value,
            culogme::score(shard_of(support::above(features, features), twice, 0, 160)).value);
}

TEST_P(MergeTest, ACloneIsApart) {
  const Data features = support::normal(100, 4, 17);
  const support::Labels labels = support::balanced_labels(100, 3, 18);
  Statistics statistics = shard_of(features, labels, 0, 60);
  const culogme::Score before = culogme::score(statistics);
  for (const culogme::Backend backend : culogme::available_backends()) {
    culogme::Engine other = support::make_engine(backend);
    Statistics copy = statistics.clone(other);
    if (backend == GetParam()) support::expect_same_bits(culogme::score(copy), before);
    const support::Stored x(features, Scalar::f32);
    copy.add(x.view(60, 40), support::view(labels, 60, 40));
    EXPECT_EQ(copy.rows(), 100);
    EXPECT_EQ(statistics.rows(), 60);
    support::expect_same_bits(culogme::score(statistics), before);
  }
}

TEST_P(MergeTest, MovedFromStatisticsSaySo) {
  Statistics statistics = shard_of(support::integers(10, 2, 19), support::balanced_labels(10, 3, 20), 0, 10);
  Statistics taken = std::move(statistics);
  EXPECT_EQ(taken.rows(), 10);
  // NOLINTBEGIN(bugprone-use-after-move): what a moved-from object says is the point
  EXPECT_THROW(statistics.rows(), culogme::InvalidArgument);
  EXPECT_THROW(culogme::score(statistics), culogme::InvalidArgument);
  EXPECT_THROW(taken.merge(statistics), culogme::InvalidArgument);
  statistics = std::move(taken);
  EXPECT_EQ(statistics.rows(), 10);
  // NOLINTEND(bugprone-use-after-move)
}

}  // namespace
