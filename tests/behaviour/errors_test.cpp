// Wrong arguments and wrong values: one sentence with both values, and nothing changed.

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/score.hpp>

#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

using culogme::InvalidArgument;
using culogme::NumericalError;
using culogme::Scalar;
using culogme::Statistics;
using culogme::Task;
using support::Data;
using support::message_of;

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

class ErrorsTest : public support::BackendTest {
 protected:
  static constexpr std::int64_t rows = 60, cols = 5, classes = 3;
  Data features = support::normal(rows, cols, 1);
  support::Labels labels = support::balanced_labels(rows, classes, 2);
  support::Stored stored{features, Scalar::f32};

  Statistics half_full() {
    Statistics statistics(engine, cols, classes);
    statistics.add(stored.view(0, 30), support::view(labels, 0, 30));
    return statistics;
  }

  // `bad` throws E with every part in the message; afterwards the statistics score and grow as if nothing had happened.
  template <class E>
  void expect_refused(const std::function<void(Statistics&)>& bad, const std::vector<std::string>& parts) {
    Statistics statistics = half_full();
    const culogme::Score before = culogme::score(statistics);
    const std::string message = message_of<E>([&] { bad(statistics); });
    for (const std::string& part : parts) CULOGME_EXPECT_HOLDS(message, part);
    EXPECT_EQ(message.find('\n'), std::string::npos);
    EXPECT_EQ(statistics.rows(), 30);
    support::expect_same_bits(culogme::score(statistics), before);
    statistics.add(stored.view(30, 30), support::view(labels, 30, 30));
    Statistics whole(engine, cols, classes);
    whole.add(stored.view(), support::view(labels));
    support::expect_same_bits(culogme::score(statistics), culogme::score(whole));
  }
};
CULOGME_OVER_BACKENDS(ErrorsTest);

TEST_P(ErrorsTest, NanAndInfinityAreFoundWithRowAndColumn) {
  for (const Scalar scalar : {Scalar::f16, Scalar::bf16, Scalar::f32, Scalar::f64}) {
    for (const auto& [value, word] : {std::pair{nan_value, "NaN"}, {infinity, "inf"}, {-infinity, "-inf"}}) {
      for (const auto& [row, col] : {std::pair<std::int64_t, std::int64_t>{0, 0}, {17, 3}, {29, 4}}) {
        SCOPED_TRACE(std::string(culogme::scalar_name(scalar)) + ", " + word + " at row " + std::to_string(row));
        Data bad = support::slice(features, 30, 30);
        bad(row, col) = value;
        if (row < 29) bad(29, 0) = nan_value;  // a later one: the first is named
        const support::Stored wrong(bad, scalar);
        expect_refused<NumericalError>([&](Statistics& s) { s.add(wrong.view(), support::view(labels, 30, 30)); },
                                       {word, "row " + std::to_string(row), "column " + std::to_string(col)});
      }
    }
  }
}

TEST_P(ErrorsTest, NanBehindManyTiles) {
  Data tall = support::integers(9000, 3, 3);
  const support::Labels many = support::balanced_labels(9000, classes, 4);
  tall(8765, 2) = nan_value;
  const support::Stored wrong(tall, Scalar::f32);
  Statistics statistics(engine, 3, classes);
  statistics.add(wrong.view(0, 5000), support::view(many, 0, 5000));
  const culogme::Score before = culogme::score(statistics);
  const std::string message =
      message_of<NumericalError>([&] { statistics.add(wrong.view(5000, 4000), support::view(many, 5000, 4000)); });
  CULOGME_EXPECT_HOLDS(message, "row 3765");
  support::expect_same_bits(culogme::score(statistics), before);
  const std::string one_shot =
      message_of<NumericalError>([&] { culogme::score(engine, wrong.view(), support::view(many), classes); });
  CULOGME_EXPECT_HOLDS(one_shot, "row 8765");
  CULOGME_EXPECT_HOLDS(one_shot, "column 2");
}

