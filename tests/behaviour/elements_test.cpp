// Every element type with every precision, intercept, task and layout against the oracle on the same rounded values.

#include <string>

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
using tolerance::Products;

constexpr Scalar all_scalars[] = {Scalar::f16, Scalar::bf16, Scalar::f32, Scalar::f64};

const char* precision_name(Precision precision) {
  return precision == Precision::automatic ? "automatic" : precision == Precision::f32 ? "f32" : "f64";
}

// Targets of one task over the same features.
struct Targets {
  Task task = Task::classification;
  support::Labels labels;
  Data values;
};

Targets targets_of(Task task, const Data& features, std::uint64_t seed) {
  Targets targets;
  targets.task = task;
  if (task == Task::classification) {
    targets.labels = support::balanced_labels(features.rows, 3, seed);
    targets.values = support::one_hot(targets.labels, 3);
  } else if (task == Task::regression) {
    targets.values = support::linear_responses(features, 2, 2.0, seed);
  } else {
    targets.values = support::binary(features.rows, 4, 0.4, seed);
  }
  return targets;
}

class ElementsTest : public support::BackendTest {
 protected:
  culogme::Score scored(const support::Stored& features, const Targets& targets, Scalar of_responses,
                        const culogme::ScoreOptions& options) {
    if (targets.task == Task::classification)
      return culogme::score(engine, features.view(), support::view(targets.labels), 3, options);
    const support::Stored responses(targets.values, of_responses, {1, 8});
    return culogme::score(engine, features.view(), responses.view(), targets.task, options);
  }

  void check(const Data& raw, Scalar scalar, Task task) {
    SCOPED_TRACE(std::string(culogme::scalar_name(scalar)) + ", " + culogme::task_name(task));
    const support::Stored features(raw, scalar, {3, 20});
    const Targets targets = targets_of(task, features.rounded(), 17);
    for (const bool intercept : {false, true}) {
      SCOPED_TRACE(intercept ? "intercept" : "no intercept");
      const support::Expected expected = support::expect(features.rounded(), targets.values, intercept);
      const bool dual = support::goes_dual(expected);
      for (const Precision precision : {Precision::automatic, Precision::f32, Precision::f64}) {
        SCOPED_TRACE(precision_name(precision));
        culogme::ScoreOptions options;
        options.precision = precision;
        options.intercept = intercept ? culogme::Intercept::on : culogme::Intercept::off;
        const culogme::Score score = scored(features, targets, Scalar::f64, options);
        const bool wide = precision == Precision::f64 || (precision == Precision::automatic && scalar == Scalar::f64);
        if (support::first_order_holds(expected, wide ? Products::f64 : Products::f32, dual)) {
          support::expect_score(score, expected, wide ? Products::f64 : Products::f32, dual);
        } else {
          EXPECT_FALSE(wide) << "this test's data should be benign in fp64";
          support::expect_value(score, expected, score.error_bound);
        }
        if (precision == Precision::automatic) support::expect_value(score, expected, tolerance::default_accuracy);
        EXPECT_EQ(score.task, task);
      }
    }
  }
};
CULOGME_OVER_BACKENDS(ElementsTest);

TEST_P(ElementsTest, TallFeaturesWithLargeMeans) {
  const Data raw = support::rectified(97, 19, 0, 4, 3);
  for (const Scalar scalar : all_scalars)
    for (const Task task : {Task::classification, Task::regression, Task::multilabel}) check(raw, scalar, task);
}

TEST_P(ElementsTest, WideFeatures) {
  const Data raw = support::rectified(13, 40, 0, 2, 4);
  for (const Scalar scalar : all_scalars)
    for (const Task task : {Task::classification, Task::regression, Task::multilabel}) check(raw, scalar, task);
}

// The values are exact in all four types and so are their products in f32: the type in memory decides nothing.
TEST_P(ElementsTest, TheTypeInMemoryDoesNotChangeTheBits) {
  const Data raw = support::integers(300, 21, 8);
  const Targets targets = targets_of(Task::classification, raw, 5);
  for (const Precision precision : {Precision::f32, Precision::f64}) {
    culogme::ScoreOptions options;
    options.precision = precision;
    const culogme::Score first = scored(support::Stored(raw, Scalar::f16), targets, Scalar::f64, options);
    for (const Scalar scalar : {Scalar::bf16, Scalar::f32, Scalar::f64}) {
      SCOPED_TRACE(std::string(culogme::scalar_name(scalar)) + ", " + precision_name(precision));
      support::expect_same_bits(first, scored(support::Stored(raw, scalar), targets, Scalar::f64, options));
    }
  }
}

TEST_P(ElementsTest, TheLayoutDoesNotChangeTheBits) {
  for (const std::int64_t rows : {5, 300}) {
    const Data raw = support::normal(rows, 17, 9);
    const Targets targets = targets_of(Task::regression, raw, 6);
    for (const Scalar scalar : all_scalars) {
      const culogme::Score first = scored(support::Stored(raw, scalar), targets, Scalar::f64, {});
      for (const support::Layout& layout : {support::Layout{1, 0}, {0, 2}, {7, 4}, {15, 8}, {64, 24}, {0, 62}}) {
        SCOPED_TRACE(std::string(culogme::scalar_name(scalar)) + ", padding " + std::to_string(layout.padding) +
                     ", misaligned by " + std::to_string(layout.misalignment));
        support::expect_same_bits(first, scored(support::Stored(raw, scalar, layout), targets, Scalar::f64, {}));
      }
    }
  }
}

TEST_P(ElementsTest, ResponsesInEitherTypeAndLabelsInEitherWidth) {
  const Data raw = support::normal(60, 7, 10);
  const Data responses = support::integers(60, 3, 11);
  const support::Stored features(raw, Scalar::f64), narrow(responses, Scalar::f32, {2, 4}),
      wide(responses, Scalar::f64);
  support::expect_same_bits(culogme::score(engine, features.view(), narrow.view()),
                            culogme::score(engine, features.view(), wide.view()));

  const support::Labels labels = support::balanced_labels(60, 4, 12);
  const std::vector<std::int64_t> wide_labels(labels.begin(), labels.end());
  const culogme::LabelView wide_view = culogme::label_view(culogme::Memory::host, wide_labels.data(), 60);
  support::expect_same_bits(culogme::score(engine, features.view(), support::view(labels), 4),
                            culogme::score(engine, features.view(), wide_view, 4));
}

TEST_P(ElementsTest, SubnormalHalvesCount) {
  const Data whole = support::integers(40, 3, 13);
  Targets targets = targets_of(Task::classification, whole, 7);
  for (std::int64_t i = 0; i < 40; ++i) targets.labels[static_cast<std::size_t>(i)] = whole(i, 0) > 2 ? 1 : 0;
  const auto value = [&](double factor) {
    return scored(support::Stored(support::scaled(whole, factor), Scalar::f16), targets, Scalar::f64, {});
  };
  const culogme::Score plain = value(1), tiny = value(0x1p-24);  // every one is subnormal
  EXPECT_EQ(plain.targets[0].status, culogme::TargetStatus::interior);
  EXPECT_EQ(tiny.value, plain.value);
}

}  // namespace
