#pragma once

#ifdef CULOGME_HAS_CUDA

#include <cstddef>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/engine.hpp>
#include <culogme/matrix.hpp>

#include "support/storage.hpp"

namespace support {

/// Bytes in device memory (cudaMalloc on the thread's current device), a copy of bytes on the host. Move-only.
class DeviceBlock {
 public:
  /// Waits for the copy. Throws std::runtime_error with CUDA's words.
  DeviceBlock(const void* bytes, std::size_t count);
  DeviceBlock(DeviceBlock&& other) noexcept;
  DeviceBlock& operator=(DeviceBlock&&) = delete;
  ~DeviceBlock();

  std::byte* data() const { return data_; }

 private:
  std::byte* data_ = nullptr;
};

/// Stored, with everything around the elements, in device memory: the same misalignment to 64 bytes, the same padding.
class DeviceStored {
 public:
  explicit DeviceStored(const Stored& stored);
  DeviceStored(const Data& data, culogme::Scalar scalar, const Layout& layout = {})
      : DeviceStored(Stored(data, scalar, layout)) {}

  culogme::MatrixView view() const { return whole_; }
  /// Rows [first, first + count).
  culogme::MatrixView view(std::int64_t first, std::int64_t count) const;

 private:
  DeviceBlock block_;
  culogme::MatrixView whole_;
};

/// Class ids in device memory, of 32 or (`wide`) 64 bits.
class DeviceLabels {
 public:
  explicit DeviceLabels(const Labels& labels, bool wide = false);

  culogme::LabelView view() const { return view(0, size_); }
  culogme::LabelView view(std::int64_t first, std::int64_t count) const;

 private:
  bool wide_;
  std::int64_t size_;
  DeviceBlock block_;
};

/// Suites of tests that need a device are named Cuda... and derive from this: skipped without one, failed where
/// CULOGME_REQUIRE_BACKENDS asks for it.
class CudaTest : public testing::Test {
 protected:
  void SetUp() override;

  /// An engine on the device.
  static culogme::Engine cuda_engine(CUstream_st* stream = nullptr, int device = 0);
};

}  // namespace support

#endif