TEST_P(ErrorsTest, NanInTheDual) {
  Data wide = support::normal(6, 40, 5);
  wide(4, 33) = infinity;
  const support::Stored wrong(wide, Scalar::f64);
  const std::string message =
      message_of<NumericalError>([&] { culogme::score(engine, wrong.view(), support::view(labels, 0, 6), classes); });
  CULOGME_EXPECT_HOLDS(message, "row 4");
  CULOGME_EXPECT_HOLDS(message, "column 33");
}

TEST_P(ErrorsTest, LabelsOutOfRangeAreFoundByRow) {
  for (const std::int32_t value : {-1, 3, 1 << 30}) {
    support::Labels wrong(labels.begin() + 30, labels.end());
    wrong[11] = value;
    wrong[20] = -7;
    expect_refused<NumericalError>([&](Statistics& s) { s.add(stored.view(30, 30), support::view(wrong)); },
                                   {std::to_string(value), "row 11"});
  }
  std::vector<std::int64_t> wide(30, 0);
  wide[5] = std::int64_t{1} << 32;  // 0 if it were cut to 32 bits
  expect_refused<NumericalError>(
      [&](Statistics& s) { s.add(stored.view(30, 30), culogme::label_view(culogme::Memory::host, wide.data(), 30)); },
      {"4294967296", "row 5"});
}

TEST_P(ErrorsTest, ShapesThatDoNotFitNameBothSizes) {
  const support::Stored narrow(support::normal(30, 4, 6), Scalar::f32);
  expect_refused<InvalidArgument>([&](Statistics& s) { s.add(narrow.view(), support::view(labels, 0, 30)); },
                                  {"4", "5"});
  expect_refused<InvalidArgument>([&](Statistics& s) { s.add(stored.view(30, 30), support::view(labels, 0, 29)); },
                                  {"30", "29"});
}

TEST_P(ErrorsTest, BadViewsAreRefused) {
  culogme::MatrixView view = stored.view(30, 30);
  view.row_stride = 4;
  expect_refused<InvalidArgument>([&](Statistics& s) { s.add(view, support::view(labels, 30, 30)); }, {"4", "5"});
  view = stored.view(30, 30);
  view.data = nullptr;
  expect_refused<InvalidArgument>([&](Statistics& s) { s.add(view, support::view(labels, 30, 30)); }, {"null"});
  view = stored.view(30, 30);
  view.rows = -1;
  expect_refused<InvalidArgument>([&](Statistics& s) { s.add(view, support::view(labels, 30, 30)); }, {"-1"});
  culogme::LabelView no_labels = support::view(labels, 30, 30);
  no_labels.data = nullptr;
  expect_refused<InvalidArgument>([&](Statistics& s) { s.add(stored.view(30, 30), no_labels); }, {"null"});
  if (GetParam() == culogme::Backend::cpu) {
    view = stored.view(30, 30);
    view.memory = culogme::Memory::device;
    expect_refused<InvalidArgument>([&](Statistics& s) { s.add(view, support::view(labels, 30, 30)); }, {"device"});
  }
}

TEST_P(ErrorsTest, TheWrongKindOfTargetsIsRefused) {
  const support::Stored responses(support::normal(30, classes, 7), Scalar::f64);
  expect_refused<InvalidArgument>([&](Statistics& s) { s.add(stored.view(30, 30), responses.view()); },
                                  {"classification"});
  culogme::StatisticsOptions regression;
  regression.task = Task::regression;
  Statistics statistics(engine, cols, classes, regression);
  EXPECT_THROW(statistics.add(stored.view(0, 30), support::view(labels, 0, 30)), InvalidArgument);
  EXPECT_THROW(culogme::score(engine, stored.view(0, 30), responses.view(), Task::classification), InvalidArgument);
}

