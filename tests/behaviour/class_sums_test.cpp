// Sums of more classes than a worker's cache holds, which are taken when rows are added: against the definition, bit by
// bit, on integers.

#include "cpu/class_sums.hpp"

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "backend.hpp"
#include "bad_value.hpp"
#include "cpu/sums.hpp"
#include "support/data.hpp"
#include "support/tolerance.hpp"

namespace {

using culogme::LabelView;
using culogme::Memory;
using culogme::Task;
using culogme::detail::BadData;
using culogme::detail::Moments;
using culogme::detail::Products;
using culogme::detail::Sums;
using culogme::detail::TargetView;

constexpr std::int64_t features = 300;
constexpr std::int64_t few_classes = 800, many_classes = 1000;  // on both sides of class_sums_apart
constexpr std::int64_t row_count = 3000;

std::vector<std::string> names(std::int64_t begin, std::int64_t end) {
  std::vector<std::string> result;
  for (std::int64_t k = begin; k < end; ++k) result.push_back(std::to_string(k));
  return result;
}

struct Rows {
  std::vector<float> values;
  std::vector<std::int32_t> ids;

  explicit Rows(std::int64_t classes, double share_of_first = 0) {
    support::Random random(11);
    for (std::int64_t i = 0; i < row_count * features; ++i) values.push_back(static_cast<float>(random.integer(-8, 8)));
    for (std::int64_t i = 0; i < row_count; ++i)
      ids.push_back(random.uniform() < share_of_first ? 0 : static_cast<std::int32_t>(random.integer(0, classes - 1)));
  }

  float& value(std::int64_t row, std::int64_t column) {
    return values[static_cast<std::size_t>(row * features + column)];
  }

  void add(Sums& sums, std::int64_t begin, std::int64_t end, bool checked = false) const {
    const LabelView labels = culogme::label_view(Memory::host, ids.data() + begin, end - begin);
    sums.add(culogme::matrix_view(Memory::host, values.data() + begin * features, end - begin, features),
             TargetView{&labels, nullptr}, begin, checked);
  }
};

constexpr std::size_t ample = std::size_t{1} << 30, scarce = std::size_t{1} << 21;  // the sums take 2.4e6 bytes

/// Told the number of rows, tiles have 384 of them.
std::unique_ptr<Sums> make_sums(std::int64_t classes, bool f32, int workers = 3, std::size_t workspace = ample) {
  return culogme::detail::make_cpu_sums(features, names(0, classes),
                                        {Task::classification, f32 ? Products::f32 : Products::f64, row_count}, workers,
                                        workspace);
}

/// Class sums of the features themselves, the pilot put back.
std::vector<double> class_sums(const Moments& m) {
  std::vector<double> sums;
  for (std::int64_t k = 0; k < m.targets(); ++k)
    for (std::int64_t j = 0; j < features; ++j) {
      const double about_pilot = m.cross[static_cast<std::size_t>(k * features + j)];
      const double rows = static_cast<double>(m.counts[static_cast<std::size_t>(k)]);
      sums.push_back(std::ldexp(about_pilot + rows * m.pilot[static_cast<std::size_t>(j)], m.exponent));
    }
  return sums;
}

std::vector<double> expected_sums(const Rows& rows, std::int64_t classes, std::int64_t count) {
  std::vector<double> sums(static_cast<std::size_t>(classes * features), 0);
  for (std::int64_t row = 0; row < count; ++row)
    for (std::int64_t j = 0; j < features; ++j)
      sums[static_cast<std::size_t>(rows.ids[static_cast<std::size_t>(row)] * features + j)] +=
          static_cast<double>(rows.values[static_cast<std::size_t>(row * features + j)]);
  return sums;
}

/// Values whose sums round, in f64 too.
Rows uneven_rows(std::int64_t classes, double share_of_first = 0) {
  Rows rows(classes, share_of_first);
  support::Random random(12);
  for (float& value : rows.values)
    value = static_cast<float>(std::ldexp(random.normal(), static_cast<int>(random.integer(-18, 18))));
  return rows;
}

void expect_same(const Moments& a, const Moments& b, const std::string& what) {
  EXPECT_EQ(a.rows, b.rows) << what;
  EXPECT_EQ(a.gram, b.gram) << what;
  EXPECT_EQ(a.cross, b.cross) << what;
  EXPECT_EQ(a.sum, b.sum) << what;
  EXPECT_EQ(a.counts, b.counts) << what;
}

class ManyClasses : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Products, ManyClasses, testing::Values(true, false),
                         [](const auto& choice) { return choice.param ? "f32" : "f64"; });

