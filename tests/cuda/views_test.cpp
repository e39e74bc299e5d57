// Where the numbers lie does not change the score: device views give the bits of host views.

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/posterior.hpp>
#include <culogme/score.hpp>
#include <culogme/statistics.hpp>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/device.hpp"

namespace {

using culogme::Scalar;
using culogme::Task;
using support::Data;
using support::DeviceLabels;
using support::DeviceStored;
using support::Layout;
using support::Stored;

constexpr Scalar all_scalars[] = {Scalar::f16, Scalar::bf16, Scalar::f32, Scalar::f64};

class CudaViews : public support::CudaTest {
 protected:
  const std::int64_t rows = 90, cols = 7;
  const support::Labels labels = support::balanced_labels(rows, 3, 1);
  Data features = support::normal(rows, cols, 2);
  void SetUp() override {
    CudaTest::SetUp();
    support::separate_classes(features, labels, 3, 1.0, 3);
  }
};

TEST_F(CudaViews, ClassificationHasTheSameBits) {
  culogme::Engine engine = cuda_engine();
  const DeviceLabels narrow(labels), wide(labels, true);
  for (const Scalar scalar : all_scalars) {
    // Odd strides, first elements at every place that the type allows, and rows that begin at full lines.
    for (const Layout& layout : {Layout{0, 0}, Layout{1, 8}, Layout{9, 2}, Layout{25, 0}, Layout{3, 34}}) {
      SCOPED_TRACE(std::string(culogme::scalar_name(scalar)) + ", padding " + std::to_string(layout.padding) +
                   ", misalignment " + std::to_string(layout.misalignment));
      const Stored host(features, scalar, layout);
      const DeviceStored device(host);
      const culogme::Score expected = culogme::score(engine, host.view(), support::view(labels), 3);
      support::expect_same_bits(culogme::score(engine, device.view(), narrow.view(), 3), expected);
      support::expect_same_bits(culogme::score(engine, device.view(), wide.view(), 3), expected);
      support::expect_same_bits(culogme::score(engine, device.view(), support::view(labels), 3), expected);
      support::expect_same_bits(culogme::score(engine, host.view(), narrow.view(), 3), expected);
    }
  }
}

TEST_F(CudaViews, ResponsesHaveTheSameBits) {
  culogme::Engine engine = cuda_engine();
  const Data linear = support::linear_responses(features, 2, 1.0, 5), flags = support::binary(rows, 3, 0.4, 6);
  for (const Scalar scalar : all_scalars) {
    SCOPED_TRACE(culogme::scalar_name(scalar));
    for (const auto& [values, task] : {std::pair{linear, Task::regression}, std::pair{flags, Task::multilabel}}) {
      const Stored host(features, Scalar::f32, {1, 4}), host_targets(values, scalar, {2, 8});
      const DeviceStored device(host), device_targets(host_targets);
      const culogme::Score expected = culogme::score(engine, host.view(), host_targets.view(), task);
      support::expect_same_bits(culogme::score(engine, device.view(), device_targets.view(), task), expected);
      support::expect_same_bits(culogme::score(engine, device.view(), host_targets.view(), task), expected);
      support::expect_same_bits(culogme::score(engine, host.view(), device_targets.view(), task), expected);
    }
  }
}

TEST_F(CudaViews, PredictionsHaveTheSameBits) {
  culogme::Engine engine = cuda_engine();
  const Data linear = support::linear_responses(features, 2, 1.0, 5);
  culogme::Statistics classes(engine, cols, 3), sizes(engine, cols, 2, {Task::regression});
  const Stored host(features, Scalar::f32, {3, 4}), y(linear, Scalar::f64, {1, 8});
  const DeviceStored device(host), device_y(y);
  const DeviceLabels narrow(labels), wide(labels, true);
  classes.add(host.view(), support::view(labels));
  sizes.add(host.view(), y.view());
  const culogme::Posterior of_classes(classes), of_sizes(sizes);
  EXPECT_EQ(of_classes.predict(device.view()).mean, of_classes.predict(host.view()).mean);
  EXPECT_EQ(of_classes.predict(device.view()).deviation, of_classes.predict(host.view()).deviation);
  const std::vector<double> expected = of_classes.leave_one_out(host.view(), support::view(labels));
  EXPECT_EQ(of_classes.leave_one_out(device.view(), narrow.view()), expected);
  EXPECT_EQ(of_classes.leave_one_out(host.view(), wide.view()), expected);
  EXPECT_EQ(of_sizes.leave_one_out(device.view(), device_y.view()), of_sizes.leave_one_out(host.view(), y.view()));
}

TEST_F(CudaViews, MoreFeaturesThanRowsHaveTheSameBits) {
  culogme::Engine engine = cuda_engine();
  const Data wide = support::normal(20, 50, 7);
  const support::Labels classes = support::balanced_labels(20, 2, 8);
  const DeviceLabels device_labels(classes);
  for (const Scalar scalar : all_scalars) {
    SCOPED_TRACE(culogme::scalar_name(scalar));
    const Stored host(wide, scalar, {3, 8});
    const DeviceStored device(host);
    support::expect_same_bits(culogme::score(engine, device.view(), device_labels.view(), 2),
                              culogme::score(engine, host.view(), support::view(classes), 2));
  }
}

TEST_F(CudaViews, BatchesMayComeFromEitherMemory) {
  culogme::Engine engine = cuda_engine();
  const Stored host(features, Scalar::f16, {1, 2});
  const DeviceStored device(host);
  const DeviceLabels device_labels(labels, true);
  culogme::Statistics all_host(engine, cols, 3), mixed(engine, cols, 3), all_device(engine, cols, 3);
  bool turn = false;
  for (std::int64_t first = 0; first < rows; first += 11, turn = !turn) {
    const std::int64_t count = std::min<std::int64_t>(11, rows - first);
    all_host.add(host.view(first, count), support::view(labels, first, count));
    all_device.add(device.view(first, count), device_labels.view(first, count));
    mixed.add(turn ? host.view(first, count) : device.view(first, count),
              turn ? device_labels.view(first, count) : support::view(labels, first, count));
  }
  const culogme::Score expected = culogme::score(all_host);
  support::expect_same_bits(culogme::score(mixed), expected);
  support::expect_same_bits(culogme::score(all_device), expected);
}

TEST_F(CudaViews, FullTilesOnTheDeviceAreReadWhereTheyLie) {
  culogme::Engine engine = cuda_engine();
  // More rows than any tile, so that some are read in place and the rest waits.
  const std::int64_t many = 20000;
  const support::Labels classes = support::balanced_labels(many, 5, 9);
  const Stored host(support::coarse(many, 6, 10), Scalar::f16, {2, 0});
  const DeviceStored device(host);
  const DeviceLabels device_labels(classes);
  culogme::Statistics from_host(engine, 6, 5), from_device(engine, 6, 5);
  from_host.add(host.view(), support::view(classes));
  from_device.add(device.view(0, 30), device_labels.view(0, 30));
  from_device.add(device.view(30, many - 30), device_labels.view(30, many - 30));
  support::expect_same_bits(culogme::score(from_device), culogme::score(from_host));
}

}  // namespace
