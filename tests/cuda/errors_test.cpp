// Memory that is not what it is said to be, and values on the device that cannot be scored.

#include <cuda_runtime_api.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/score.hpp>
#include <culogme/statistics.hpp>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/device.hpp"

namespace {

using culogme::Memory;
using culogme::Scalar;
using culogme::Statistics;
using support::Data;
using support::DeviceLabels;
using support::DeviceStored;
using support::message_of;
using support::Stored;

constexpr double infinity = std::numeric_limits<double>::infinity();

class CudaErrors : public support::CudaTest {
 protected:
  const std::int64_t rows = 60, cols = 5;
  const support::Labels labels = support::balanced_labels(rows, 3, 1);
  const Data features = support::normal(rows, cols, 2);

  // Adds the rows before one by one in thirds, the bad ones in the second, and expects the words.
  void expect_deferred(const DeviceStored& bad, const support::Labels& ids, const std::vector<std::string>& words) {
    culogme::Engine engine = cuda_engine();
    const DeviceLabels device_labels(ids);
    Statistics statistics(engine, cols, 3);
    const auto add_all = [&] {
      for (std::int64_t row = 0; row < rows; row += 20) statistics.add(bad.view(row, 20), device_labels.view(row, 20));
      culogme::score(statistics);
    };
    const std::string message = message_of<culogme::NumericalError>(add_all);
    for (const std::string& word : words) CULOGME_EXPECT_HOLDS(message, word);
    // What the rows after the bad ones did to the sums is not known.
    EXPECT_THROW(culogme::score(statistics), culogme::Error);
    EXPECT_THROW(statistics.add(bad.view(0, 20), device_labels.view(0, 20)), culogme::Error);
    // The engine works on.
    const DeviceStored good(features, Scalar::f32);
    const DeviceLabels good_labels(labels);
    Statistics fresh(engine, cols, 3);
    fresh.add(good.view(), good_labels.view());
    EXPECT_TRUE(std::isfinite(culogme::score(fresh).value));
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  }
};

TEST_F(CudaErrors, DeviceMemoryThatIsSaidToBeOnTheHost) {
  culogme::Engine engine = cuda_engine();
  const DeviceStored device(features, Scalar::f32);
  const DeviceLabels device_labels(labels);
  culogme::MatrixView claimed = device.view();
  claimed.memory = Memory::host;
  culogme::LabelView claimed_labels = device_labels.view();
  claimed_labels.memory = Memory::host;
  CULOGME_EXPECT_HOLDS(
      message_of<culogme::InvalidArgument>([&] { culogme::score(engine, claimed, device_labels.view(), 3); }),
      "features");
  CULOGME_EXPECT_HOLDS(
      message_of<culogme::InvalidArgument>([&] { culogme::score(engine, device.view(), claimed_labels, 3); }),
      "labels");
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(CudaErrors, HostMemoryThatIsSaidToBeOnTheDevice) {
  culogme::Engine engine = cuda_engine();
  const Stored host(features, Scalar::f32);
  culogme::MatrixView claimed = host.view();
  claimed.memory = Memory::device;
  culogme::LabelView claimed_labels = support::view(labels);
  claimed_labels.memory = Memory::device;
  CULOGME_EXPECT_HOLDS(
      message_of<culogme::InvalidArgument>([&] { culogme::score(engine, claimed, support::view(labels), 3); }),
      "features");
  CULOGME_EXPECT_HOLDS(
      message_of<culogme::InvalidArgument>([&] { culogme::score(engine, host.view(), claimed_labels, 3); }), "labels");
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(CudaErrors, PinnedMemoryCountsAsHost) {
  culogme::Engine engine = cuda_engine();
  const std::size_t bytes = static_cast<std::size_t>(rows * cols) * sizeof(double);
  void* pinned = nullptr;
  ASSERT_EQ(cudaMallocHost(&pinned, bytes), cudaSuccess);
  std::copy(features.values.begin(), features.values.end(), static_cast<double*>(pinned));
  const Stored host(features, Scalar::f64);
  const auto view = culogme::matrix_view(Memory::host, static_cast<const double*>(pinned), rows, cols);
  support::expect_same_bits(culogme::score(engine, view, support::view(labels), 3),
                            culogme::score(engine, host.view(), support::view(labels), 3));
  EXPECT_EQ(cudaFreeHost(pinned), cudaSuccess);
}

TEST_F(CudaErrors, NanOnTheDeviceIsToldByRowAndColumn) {
  Data bad = features;
  bad(33, 4) = std::nan("");
  bad(34, 0) = infinity;
  for (const Scalar scalar : {Scalar::f16, Scalar::bf16, Scalar::f32, Scalar::f64}) {
    SCOPED_TRACE(culogme::scalar_name(scalar));
    expect_deferred(DeviceStored(bad, scalar, {3, 8}), labels, {"NaN", "row 33", "column 4"});
  }
}

TEST_F(CudaErrors, InfinityOnTheDeviceIsToldByRowAndColumn) {
  Data bad = features;
  bad(21, 0) = -infinity;
  expect_deferred(DeviceStored(bad, Scalar::f16), labels, {"-inf", "row 21", "column 0", "65504"});
}

TEST_F(CudaErrors, LabelsOutOfRangeOnTheDeviceAreToldByRow) {
  support::Labels bad = labels;
  bad[25] = 3;
  expect_deferred(DeviceStored(features, Scalar::f32), bad, {"3 at", "row 25", "0..2"});
  bad[24] = -1;
  expect_deferred(DeviceStored(features, Scalar::f32), bad, {"-1 at", "row 24"});
}

TEST_F(CudaErrors, ResponsesOnTheDeviceAreChecked) {
  culogme::Engine engine = cuda_engine();
  const DeviceStored device(features, Scalar::f32);
  Data responses = support::linear_responses(features, 2, 1.0, 3);
  responses(40, 1) = std::nan("");
  const DeviceStored bad(responses, Scalar::f64);
  const std::string message =
      message_of<culogme::NumericalError>([&] { culogme::score(engine, device.view(), bad.view()); });
  for (const char* word : {"NaN", "row 40", "column 1"}) CULOGME_EXPECT_HOLDS(message, word);
  Data flags = support::binary(rows, 2, 0.5, 4);
  flags(7, 0) = 0.5;
  const DeviceStored no_flags(flags, Scalar::f32);
  const std::string refused = message_of<culogme::NumericalError>(
      [&] { culogme::score(engine, device.view(), no_flags.view(), culogme::Task::multilabel); });
  for (const char* word : {"0.5", "row 7", "column 0"}) CULOGME_EXPECT_HOLDS(refused, word);
}

TEST_F(CudaErrors, BadRowsOfAOneShotScoreAreTold) {
  culogme::Engine engine = cuda_engine();
  Data bad = features;
  bad(59, 2) = infinity;
  const DeviceStored device(bad, Scalar::f32);
  const DeviceLabels device_labels(labels);
  const std::string message =
      message_of<culogme::NumericalError>([&] { culogme::score(engine, device.view(), device_labels.view(), 3); });
  for (const char* word : {"inf", "row 59", "column 2"}) CULOGME_EXPECT_HOLDS(message, word);
}

}  // namespace