TEST_P(ManyClasses, SumsAreExactForIntegers) {
  ASSERT_TRUE(culogme::detail::class_sums_apart(Task::classification, features, few_classes));
  ASSERT_FALSE(culogme::detail::class_sums_apart(Task::classification, features, many_classes));
  for (const std::int64_t classes : {few_classes, many_classes})
    for (const double share : {0.0, 0.7}) {
      const Rows rows(classes, share);
      for (const std::size_t workspace : {ample, scarce}) {
        const std::unique_ptr<Sums> sums = make_sums(classes, GetParam(), 3, workspace);
        rows.add(*sums, 0, row_count);
        EXPECT_EQ(class_sums(sums->moments()), expected_sums(rows, classes, row_count)) << classes << " classes";
      }
    }
}

TEST_P(ManyClasses, BatchesAndThreadsDoNotChangeABit) {
  const Rows rows = uneven_rows(many_classes);
  const std::unique_ptr<Sums> once = make_sums(many_classes, GetParam());
  rows.add(*once, 0, row_count);
  for (const std::int64_t batch : {1000, 1024, 1025, 7}) {
    const std::unique_ptr<Sums> sums =
        make_sums(many_classes, GetParam(), batch == 7 ? 1 : 2, batch == 1000 ? scarce : ample);
    for (std::int64_t row = 0; row < row_count; row += batch) rows.add(*sums, row, std::min(row_count, row + batch));
    expect_same(sums->moments(), once->moments(), "batches of " + std::to_string(batch));
  }
}

TEST_P(ManyClasses, RowsOfAnotherScaleKeepTheSums) {
  Rows rows(many_classes);
  for (std::int64_t j = 0; j < features; ++j) rows.value(2500, j) = std::ldexp(rows.value(2500, j), 50);
  const std::unique_ptr<Sums> sums = make_sums(many_classes, GetParam());
  rows.add(*sums, 0, 2000);
  rows.add(*sums, 2000, 2600);
  rows.add(*sums, 2600, row_count);
  const std::vector<double> given = class_sums(sums->moments()), wanted = expected_sums(rows, many_classes, row_count);
  // That row loses its pilot to rounding; the rows of other classes must not.
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const bool rounded = static_cast<std::int64_t>(i) / features == rows.ids[2500];
    const double unit = GetParam() ? tolerance::unit_f32 : tolerance::unit_f64;
    ASSERT_NEAR(given[i], wanted[i], rounded ? 2 * unit * std::fabs(wanted[i]) : 0) << "element " << i;
  }
}

/// Zeros give a frame the smallest exponent there is; what comes later is larger by as much as the range of doubles.
TEST_P(ManyClasses, ZerosMayComeFirst) {
  for (const std::size_t workspace : {ample, scarce}) {
    Rows rows(many_classes);
    for (std::int64_t i = 0; i < row_count; ++i)
      for (std::int64_t j = 0; j < features; ++j) rows.value(i, j) *= i < 1024 ? 0.0f : i == 2000 ? 0x1p22f : 30000.0f;
    const std::unique_ptr<Sums> sums = make_sums(many_classes, GetParam(), 3, workspace);
    rows.add(*sums, 0, 1500);
    rows.add(*sums, 1500, row_count);
    EXPECT_EQ(class_sums(sums->moments()), expected_sums(rows, many_classes, row_count));
  }
}

TEST_P(ManyClasses, ARowOfAnotherScaleGivesTheSameBitsInAnyPieces) {
  Rows rows = uneven_rows(many_classes, 0.5);
  for (std::int64_t j = 0; j < features / 3; ++j) rows.value(1700, j) = 0x1p90f;
  std::unique_ptr<Sums> reference;
  for (const int workers : {1, 2, 3}) {
    std::unique_ptr<Sums> sums = make_sums(many_classes, GetParam(), workers);
    rows.add(*sums, 0, row_count);
    if (reference != nullptr) expect_same(sums->moments(), reference->moments(), std::to_string(workers) + " workers");
    if (reference == nullptr) reference = std::move(sums);
  }
}

TEST_P(ManyClasses, AppendingClassesGivesTheSameBitsForAnyNumberOfThreads) {
  const Rows rows = uneven_rows(few_classes);
  std::unique_ptr<Sums> reference;
  for (const int workers : {1, 2, 3, 8}) {
    std::unique_ptr<Sums> sums = make_sums(few_classes, GetParam(), workers);
    rows.add(*sums, 0, 2000);
    sums->append_targets(names(few_classes, many_classes));
    rows.add(*sums, 2000, row_count);
    if (reference != nullptr) expect_same(sums->moments(), reference->moments(), std::to_string(workers) + " workers");
    if (reference == nullptr) reference = std::move(sums);
  }
}

