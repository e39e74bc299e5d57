// Sums on the device: rows very much larger than zeros, other devices, and what a failure half-way leaves behind.

#include <cuda_runtime_api.h>

#include <cmath>
#include <limits>
#include <sstream>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/score.hpp>
#include <culogme/statistics.hpp>

#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/device.hpp"

namespace {

using culogme::Precision;
using culogme::Scalar;
using culogme::Statistics;
using support::Data;
using support::Stored;

class CudaSumsFaults : public support::CudaTest {
 protected:
  static culogme::Score scored(culogme::Backend backend, const Stored& stored, const support::Labels& labels,
                               Precision precision) {
    culogme::Engine engine = support::make_engine(backend);
    culogme::StatisticsOptions options;
    options.precision = precision;
    Statistics statistics(engine, stored.view().cols, 3, options);
    statistics.add(stored.view(), support::view(labels));
    return culogme::score(statistics);
  }

  // The first `zeros` rows are zero, the others of size `scale`.
  static void expect_as_on_the_cpu(std::int64_t zeros, double scale, Precision precision) {
    const std::int64_t rows = zeros + 2000, cols = 6;
    const support::Labels labels = support::balanced_labels(rows, 3, 1);
    Data features = support::normal(rows, cols, 2);
    support::separate_classes(features, labels, 3, 1, 3);
    for (std::int64_t i = 0; i < rows * cols; ++i)
      features.values[i] = i < zeros * cols ? 0 : features.values[i] * scale;
    const Stored stored(features, Scalar::f32);
    const culogme::Score cpu = scored(culogme::Backend::cpu, stored, labels, Precision::f64);
    const culogme::Score cuda = scored(culogme::Backend::cuda, stored, labels, precision);
    EXPECT_NEAR(cuda.value, cpu.value, cuda.error_bound + cpu.error_bound);
  }
};

// Zeros have the smallest exponent: the rows behind them are packed with another factor than their class sums believe.
TEST_F(CudaSumsFaults, SmallRowsBehindAHeadOfZerosInF32) { expect_as_on_the_cpu(1100, 1e-3, Precision::f32); }
TEST_F(CudaSumsFaults, SmallRowsBehindATileOfZerosInF32) { expect_as_on_the_cpu(8192, 1e-3, Precision::f32); }
TEST_F(CudaSumsFaults, LargeRowsBehindAHeadOfZerosInF32) { expect_as_on_the_cpu(1100, 1e20, Precision::f32); }
TEST_F(CudaSumsFaults, LargeRowsBehindAHeadOfZerosInF64) { expect_as_on_the_cpu(1100, 1e20, Precision::f64); }

TEST_F(CudaSumsFaults, SumsOfADeviceThatIsNotCurrent) {
  int devices = 0;
  ASSERT_EQ(cudaGetDeviceCount(&devices), cudaSuccess);
  if (devices < 2) GTEST_SKIP() << "NOT TESTED: there is one device";
  culogme::Engine engine = cuda_engine(nullptr, 1);
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  const Stored stored(support::normal(50, 4, 1), Scalar::f32);
  const support::Labels labels = support::balanced_labels(50, 3, 1);
  Statistics statistics(engine, 4, 3);
  statistics.add(stored.view(), support::view(labels));
  EXPECT_NO_THROW(statistics.class_rows());
  std::ostringstream out;
  EXPECT_NO_THROW(statistics.save(out));
  EXPECT_NO_THROW(statistics.clone(engine));
}

// An error of the caller's own, which it has handled but not taken from the runtime, is not ours.
TEST_F(CudaSumsFaults, AnOldErrorOfTheCallerIsNotTaken) {
  culogme::Engine engine = cuda_engine();
  const Stored stored(support::normal(50, 4, 1), Scalar::f32);
  const support::Labels labels = support::balanced_labels(50, 3, 1);
  void* memory = nullptr;
  ASSERT_EQ(cudaMalloc(&memory, std::size_t{1} << 50), cudaErrorMemoryAllocation);
  EXPECT_NO_THROW({
    Statistics statistics(engine, 4, 3);
    statistics.add(stored.view(), support::view(labels));
    culogme::score(statistics);
  });
  cudaGetLastError();
}

// Where f32 products give way to f64 ones the waiting sums are read.
TEST_F(CudaSumsFaults, BadValuesFoundByAnotherElementTypeAreAnErrorOfTheLibrary) {
  Data features = support::normal(50, 4, 1);
  features.values[17] = std::numeric_limits<double>::quiet_NaN();
  const support::DeviceStored bad(features, Scalar::f32);
  const support::Labels labels = support::balanced_labels(50, 3, 1);
  const support::DeviceLabels device_labels(labels);
  const Stored good(support::normal(50, 4, 2), Scalar::f64);
  culogme::Engine engine = cuda_engine();
  Statistics statistics(engine, 4, 3);
  statistics.add(bad.view(), device_labels.view());
  try {
    statistics.add(good.view(), support::view(labels));
    culogme::score(statistics);
    FAIL() << "nothing was thrown";
  } catch (const culogme::NumericalError&) {
  }
}

TEST_F(CudaSumsFaults, ALabelThatWasOutOfRangeStaysSo) {
  support::Labels labels = support::balanced_labels(50, 3, 1);
  labels[5] = 3;
  const support::DeviceStored features(support::normal(50, 4, 1), Scalar::f32);
  const support::DeviceLabels device_labels(labels);
  culogme::Engine engine = cuda_engine();
  Statistics statistics(engine, 4, 3);
  statistics.add(features.view(), device_labels.view());
  statistics.add_targets({"new"});
  EXPECT_THROW(culogme::score(statistics), culogme::NumericalError);
}

TEST_F(CudaSumsFaults, MisalignedDeviceMemoryIsRefused) {
  const support::DeviceStored features(support::normal(50, 4, 1), Scalar::f32);
  const support::Labels labels = support::balanced_labels(50, 3, 1);
  culogme::Engine engine = cuda_engine();
  culogme::MatrixView view = features.view(0, 49);
  view.data = static_cast<const char*>(view.data) + 1;
  Statistics statistics(engine, 4, 3);
  CULOGME_EXPECT_HOLDS(
      support::message_of<culogme::InvalidArgument>([&] { statistics.add(view, support::view(labels, 0, 49)); }),
      "features.data is not a multiple of the 4 bytes");
  statistics.add(features.view(), support::view(labels));
  EXPECT_NO_THROW(culogme::score(statistics));
}

TEST_F(CudaSumsFaults, PartsOfATimeAreNoLongerThanTheWhole) {
  const Stored stored(support::normal(50, 4, 1), Scalar::f32);
  const support::Labels labels = support::balanced_labels(50, 3, 1);
  culogme::Engine engine = cuda_engine();
  Statistics statistics(engine, 4, 3);
  statistics.add(stored.view(), support::view(labels));
  culogme::score(statistics);
  const culogme::Score second = culogme::score(statistics);
  EXPECT_LE(second.seconds.statistics + second.seconds.spectrum + second.seconds.evidence, second.seconds.total);
}

}  // namespace
