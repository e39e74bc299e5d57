// What LEEP and NCE refuse, with which words, and that nothing is changed then.

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/source.hpp>

#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

using culogme::InvalidArgument;
using culogme::NumericalError;
using culogme::Scalar;
using culogme::SourceInput;
using culogme::SourceStatistics;
using support::Data;
using support::Labels;
using support::Stored;
using support::view;

constexpr std::int64_t rows = 50, width = 37, classes = 3;

class SourceErrors : public support::BackendTest {
 protected:
  Data source = support::probabilities(rows, width, 1, 1);
  Labels labels = support::balanced_labels(rows, classes, 2);

  // The message of a matrix with one change, from every way in; the sums stay what they were.
  std::string refused(const std::function<void(Data&, Labels&)>& change, SourceInput input) {
    Data bad = source;
    Labels bad_labels = labels;
    change(bad, bad_labels);
    const Stored good_rows(source, Scalar::f64), bad_rows(bad, Scalar::f64, {2, 0});
    SourceStatistics statistics(engine, classes, width, {input, true});
    statistics.add(good_rows.view(), view(labels));
    const std::vector<double> sums = statistics.joint_sums();
    const std::string text =
        support::message_of<NumericalError>([&] { statistics.add(bad_rows.view(), view(bad_labels)); });
    EXPECT_EQ(statistics.joint_sums(), sums);
    EXPECT_EQ(statistics.rows(), rows);
    const std::string once = support::message_of<NumericalError>([&] {
      culogme::leep(engine, bad_rows.view(), view(bad_labels), classes, {input, true});
    });
    EXPECT_EQ(once, text);
    return text;
  }
};
CULOGME_OVER_BACKENDS(SourceErrors);

TEST_P(SourceErrors, ValuesThatAreNoNumbers) {
  for (const SourceInput input : {SourceInput::probabilities, SourceInput::logits})
    for (const auto& [value, text] :
         {std::pair{std::nan(""), "NaN"}, std::pair{std::numeric_limits<double>::infinity(), "inf"},
          std::pair{-std::numeric_limits<double>::infinity(), "-inf"}}) {
      const double bad = value;
      CULOGME_EXPECT_HOLDS(refused([bad](Data& data, Labels&) { data(17, 36) = data(18, 2) = bad; }, input),
                           std::string("source: ") + text + " at row 17, column 36");
      CULOGME_EXPECT_HOLDS(refused([bad](Data& data, Labels&) { data(0, 0) = bad; }, input), "at row 0, column 0");
    }
}

TEST_P(SourceErrors, LogitsGivenAsProbabilitiesNameTheWayOut) {
  for (const double value : {-0.25, 1.5}) {
    const std::string text = refused([value](Data& data, Labels&) { data(9, 4) = value; }, SourceInput::probabilities);
    CULOGME_EXPECT_HOLDS(text, "at row 9, column 4 is no probability");
    CULOGME_EXPECT_HOLDS(text, "--softmax");
  }
}

TEST_P(SourceErrors, RowsThatDoNotAddUpToOne) {
  const auto set_row = [](double value) {
    return [value](Data& data, Labels&) {
      for (std::int64_t z = 0; z < width; ++z) data(21, z) = z < 4 ? value / 4 : 0;
    };
  };
  CULOGME_EXPECT_HOLDS(refused(set_row(1.25), SourceInput::probabilities), "row 21 adds up to 1.25");
  CULOGME_EXPECT_HOLDS(refused(set_row(0), SourceInput::probabilities), "row 21 adds up to 0");
  const double tolerance = culogme::probability_tolerance(Scalar::f64, width);
  refused(set_row(1 + 1.01 * tolerance), SourceInput::probabilities);
  Data close = source;
  Labels same = labels;
  set_row(1 + 0.99 * tolerance)(close, same);
  EXPECT_NO_THROW(culogme::leep(engine, Stored(close, Scalar::f64).view(), view(labels), classes));
}