TEST_P(ManyClasses, ValuesComeBeforeLabelsInMessages) {
  Rows rows(many_classes);
  rows.ids[5] = -3;
  rows.value(2000, 1) = std::numeric_limits<float>::infinity();
  {
    const std::unique_ptr<Sums> sums = make_sums(many_classes, GetParam());
    try {
      rows.add(*sums, 0, row_count);
      ADD_FAILURE() << "no error";
    } catch (const BadData& error) {
      EXPECT_EQ(error.kind, BadData::Kind::feature);
      EXPECT_EQ(error.row, 2000);
    }
  }
}

TEST_P(ManyClasses, ClassesThatAreAppendedFindTheWaitingRows) {
  const Rows rows(few_classes);
  const std::unique_ptr<Sums> sums = make_sums(few_classes, GetParam());
  rows.add(*sums, 0, 2900);
  sums->append_targets(names(few_classes, many_classes));
  rows.add(*sums, 2900, row_count);
  EXPECT_EQ(class_sums(sums->moments()), expected_sums(rows, many_classes, row_count));
  const Moments moments = sums->moments();
  const std::unique_ptr<Sums> at_once = make_sums(many_classes, GetParam());
  rows.add(*at_once, 0, row_count);
  EXPECT_EQ(moments.sum, at_once->moments().sum);
}

TEST_P(ManyClasses, BadValuesChangeNothing) {
  const Rows good(many_classes);
  for (const std::int64_t before : {0, 100, 1500}) {
    const std::unique_ptr<Sums> sums = make_sums(many_classes, GetParam(), 3, before == 100 ? scarce : ample);
    ASSERT_TRUE(sums->checks_first());
    if (before > 0) good.add(*sums, 0, before);
    const Moments untouched = sums->moments();
    for (const std::int64_t bad_row : {before + 3, std::int64_t{2990}}) {
      Rows bad = good;
      bad.value(bad_row, 17) = std::numeric_limits<float>::quiet_NaN();
      bad.value(2995, 2) = std::numeric_limits<float>::infinity();
      try {
        bad.add(*sums, before, row_count);
        ADD_FAILURE() << "no error for NaN at row " << bad_row;
      } catch (const BadData& error) {
        EXPECT_EQ(error.kind, BadData::Kind::feature);
        EXPECT_EQ(error.row, bad_row);
        EXPECT_EQ(error.column, 17);
      }
      expect_same(sums->moments(), untouched, "after NaN at row " + std::to_string(bad_row));
    }
    Rows unlabelled = good;
    unlabelled.ids[2800] = static_cast<std::int32_t>(many_classes);
    EXPECT_THROW(unlabelled.add(*sums, before, row_count), BadData);
    expect_same(sums->moments(), untouched, "after a bad label");
    good.add(*sums, before, row_count);
    EXPECT_EQ(class_sums(sums->moments()), expected_sums(good, many_classes, row_count));
  }
}

TEST(SortByClass, KeepsTheOrderOfRowsForAnyNumberOfClasses) {
  const std::vector<std::int32_t> ids = {5, 2, 5, 0, 2, 2, 900000, 5};
  const LabelView labels = culogme::label_view(Memory::host, ids.data(), static_cast<std::int64_t>(ids.size()));
  for (const std::int64_t classes : {900001, 900002}) {
    const auto sorted = culogme::detail::sort_by_class(labels, 1, 7, classes);
    EXPECT_EQ(sorted.classes, (std::vector<std::int32_t>{0, 2, 5, 900000}));
    EXPECT_EQ(sorted.begin, (std::vector<std::int64_t>{0, 1, 4, 6, 7}));
    EXPECT_EQ(sorted.rows, (std::vector<std::int64_t>{3, 1, 4, 5, 2, 7, 6}));
  }
  const std::vector<std::int32_t> small = {1, 0, 3, 1};
  const auto sorted = culogme::detail::sort_by_class(culogme::label_view(Memory::host, small.data(), 4), 0, 4, 4);
  EXPECT_EQ(sorted.classes, (std::vector<std::int32_t>{0, 1, 3}));
  EXPECT_EQ(sorted.begin, (std::vector<std::int64_t>{0, 1, 3, 4}));
  EXPECT_EQ(sorted.rows, (std::vector<std::int64_t>{1, 0, 3, 2}));
}

}  // namespace
