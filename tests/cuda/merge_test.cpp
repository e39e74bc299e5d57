// Statistics that are merged where they lie: in the memory of one device, of engines beside each other, of two devices.

#include <cuda_runtime_api.h>

#include <cmath>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
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
using culogme::Task;
using support::Data;
using support::Stored;

std::string bytes_of(const Statistics& statistics) {
  std::ostringstream stream;
  statistics.save(stream);
  return stream.str();
}

/// Takes all the device's memory that is free, down to the last mebibyte.
class MemoryTaken {
 public:
  MemoryTaken() {
    std::size_t free = 0, total = 0;
    EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
    for (std::size_t bytes = free; bytes >= std::size_t{1} << 20U;) {
      void* block = nullptr;
      if (cudaMalloc(&block, bytes) == cudaSuccess) {
        blocks_.push_back(block);
      } else {
        cudaGetLastError();
        bytes /= 2;
      }
    }
  }
  MemoryTaken(const MemoryTaken&) = delete;
  MemoryTaken& operator=(const MemoryTaken&) = delete;
  ~MemoryTaken() {
    for (void* const block : blocks_) cudaFree(block);
  }

 private:
  std::vector<void*> blocks_;
};

class CudaMerge : public support::CudaTest {
 protected:
  static constexpr std::int64_t cols = 6;

  /// Rows of one part: mean and size of their own, so that pilots and exponents differ from part to part.
  struct Part {
    std::int64_t rows;
    double mean, size;
    std::uint64_t seed;
  };

  static Statistics summed(culogme::Engine& engine, const Part& part, Task task, Precision precision,
                           const std::vector<std::string>& names = {"ant", "bee", "cat"}) {
    Data features = support::normal(part.rows, cols, part.seed), responses(part.rows, 3);
    const support::Labels labels = support::balanced_labels(part.rows, 3, part.seed + 1);
    for (std::int64_t i = 0; i < part.rows; ++i) {
      for (std::int64_t j = 0; j < cols; ++j) features(i, j) = part.size * (features(i, j) + part.mean);
      for (std::int64_t k = 0; k < 3; ++k)
        responses(i, k) = part.size * (features(i, k) + 2 * part.mean + static_cast<double>(i % 7));
    }
    const Stored x(features, Scalar::f32), y(responses, Scalar::f64);
    Statistics statistics(engine, cols, 3, {task, precision, names});
    if (task == Task::classification)
      statistics.add(x.view(), support::view(labels));
    else
      statistics.add(x.view(), y.view());
    return statistics;
  }

  /// `into`, with the other ones merged and taken out again, as it is by way of the host: those are on the CPU then.
  static void expect_bits_of_the_host(Statistics& into, const Statistics& other, culogme::Engine& engine) {
    culogme::Engine cpu = support::make_engine(culogme::Backend::cpu);
    Statistics by_host = into.clone(engine);
    const Statistics far = other.clone(cpu);
    into.merge(other);
    by_host.merge(far);
    EXPECT_EQ(into.rows(), by_host.rows());
    EXPECT_EQ(bytes_of(into), bytes_of(by_host));
    into.merge(into);
    by_host.merge(Statistics(by_host.clone(cpu)));
    EXPECT_EQ(bytes_of(into), bytes_of(by_host)) << "with itself";
    into.subtract(other);
    by_host.subtract(far);
    EXPECT_EQ(bytes_of(into), bytes_of(by_host)) << "taken out";
  }
};

TEST_F(CudaMerge, GivesTheBitsOfAMergeOnTheHost) {
  culogme::Engine engine = cuda_engine();
  const Part base{90, 0, 1, 1};
  for (const Task task : {Task::classification, Task::regression})
    for (const Precision precision : {Precision::f64, Precision::f32, Precision::tf32, Precision::half})
      for (const Part& part : {Part{70, 0.3, 1, 2}, Part{50, 3, 1e6, 3}, Part{50, -2, 1e-6, 4}})
        for (const bool waiting : {true, false}) {
          SCOPED_TRACE(std::string(task_name(task)) + ", precision " + std::to_string(static_cast<int>(precision)) +
                       ", size " + std::to_string(part.size) + ", waiting " + std::to_string(waiting));
          Statistics into = summed(engine, base, task, precision);
          const Statistics other = summed(engine, part, task, precision);
          if (waiting) {
            expect_bits_of_the_host(into, other, engine);
          } else {
            Statistics folded = into.clone(engine);
            expect_bits_of_the_host(folded, other.clone(engine), engine);
          }
        }
}

