// Streams that are borrowed, engines beside each other, engines that move, several devices.

#include <cuda_runtime_api.h>

#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/cuda.hpp>
#include <culogme/error.hpp>
#include <culogme/score.hpp>
#include <culogme/statistics.hpp>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/device.hpp"

namespace {

using culogme::Scalar;
using support::DeviceLabels;
using support::DeviceStored;
using support::Stored;

class CudaEngines : public support::CudaTest {
 protected:
  const std::int64_t rows = 70, cols = 6;
  const support::Labels labels = support::balanced_labels(rows, 3, 1);
  const Stored stored{support::normal(rows, cols, 2), Scalar::f32};

  culogme::Score scored(culogme::Engine& engine) const {
    return culogme::score(engine, stored.view(), support::view(labels), 3);
  }
};

// The copy is submitted to the stream and not waited for: an engine that used another stream would see zeros.
void expect_order_of(cudaStream_t stream, const Stored& stored, const support::Labels& labels,
                     const culogme::Score& expected) {
  const culogme::MatrixView host = stored.view();
  const std::size_t bytes = static_cast<std::size_t>(host.rows * host.row_stride) * sizeof(float);
  void *pinned = nullptr, *device = nullptr;
  ASSERT_EQ(cudaMallocHost(&pinned, bytes), cudaSuccess);
  ASSERT_EQ(cudaMalloc(&device, bytes), cudaSuccess);
  ASSERT_EQ(cudaMemset(device, 0, bytes), cudaSuccess);
  ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  std::memcpy(pinned, host.data, bytes);
  {
    culogme::Engine engine(culogme::on_stream(stream));
    ASSERT_EQ(cudaMemcpyAsync(device, pinned, bytes, cudaMemcpyHostToDevice, stream), cudaSuccess);
    const auto view = culogme::device_view(static_cast<const float*>(device), host.rows, host.cols, host.row_stride);
    support::expect_same_bits(culogme::score(engine, view, support::view(labels), 3), expected);
    // What is submitted later waits for the engine's work.
    culogme::Statistics statistics(engine, host.cols, 3);
    statistics.add(view, support::view(labels));
    ASSERT_EQ(cudaMemsetAsync(device, 0xff, bytes, stream), cudaSuccess);
    culogme::Statistics again(engine, host.cols, 3);
    again.add(stored.view(), support::view(labels));
    support::expect_same_bits(culogme::score(statistics), culogme::score(again));
    engine.synchronize();
  }
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess) << "the stream is the caller's, also after the engine";
  EXPECT_EQ(cudaFree(device), cudaSuccess);
  EXPECT_EQ(cudaFreeHost(pinned), cudaSuccess);
}

TEST_F(CudaEngines, ABorrowedStreamIsUsedInOrder) {
  culogme::Engine own = cuda_engine();
  const culogme::Score expected = scored(own);
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  expect_order_of(stream, stored, labels, expected);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

TEST_F(CudaEngines, NullMeansTheDefaultStreamToOnStream) {
  culogme::Engine own = cuda_engine();
  const culogme::Score expected = scored(own);
  EXPECT_NE(culogme::on_stream(nullptr).stream, nullptr);
  expect_order_of(nullptr, stored, labels, expected);
}

TEST_F(CudaEngines, AStreamIsRefusedOnTheCpu) {
  culogme::EngineOptions options = culogme::on_stream(nullptr);
  options.backend = culogme::Backend::cpu;
  CULOGME_EXPECT_HOLDS(support::message_of<culogme::InvalidArgument>([&] { const culogme::Engine engine(options); }),
                       "stream");
}

TEST_F(CudaEngines, TwoInTwoThreadsGiveTheBitsOfOne) {
  culogme::Engine alone = cuda_engine();
  const culogme::Score expected = scored(alone);
  std::vector<culogme::Score> results(6);
  const auto work = [&](std::size_t first) {
    culogme::Engine engine = cuda_engine();
    for (std::size_t i = first; i < results.size(); i += 2) results[i] = scored(engine);
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  for (const culogme::Score& result : results) support::expect_same_bits(result, expected);
}

TEST_F(CudaEngines, MovedOnesWorkAndMovedFromOnesSaySo) {
  culogme::Engine first = cuda_engine();
  const culogme::Score expected = scored(first);
  culogme::Engine second = std::move(first);
  support::expect_same_bits(scored(second), expected);
  // NOLINTBEGIN(bugprone-use-after-move): what a moved-from engine says is the point
  EXPECT_THROW(first.synchronize(), culogme::InvalidArgument);
  // NOLINTEND(bugprone-use-after-move)
  first = cuda_engine();
  support::expect_same_bits(scored(first), expected);
}

TEST_F(CudaEngines, StatisticsOutliveTheirEngineAndMoveToTheCpu) {
  culogme::EngineOptions on_cpu;
  on_cpu.backend = culogme::Backend::cpu;
  culogme::Engine cpu(on_cpu);
  auto engine = std::make_unique<culogme::Engine>(cuda_engine());
  culogme::Statistics statistics(*engine, cols, 3);
  statistics.add(stored.view(), support::view(labels));
  engine.reset();
  const culogme::Score expected = culogme::score(statistics);
  const culogme::Statistics copy = statistics.clone(cpu);
  EXPECT_NEAR(culogme::score(copy).value, expected.value, 1e-9);
}

TEST_F(CudaEngines, EveryDeviceGivesTheSameBits) {
  int count = 0;
  ASSERT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  if (count < 2) GTEST_SKIP() << "NOT TESTED: there is one device";
  culogme::Engine engine = cuda_engine();
  culogme::Engine second = cuda_engine(nullptr, 1);
  CULOGME_EXPECT_HOLDS(second.description(), "cuda:1");
  const culogme::Score expected = scored(engine);
  support::expect_same_bits(scored(second), expected);
  // In turns, so that each has to make its device the current one; and statistics go from one to the other.
  culogme::Statistics a(engine, cols, 3), b(second, cols, 3);
  for (std::int64_t row = 0; row < rows; row += 10) {
    a.add(stored.view(row, 10), support::view(labels, row, 10));
    b.add(stored.view(row, 10), support::view(labels, row, 10));
  }
  support::expect_same_bits(culogme::score(a), culogme::score(b));
  support::expect_same_bits(culogme::score(a.clone(second)), culogme::score(a));
}

TEST_F(CudaEngines, MemoryOfAnotherDeviceIsRefused) {
  int count = 0;
  ASSERT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  if (count < 2) GTEST_SKIP() << "NOT TESTED: there is one device";
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  const DeviceStored there(stored);
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  culogme::Engine engine = cuda_engine();
  CULOGME_EXPECT_HOLDS(support::message_of<culogme::InvalidArgument>(
                           [&] { culogme::score(engine, there.view(), support::view(labels), 3); }),
                       "features");
}

}  // namespace
