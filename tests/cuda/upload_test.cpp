// The way of host memory to the device: rows of any size through the slots, by several threads, and after failures.

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <culogme/error.hpp>

#include "cuda/context.hpp"
#include "cuda/upload_workers.hpp"
#include "support/device.hpp"

namespace {

using culogme::detail::Buffer;
using culogme::detail::CudaContext;

class CudaUpload : public support::CudaTest {
 protected:
  void SetUp() override {
    support::CudaTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    context_ = std::make_unique<CudaContext>(0, nullptr, true, 4);
    scope_.reset(new culogme::detail::DeviceScope(context_->enter()));  // it cannot be moved
  }

  /// Bytes that tell every place of every upload apart.
  static std::vector<char> numbered(std::int64_t bytes, int seed) {
    std::vector<char> values(static_cast<std::size_t>(bytes));
    std::uint64_t state = static_cast<std::uint64_t>(seed) + 1;
    for (char& value : values) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      value = static_cast<char>(state >> 56);
    }
    return values;
  }

  /// Uploads rows and reads them back; `fill` may be spoilt by `before`.
  template <class Before>
  std::vector<char> there_and_back(const std::vector<char>& values, std::int64_t row_bytes, const Before& before) {
    const auto rows = static_cast<std::int64_t>(values.size()) / row_bytes;
    const Buffer<char> device(*context_, static_cast<std::int64_t>(values.size()), "a test");
    const auto fill = [&](char* to, std::int64_t row, std::int64_t count) {
      before(row);
      std::memcpy(to, values.data() + row * row_bytes, static_cast<std::size_t>(count * row_bytes));
    };
    context_->uploader().copy(device.data(), rows, row_bytes, fill, context_->stream(), "a test");
    std::vector<char> found(values.size());
    EXPECT_EQ(cudaMemcpyAsync(found.data(), device.data(), found.size(), cudaMemcpyDeviceToHost, context_->stream()),
              cudaSuccess);
    context_->synchronize();
    return found;
  }

  std::unique_ptr<CudaContext> context_;
  std::unique_ptr<culogme::detail::DeviceScope> scope_;
};

TEST_F(CudaUpload, RowsOfAnySizeArrive) {
  constexpr std::int64_t slot = std::int64_t{2} << 20;
  int seed = 0;
  // One piece, pieces that do not fill their slot, more pieces than slots, rows larger than a slot, and small ones
  // again.
  for (const auto& [rows, row_bytes] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {1, 1}, {1000, 8}, {3, slot - 1}, {50, slot / 3}, {5, slot + 12345}, {40, slot}, {7, 24}}) {
    const std::vector<char> values = numbered(rows * row_bytes, ++seed);
    EXPECT_TRUE(there_and_back(values, row_bytes, [](std::int64_t) {}) == values) << rows << " x " << row_bytes;
  }
}

TEST_F(CudaUpload, AFailureOfOnePieceIsThrownAndTheNextRowsArrive) {
  constexpr std::int64_t rows = 40, row_bytes = std::int64_t{1} << 20;
  const std::vector<char> values = numbered(rows * row_bytes, 9);
  for (const std::int64_t bad : {0, 10, 38}) {
    const auto spoilt = [&](std::int64_t row) {
      if (row == bad) throw std::runtime_error("row " + std::to_string(row));
    };
    EXPECT_THROW(there_and_back(values, row_bytes, spoilt), std::runtime_error) << bad;
    EXPECT_TRUE(there_and_back(values, row_bytes, [](std::int64_t) {}) == values) << bad;
  }
}

TEST_F(CudaUpload, RowsThatDoNotFitChangeNothing) {
  const std::vector<char> values = numbered(1000 * 8, 3);
  EXPECT_TRUE(there_and_back(values, 8, [](std::int64_t) {}) == values);
  EXPECT_THROW(context_->uploader().reserve(4, std::int64_t{1} << 50, "a test"), culogme::OutOfMemory);
  EXPECT_TRUE(there_and_back(values, 8, [](std::int64_t) {}) == values);
}

TEST_F(CudaUpload, AForkedChildMayDropWhatUploaded) {
  const std::vector<char> values = numbered(std::int64_t{16} << 20, 4);
  EXPECT_TRUE(there_and_back(values, 1024, [](std::int64_t) {}) == values);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::alarm(20);  // it has none of the parent's threads to wait for
    scope_.reset();
    context_.reset();
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_TRUE(there_and_back(values, 1024, [](std::int64_t) {}) == values);
}

TEST(UploadWorkers, EveryWorkerRunsOnceARound) {
  culogme::detail::UploadWorkers workers;
  for (int round = 0; round < 200; ++round) {
    const int count = 1 + round % 5;
    std::vector<std::atomic<int>> runs(5);
    workers.run(count, [&](int worker) { ++runs[static_cast<std::size_t>(worker)]; });
    for (int worker = 0; worker < 5; ++worker)
      ASSERT_EQ(runs[static_cast<std::size_t>(worker)], worker < count ? 1 : 0) << round << ", " << worker;
  }
}

TEST(UploadWorkers, TheFirstExceptionIsThrownWhenAllHaveEnded) {
  culogme::detail::UploadWorkers workers;
  std::atomic<int> ended{0};
  const auto run = [&](int from) {
    ended = 0;
    try {
      workers.run(4, [&](int worker) {
        ++ended;
        if (worker >= from) throw std::runtime_error(std::to_string(worker));
      });
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string("none");
  };
  EXPECT_EQ(run(0), "0");
  EXPECT_EQ(ended, 4);
  EXPECT_EQ(run(2), "2");
  EXPECT_EQ(ended, 4);
  EXPECT_EQ(run(4), "none");
}

}  // namespace
