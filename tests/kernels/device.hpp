#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

/// What tests of single kernels need of the device.
namespace device {

inline void expect_success(cudaError_t status, const char* call) {
  ASSERT_EQ(status, cudaSuccess) << call << ": " << cudaGetErrorString(status);
}

/// A stream that is not the default one. Without a device the test is skipped, or fails where CULOGME_REQUIRE_BACKENDS
/// asks for one.
class KernelTest : public testing::Test {
 protected:
  void SetUp() override {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status != cudaSuccess || count == 0) {
      const char* const required = std::getenv("CULOGME_REQUIRE_BACKENDS");
      const bool fail = required != nullptr && std::string(required).find("cuda") != std::string::npos;
      if (fail)
        FAIL() << "CULOGME_REQUIRE_BACKENDS asks for cuda, but there is no device: " << cudaGetErrorString(status);
      GTEST_SKIP() << "NOT TESTED: no CUDA device (" << cudaGetErrorString(status) << ")";
    }
    expect_success(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  }
  void TearDown() override {
    if (stream_ != nullptr) expect_success(cudaStreamDestroy(stream_), "cudaStreamDestroy");
  }
  void synchronize() { expect_success(cudaStreamSynchronize(stream_), "cudaStreamSynchronize"); }

  cudaStream_t stream_ = nullptr;
};

/// Values in device memory between two pads of bytes that make any type a NaN or nonsense: what is read beyond the
/// values shows in the results.
template <class T>
class Array {
 public:
  explicit Array(const std::vector<T>& values) : Array(values.size()) {
    expect_success(cudaMemcpy(data(), values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy");
    // A copy from pageable memory may still be on its way then, and the test's stream does not wait for the default
    // one.
    expect_success(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  }
  /// Uninitialised.
  explicit Array(std::size_t count) : count_(count) {
    expect_success(cudaMalloc(&memory_, count * sizeof(T) + 2 * pad), "cudaMalloc");
    expect_success(cudaMemset(memory_, 0xff, pad), "cudaMemset");
    expect_success(cudaMemset(static_cast<char*>(memory_) + pad + count * sizeof(T), 0xff, pad), "cudaMemset");
  }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  ~Array() { cudaFree(memory_); }

  T* data() const { return reinterpret_cast<T*>(static_cast<char*>(memory_) + pad); }

  std::vector<T> host() const {
    std::vector<T> values(count_);
    expect_success(cudaMemcpy(values.data(), data(), count_ * sizeof(T), cudaMemcpyDeviceToHost), "cudaMemcpy");
    return values;
  }
  /// Reads the pads alone: scratch between them may be unwritten.
  bool pads_are_whole() const {
    std::vector<unsigned char> bytes(2 * pad);
    const auto* const end = static_cast<const char*>(memory_) + pad + count_ * sizeof(T);
    expect_success(cudaMemcpy(bytes.data(), memory_, pad, cudaMemcpyDeviceToHost), "cudaMemcpy");
    expect_success(cudaMemcpy(bytes.data() + pad, end, pad, cudaMemcpyDeviceToHost), "cudaMemcpy");
    for (const unsigned char byte : bytes)
      if (byte != 0xff) return false;
    return true;
  }

 private:
  static constexpr std::size_t pad = 1024;
  void* memory_ = nullptr;
  std::size_t count_;
};

}  // namespace device