// Several threads meet bad rows at once; a reader from the top would meet one of them first.
TEST_P(SourceErrors, TheFirstOfManyBadRowsIsTold) {
  const std::int64_t many = 3000, wide = 200;
  Data data = support::probabilities(many, wide, 1, 4);
  for (const std::int64_t row : {1700, 1699, 900, 2999}) data(row, 50) = -1;
  data(900, 49) = 2;
  const Stored stored(data, Scalar::f32);
  const Labels ids = support::balanced_labels(many, classes, 5);
  culogme::Engine threaded = support::make_engine(GetParam(), 5);
  for (int attempt = 0; attempt < 20; ++attempt)
    CULOGME_EXPECT_HOLDS(
        support::message_of<NumericalError>([&] { culogme::leep(threaded, stored.view(), view(ids), classes); }),
        "2 at row 900, column 49 is no probability");
}

TEST_P(SourceErrors, LabelsThatAreNoClasses) {
  for (const std::int32_t id : {-1, 3, 1000000})
    CULOGME_EXPECT_HOLDS(refused([id](Data&, Labels& ids) { ids[30] = id; }, SourceInput::probabilities),
                         "labels: " + std::to_string(id) + " at row 30 is no class id (0..2)");
  SourceStatistics statistics(engine, classes, 4, {SourceInput::labels, true});
  Labels source_labels = support::balanced_labels(rows, 4, 3);
  statistics.add(view(source_labels), view(labels));
  source_labels[7] = 4;
  CULOGME_EXPECT_HOLDS(support::message_of<NumericalError>([&] { statistics.add(view(source_labels), view(labels)); }),
                       "source_labels: 4 at row 7 is no source class id (0..3)");
  EXPECT_EQ(statistics.rows(), rows);
  std::int64_t counted = 0;
  for (const std::int64_t count : statistics.joint_counts()) counted += count;
  EXPECT_EQ(counted, rows);
}

TEST_P(SourceErrors, ShapesAndOptionsThatDoNotFit) {
  const Stored stored(source, Scalar::f32);
  SourceStatistics statistics(engine, classes, width);
  EXPECT_THROW(statistics.add(stored.view(), view(labels, 0, rows - 1)), InvalidArgument);
  EXPECT_THROW(statistics.add(view(labels), view(labels)), InvalidArgument);
  EXPECT_THROW(SourceStatistics(engine, classes, width - 1).add(stored.view(), view(labels)), InvalidArgument);
  EXPECT_THROW(SourceStatistics(engine, 0, width), InvalidArgument);
  EXPECT_THROW(SourceStatistics(engine, classes, 0), InvalidArgument);
  SourceStatistics of_labels(engine, classes, width, {SourceInput::labels, true});
  EXPECT_THROW(of_labels.add(stored.view(), view(labels)), InvalidArgument);
  EXPECT_THROW(statistics.merge(of_labels), InvalidArgument);
  EXPECT_THROW(statistics.merge(SourceStatistics(engine, classes, width, {SourceInput::logits, true})),
               InvalidArgument);
  EXPECT_THROW(statistics.merge(SourceStatistics(engine, classes, width, {SourceInput::probabilities, false})),
               InvalidArgument);
  EXPECT_THROW(statistics.merge(SourceStatistics(engine, classes + 1, width)), InvalidArgument);
  EXPECT_THROW(culogme::LeepPass{of_labels}, InvalidArgument);
  culogme::MatrixView null = stored.view();
  null.data = nullptr;
  EXPECT_THROW(statistics.add(null, view(labels)), InvalidArgument);
  EXPECT_EQ(statistics.rows(), 0);
}

