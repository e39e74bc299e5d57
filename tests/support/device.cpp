#include "support/device.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

#include <cuda_runtime_api.h>

namespace support {
namespace {

void expect_success(cudaError_t status, const char* call) {
  if (status != cudaSuccess) throw std::runtime_error(std::string(call) + ": " + cudaGetErrorString(status));
}

template <class T>
DeviceBlock block_of(const Labels& labels) {
  const std::vector<T> values(labels.begin(), labels.end());
  return {values.data(), values.size() * sizeof(T)};
}

}  // namespace

DeviceBlock::DeviceBlock(const void* bytes, std::size_t count) {
  void* data = nullptr;
  expect_success(cudaMalloc(&data, std::max<std::size_t>(count, 1)), "cudaMalloc");
  data_ = static_cast<std::byte*>(data);
  cudaError_t status = cudaMemcpy(data_, bytes, count, cudaMemcpyHostToDevice);
  // A copy from pageable memory may still be on its way then, and an engine's stream does not wait for the default one.
  if (status == cudaSuccess) status = cudaDeviceSynchronize();
  if (status != cudaSuccess) cudaFree(data_);
  expect_success(status, "cudaMemcpy");
}

DeviceBlock::DeviceBlock(DeviceBlock&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}

DeviceBlock::~DeviceBlock() {
  if (data_ != nullptr) cudaFree(data_);
}

DeviceStored::DeviceStored(const Stored& stored) : block_(stored.bytes(), stored.byte_count()), whole_(stored.view()) {
  // The block starts at a multiple of 64, and so does the place that the elements are counted from on the host.
  whole_.data = block_.data() + stored.misalignment();
  whole_.memory = culogme::Memory::device;
}

culogme::MatrixView DeviceStored::view(std::int64_t first, std::int64_t count) const {
  culogme::MatrixView part = whole_;
  part.data =
      static_cast<const std::byte*>(whole_.data) + first * whole_.row_stride * culogme::scalar_bytes(whole_.scalar);
  part.rows = count;
  return part;
}

DeviceLabels::DeviceLabels(const Labels& labels, bool wide)
    : wide_(wide),
      size_(static_cast<std::int64_t>(labels.size())),
      block_(wide ? block_of<std::int64_t>(labels) : block_of<std::int32_t>(labels)) {}

culogme::LabelView DeviceLabels::view(std::int64_t first, std::int64_t count) const {
  return {block_.data() + first * (wide_ ? 8 : 4), count, wide_, culogme::Memory::device};
}

void CudaTest::SetUp() {
  for (const culogme::BackendInfo& info : culogme::backend_info()) {
    if (info.backend != culogme::Backend::cuda || info.available) continue;
    const char* const required = std::getenv("CULOGME_REQUIRE_BACKENDS");
    if (required != nullptr && std::string(required).find("cuda") != std::string::npos)
      FAIL() << "CULOGME_REQUIRE_BACKENDS asks for cuda: " << info.reason;
    GTEST_SKIP() << "NOT TESTED: " << info.reason;
  }
}

culogme::Engine CudaTest::cuda_engine(CUstream_st* stream, int device) {
  culogme::EngineOptions options;
  options.backend = culogme::Backend::cuda;
  options.stream = stream;
  options.device = device;
  return culogme::Engine(options);
}

}  // namespace support