TEST_P(ErrorsTest, ResponsesAreCheckedLikeFeatures) {
  for (const Task task : {Task::regression, Task::multilabel}) {
    culogme::StatisticsOptions options;
    options.task = task;
    Statistics statistics(engine, cols, 2, options);
    Data good = support::binary(30, 2, 0.5, 8);
    statistics.add(stored.view(0, 30), support::Stored(good, Scalar::f64).view());
    const culogme::Score before = culogme::score(statistics);
    Data bad = good;
    bad(22, 1) = nan_value;
    const support::Stored wrong(bad, Scalar::f64);
    const std::string message = message_of<NumericalError>([&] { statistics.add(stored.view(30, 30), wrong.view()); });
    CULOGME_EXPECT_HOLDS(message, "row 22");
    const support::Stored three(support::binary(30, 3, 0.5, 9), Scalar::f64);
    const std::string shape = message_of<InvalidArgument>([&] { statistics.add(stored.view(30, 30), three.view()); });
    CULOGME_EXPECT_HOLDS(shape, "3");
    CULOGME_EXPECT_HOLDS(shape, "2");
    support::expect_same_bits(culogme::score(statistics), before);
  }
}

TEST_P(ErrorsTest, MultilabelValuesAreZeroOrOne) {
  Data half = support::binary(60, 2, 0.5, 10);
  half(41, 1) = 0.5;
  const support::Stored wrong(half, Scalar::f64);
  const std::string message =
      message_of<culogme::Error>([&] { culogme::score(engine, stored.view(), wrong.view(), Task::multilabel); });
  CULOGME_EXPECT_HOLDS(message, "0.5");
  CULOGME_EXPECT_HOLDS(message, "row 41");
}

TEST_P(ErrorsTest, SizesAndNamesOfStatistics) {
  CULOGME_EXPECT_HOLDS(message_of<InvalidArgument>([&] { Statistics(engine, 0, 3); }), "0");
  CULOGME_EXPECT_HOLDS(message_of<InvalidArgument>([&] { Statistics(engine, 5, -2); }), "-2");
  culogme::StatisticsOptions options;
  options.target_names = {"a", "b"};
  EXPECT_THROW(Statistics(engine, 5, 3, options), InvalidArgument);
  options.target_names = {"a", "b", "a"};
  CULOGME_EXPECT_HOLDS(message_of<InvalidArgument>([&] { Statistics(engine, 5, 3, options); }), "a");
  // 64-bit sizes: the bytes are told before anything is allocated.
  const std::string message = message_of<culogme::OutOfMemory>([&] { Statistics(engine, 3000000, 2); });
  CULOGME_EXPECT_HOLDS(message, "3000000");
}

TEST_P(ErrorsTest, ScoreOptionsAndEmptyData) {
  EXPECT_THROW(culogme::score(Statistics(engine, cols, classes)), InvalidArgument);
  EXPECT_THROW(culogme::score(engine, stored.view(0, 0), support::view(labels, 0, 0), classes), InvalidArgument);
  EXPECT_THROW(culogme::score(engine, stored.view(), support::view(labels), 0), InvalidArgument);
  const Statistics statistics = half_full();
  for (const double accuracy : {0.0, -1e-5, nan_value}) {
    culogme::ScoreOptions options;
    options.accuracy = accuracy;
    EXPECT_THROW(culogme::score(statistics, options), InvalidArgument) << accuracy;
  }
}

TEST_P(ErrorsTest, AnExceptionFromProgressComesOut) {
  struct Cancelled {};
  culogme::ScoreOptions options;
  options.progress = [](const culogme::Progress&) { throw Cancelled(); };
  const Statistics statistics = half_full();
  EXPECT_THROW(culogme::score(statistics, options), Cancelled);
  EXPECT_THROW(culogme::score(engine, stored.view(), support::view(labels), classes, options), Cancelled);
  EXPECT_TRUE(std::isfinite(culogme::score(statistics).value));
}

TEST_P(ErrorsTest, ProgressNamesItsStages) {
  std::vector<std::string> stages;
  culogme::ScoreOptions options;
  options.progress = [&](const culogme::Progress& progress) {
    EXPECT_LE(progress.rows, rows);
    if (stages.empty() || stages.back() != progress.stage) stages.emplace_back(progress.stage);
  };
  culogme::score(engine, stored.view(), support::view(labels), classes, options);
  ASSERT_FALSE(stages.empty());
  for (const std::string& stage : stages)
    EXPECT_TRUE(stage == "statistics" || stage == "spectrum" || stage == "evidence") << stage;
}

}  // namespace