TEST_P(SourceErrors, NoRows) {
  SourceStatistics statistics(engine, classes, width);
  const culogme::MatrixView none = culogme::matrix_view<float>(culogme::Memory::host, nullptr, 0, width);
  const culogme::LabelView no_labels = culogme::label_view<std::int32_t>(culogme::Memory::host, nullptr, 0);
  statistics.add(none, no_labels);
  EXPECT_EQ(statistics.rows(), 0);
  EXPECT_EQ(statistics.class_rows(), std::vector<std::int64_t>(classes, 0));
  for (const auto& call : std::vector<std::function<void()>>{[&] { culogme::leep(engine, none, no_labels, classes); },
                                                             [&] { culogme::nce(engine, none, no_labels, classes); },
                                                             [&] { culogme::nce(statistics); },
                                                             [&] { culogme::LeepPass pass(statistics); }})
    CULOGME_EXPECT_HOLDS(support::message_of<InvalidArgument>(call), "no rows");
}

TEST_P(SourceErrors, NceNeedsCounts) {
  const Stored stored(source, Scalar::f32);
  SourceStatistics statistics(engine, classes, width, {SourceInput::probabilities, false});
  statistics.add(stored.view(), view(labels));
  EXPECT_TRUE(statistics.joint_counts().empty());
  CULOGME_EXPECT_HOLDS(support::message_of<InvalidArgument>([&] { culogme::nce(statistics); }), "arg_max");
}

TEST_P(SourceErrors, TheSecondPassMustSeeTheSameRows) {
  const Stored stored(source, Scalar::f64);
  SourceStatistics statistics(engine, classes, width);
  statistics.add(stored.view(), view(labels));
  culogme::LeepPass shorter(statistics);
  shorter.add(stored.view(0, rows - 1), view(labels, 0, rows - 1));
  CULOGME_EXPECT_HOLDS(support::message_of<InvalidArgument>([&] { shorter.result(); }), "second pass");
  // Rows of class 0 have their mass where class 0 never had any.
  Data split(rows, 2);
  for (std::int64_t i = 0; i < rows; ++i) split(i, labels[static_cast<std::size_t>(i)] == 0 ? 0 : 1) = 1;
  SourceStatistics of_split(engine, classes, 2);
  of_split.add(Stored(split, Scalar::f64).view(), view(labels));
  culogme::LeepPass other(of_split);
  for (double& value : split.values) value = 1 - value;
  const Stored turned(split, Scalar::f64);
  other.add(turned.view(), view(labels));
  CULOGME_EXPECT_HOLDS(support::message_of<NumericalError>([&] { other.result(); }), "two passes");
}

TEST_P(SourceErrors, SizesAreComparedWithTheMemoryThereIs) {
  const std::string text = support::message_of<culogme::OutOfMemory>(
      [&] { SourceStatistics(engine, std::int64_t{1} << 31, std::int64_t{1} << 31); });
  CULOGME_EXPECT_HOLDS(text, "2147483648 classes and 2147483648 source classes");
}

TEST_P(SourceErrors, MovedFrom) {
  SourceStatistics statistics(engine, classes, width);
  const SourceStatistics other = std::move(statistics);
  EXPECT_THROW(static_cast<void>(statistics.rows()), InvalidArgument);  // NOLINT: on purpose
  EXPECT_EQ(other.rows(), 0);
}

TEST(SourceTolerance, IsWhatASoftmaxInF32LeavesOfTheType) {
  const Data data = support::probabilities(200, 1000, 2, 5);
  for (const Scalar scalar : {Scalar::f16, Scalar::bf16, Scalar::f32, Scalar::f64}) {
    const Stored stored(data, scalar);
    const Data& rounded = stored.rounded();
    double worst = 0;
    for (std::int64_t i = 0; i < data.rows; ++i) {
      double sum = 0;
      for (std::int64_t z = 0; z < data.cols; ++z) sum += rounded(i, z);
      worst = std::max(worst, std::fabs(sum - 1));
    }
    EXPECT_LE(worst, culogme::probability_tolerance(scalar, 1000)) << culogme::scalar_name(scalar);
    EXPECT_LT(culogme::probability_tolerance(scalar, 1000), 0.02);
  }
}

}  // namespace
