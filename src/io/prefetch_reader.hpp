#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <culogme/io.hpp>

#include "io/row_source.hpp"

namespace culogme::detail {

/// What the headers told about a matrix.
struct MatrixInfo {
  std::string name;
  std::vector<Shard> shards;  ///< one entry per file
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  Scalar scalar = Scalar::f32;
  std::size_t piece_bytes = 0;  ///< bytes that the reader thread takes in one go, at least
};

/// Gives blocks of a RowSource that a thread fills ahead: at most two buffers besides the one in the caller's hands. A
/// buffer holds a whole number of blocks, so that none is copied as long as the block size stays the same.
class PrefetchReader final : public FeatureReader {
 public:
  PrefetchReader(MatrixInfo info, std::unique_ptr<RowSource> source);
  ~PrefetchReader() override;

  const std::string& name() const override { return info_.name; }
  std::int64_t rows() const override { return info_.rows; }
  std::int64_t cols() const override { return info_.cols; }
  Scalar scalar() const override { return info_.scalar; }
  MatrixView next(std::int64_t max_rows) override;
  bool rewind() override;
  std::int64_t bytes_read() const override { return bytes_read_.load(std::memory_order_relaxed); }
  std::string place(std::int64_t row) const override;

 private:
  struct Buffer {
    AlignedBuffer memory;
    std::int64_t rows = 0;
  };

  void start();
  void stop();
  void fill_loop();
  void fill_buffers();
  void take_buffer();
  MatrixView view(const char* data, std::int64_t rows) const;

  MatrixInfo info_;
  std::unique_ptr<RowSource> source_;
  std::size_t row_bytes_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  std::atomic<std::int64_t> bytes_read_{0};
  std::atomic<std::int64_t> block_rows_{1};

  std::mutex mutex_;  // guards ready_, free_ and error_
  std::condition_variable changed_;
  std::deque<Buffer> ready_;
  std::vector<Buffer> free_;
  std::exception_ptr error_;

  Buffer current_;          // the caller's
  std::int64_t used_ = 0;   // rows of it already given
  std::int64_t given_ = 0;  // rows given in all
  AlignedBuffer staging_;   // for a block that spans buffers
};

}  // namespace culogme::detail
