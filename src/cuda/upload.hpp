#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <cuda_runtime_api.h>

#include "cuda/buffer.hpp"
#include "cuda/upload_workers.hpp"

namespace culogme::detail {

/// The way of host memory to a device: page-locked slots that the host's threads fill while the device reads others.
/// They stay for the next rows, since locking pages takes longer than a copy through them: 32 MB, or two rows where
/// these are larger.
class Uploader {
 public:
  Uploader(int device, int threads);
  /// The streams that copied have been waited for.
  ~Uploader();
  Uploader(const Uploader&) = delete;
  Uploader& operator=(const Uploader&) = delete;

  /// Writes rows [row, row + count) to `to` as the device gets them, row after row; may be called by several threads at
  /// once.
  using Fill = std::function<void(char* to, std::int64_t row, std::int64_t count)>;

  /// Rows that go as they are, `stride_bytes` apart in host memory.
  static Fill rows_of(const void* from, std::int64_t stride_bytes, std::int64_t row_bytes);

  /// Copies `rows` rows of `row_bytes` to `device` in the order of `stream`. Whatever `fill` reads is free on return;
  /// waits for slots, never for the last copies. `what` is what messages call them. Throws OutOfMemory, CudaError: then
  /// some rows may have been copied.
  void copy(char* device, std::int64_t rows, std::int64_t row_bytes, const Fill& fill, cudaStream_t stream,
            const std::string& what);

  /// Allocates what copy() of such rows will use. Throws OutOfMemory; then the slots are as they were.
  void reserve(std::int64_t rows, std::int64_t row_bytes, const std::string& what);

 private:
  struct Slot {
    PinnedBytes memory;
    Event copied;
    bool used = false;  ///< the event was recorded
  };

  int device_, threads_;
  std::unique_ptr<UploadWorkers> workers_;
  std::vector<std::unique_ptr<Slot>> slots_;  ///< all of one size
  std::size_t next_ = 0;                      ///< slot of the next piece
};

}  // namespace culogme::detail