TEST_F(CudaMerge, NewClassesGetTheBitsOfAMergeOnTheHost) {
  culogme::Engine engine = cuda_engine();
  for (const bool waiting : {true, false}) {
    Statistics into = summed(engine, {90, 0, 1, 1}, Task::classification, Precision::f64);
    if (!waiting) into = into.clone(engine);
    const Statistics other =
        summed(engine, {70, 2, 1e3, 2}, Task::classification, Precision::f32, {"dog", "cat", "emu"});
    expect_bits_of_the_host(into, other, engine);
    EXPECT_EQ(into.target_names(), (std::vector<std::string>{"ant", "bee", "cat", "dog", "emu"}));
    EXPECT_NO_THROW(culogme::score(into));
  }
}

// The others are changed and gone as soon as the call returns: in a stream of their own.
TEST_F(CudaMerge, OfTwoEnginesOnOneDevice) {
  culogme::Engine engine = cuda_engine();
  const Part first{90, 0, 1, 1}, second{70, 2, 4, 2};
  Statistics expected = summed(engine, first, Task::classification, Precision::f64);
  expected.merge(summed(engine, second, Task::classification, Precision::f64));
  for (const bool waiting : {true, false}) {
    auto beside = std::make_unique<culogme::Engine>(cuda_engine());
    Statistics into = summed(engine, first, Task::classification, Precision::f64);
    {
      Statistics other = summed(*beside, second, Task::classification, Precision::f64);
      if (!waiting) other = other.clone(*beside);
      beside.reset();
      into.merge(other);
      other.subtract(other);
    }
    EXPECT_EQ(bytes_of(into), bytes_of(expected));
  }
}

TEST_F(CudaMerge, OfTwoDevices) {
  int devices = 0;
  ASSERT_EQ(cudaGetDeviceCount(&devices), cudaSuccess);
  if (devices < 2) GTEST_SKIP() << "NOT TESTED: there is one device";
  culogme::Engine engine = cuda_engine(), other = cuda_engine(nullptr, 1);
  const Part first{90, 0, 1, 1}, second{70, 2, 4, 2};
  Statistics expected = summed(engine, first, Task::regression, Precision::f64);
  expected.merge(summed(engine, second, Task::regression, Precision::f64));
  Statistics into = summed(engine, first, Task::regression, Precision::f64);
  into.merge(summed(other, second, Task::regression, Precision::f64));
  EXPECT_EQ(bytes_of(into), bytes_of(expected));
}

TEST_F(CudaMerge, BadValuesOfTheOthersAreTold) {
  culogme::Engine engine = cuda_engine();
  Statistics into = summed(engine, {90, 0, 1, 1}, Task::classification, Precision::f32), fresh(engine, cols, 3);
  const std::string before = bytes_of(into);
  Data features = support::normal(50, cols, 2);
  features(17, 4) = std::nan("");
  const support::DeviceStored bad(features, Scalar::f32);
  const support::DeviceLabels labels(support::balanced_labels(50, 3, 3));
  for (Statistics* const whole : {&into, &fresh}) {
    Statistics other(engine, cols, 3);
    other.add(bad.view(), labels.view());
    CULOGME_EXPECT_HOLDS(support::message_of<culogme::NumericalError>([&] { whole->merge(other); }), "row 17");
    EXPECT_THROW(whole->merge(other), culogme::InvalidArgument) << "they are of no use any more";
  }
  EXPECT_EQ(bytes_of(into), before);
  EXPECT_EQ(fresh.rows(), 0);
}

// Rows that wait in the destination are multiplied in a copy of its sums, for which there must be room.
TEST_F(CudaMerge, WithoutRoomNothingIsChanged) {
  constexpr std::int64_t many = 3000;  // 72 MB
  const Stored x(support::normal(3, many, 1), Scalar::f64);
  const support::Labels labels = {0, 1, 2};
  const auto sum = [&](culogme::Engine& engine) {
    Statistics statistics(engine, many, 3, {Task::classification, Precision::f64, {}});
    statistics.add(x.view(), support::view(labels));
    return statistics;
  };
  culogme::Engine first = cuda_engine(), engine = cuda_engine();  // the pool of the second one keeps nothing
  const Statistics other = sum(first).clone(first);
  Statistics into = sum(engine);
  engine.synchronize();
  {
    const MemoryTaken taken;
    CULOGME_EXPECT_HOLDS(support::message_of<culogme::OutOfMemory>([&] { into.merge(other); }),
                         "a copy of the sums of 3000 columns and 3 targets");
  }
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_EQ(bytes_of(into), bytes_of(other));
}

}  // namespace
