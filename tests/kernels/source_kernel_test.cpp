// The joint sums and likelihoods on the device against the CPU backend: additions in the order of the rows give the
// same bits; logarithms and exponentials may differ in the last ones.

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include <culogme/source.hpp>

#include "device.hpp"
#include "support/data.hpp"

namespace {

using culogme::Backend;
using culogme::SourceInput;
using culogme::SourceStatistics;

culogme::Engine engine_on(Backend backend) {
  culogme::EngineOptions options;
  options.backend = backend;
  return culogme::Engine(options);
}

struct Shape {
  std::int64_t rows, classes, width;
};

class SourceKernels : public device::KernelTest, public testing::WithParamInterface<Shape> {};

TEST_P(SourceKernels, HaveTheNumbersOfTheCpu) {
  const auto [rows, classes, width] = GetParam();
  const support::Labels labels = support::balanced_labels(rows, classes, 1);
  const culogme::LabelView ids = culogme::label_view(culogme::Memory::host, labels.data(), rows);
  for (const bool logits : {false, true}) {
    const support::Data data = logits ? support::normal(rows, width, 2) : support::probabilities(rows, width, 1.5, 2);
    const culogme::MatrixView view = culogme::matrix_view(culogme::Memory::host, data.values.data(), rows, width);
    culogme::Engine cpu = engine_on(Backend::cpu), cuda = engine_on(Backend::cuda);
    const culogme::SourceOptions options{logits ? SourceInput::logits : SourceInput::probabilities, true};
    SourceStatistics expected(cpu, classes, width, options), found(cuda, classes, width, options);
    expected.add(view, ids);
    found.add(view, ids);
    EXPECT_EQ(found.joint_counts(), expected.joint_counts());
    EXPECT_EQ(found.class_rows(), expected.class_rows());
    const std::vector<double> a = found.joint_sums(), b = expected.joint_sums();
    const double last_digits = 0x1p-53 * static_cast<double>(width + 20);  // of exp and of the sum that divides
    for (std::size_t i = 0; i < b.size(); ++i) {
      if (logits) {
        ASSERT_NEAR(a[i], b[i], last_digits * b[i]);
      } else {
        ASSERT_EQ(a[i], b[i]);
      }
    }
    const culogme::SourceScore leep = culogme::leep(cuda, view, ids, classes, options),
                               twin = culogme::leep(cpu, view, ids, classes, options);
    const double of_logs = 0x1p-53 * static_cast<double>(rows + 8) * (1 + std::fabs(twin.value));
    EXPECT_NEAR(leep.value, twin.value, of_logs + (logits ? 4 * last_digits : 0));
    EXPECT_EQ(culogme::nce(found).value, culogme::nce(expected).value);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, SourceKernels,
                         testing::Values(Shape{1, 1, 1}, Shape{3, 2, 31}, Shape{130, 1, 33}, Shape{130, 200, 129},
                                         Shape{8200, 3, 2}),
                         [](const testing::TestParamInfo<Shape>& shape) {
                           return std::to_string(shape.param.rows) + "x" + std::to_string(shape.param.classes) + "x" +
                                  std::to_string(shape.param.width);
                         });

}  // namespace
