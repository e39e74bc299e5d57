#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <cuda_runtime_api.h>

namespace culogme::detail {

class CudaContext;

/// Raw bytes in the device's memory, allocated and freed in the order of the context's stream: a buffer may be dropped
/// while work that uses it is still submitted. Uninitialised; move-only. Keeps nothing alive: the context outlives it.
class DeviceBytes {
 public:
  DeviceBytes() = default;
  /// Throws OutOfMemory that says `what` asked for how much and how much is free.
  DeviceBytes(CudaContext& context, double bytes, const std::string& what);
  DeviceBytes(DeviceBytes&& other) noexcept
      : context_(other.context_), data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  DeviceBytes& operator=(DeviceBytes&& other) noexcept {
    if (this != &other) {
      release();
      context_ = other.context_;
      data_ = std::exchange(other.data_, nullptr);
      bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
  }
  DeviceBytes(const DeviceBytes&) = delete;
  DeviceBytes& operator=(const DeviceBytes&) = delete;
  ~DeviceBytes() { release(); }

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void release() noexcept;

  CudaContext* context_ = nullptr;
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// The same, typed.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  Buffer(CudaContext& context, std::int64_t count, const std::string& what)
      : bytes_(context, static_cast<double>(count) * static_cast<double>(sizeof(T)), what), count_(count) {}
  Buffer(Buffer&& other) noexcept : bytes_(std::move(other.bytes_)), count_(std::exchange(other.count_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    count_ = std::exchange(other.count_, 0);
    return *this;
  }

  T* data() const { return static_cast<T*>(bytes_.data()); }
  std::int64_t count() const { return count_; }
  bool empty() const { return count_ == 0; }

 private:
  DeviceBytes bytes_;
  std::int64_t count_ = 0;
};

/// Page-locked host memory, that the device copies from and to without the host waiting.
class PinnedBytes {
 public:
  PinnedBytes() = default;
  /// Throws OutOfMemory.
  PinnedBytes(std::size_t bytes, const std::string& what);
  PinnedBytes(PinnedBytes&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  PinnedBytes& operator=(PinnedBytes&& other) noexcept;
  PinnedBytes(const PinnedBytes&) = delete;
  PinnedBytes& operator=(const PinnedBytes&) = delete;
  ~PinnedBytes();

  char* data() const { return static_cast<char*>(data_); }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// A point in a stream's work.
class Event {
 public:
  /// `timed` events may be asked for the time between them.
  explicit Event(bool timed = false);
  Event(Event&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  Event& operator=(Event&& other) noexcept;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event();

  void record(cudaStream_t stream);
  /// Makes later work of `stream` wait for this point; nothing if it was never recorded.
  void hold(cudaStream_t stream) const;
  /// Makes the host wait.
  void wait() const;
  /// Seconds from `start` to this point; both have been reached.
  double seconds_since(const Event& start) const;

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace culogme::detail
