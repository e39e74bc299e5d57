#include "io/prefetch_reader.hpp"

#include <culogme/error.hpp>

#include "io/cancel.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

namespace culogme::detail {
namespace {

constexpr std::size_t buffers_ahead = 2;

}  // namespace

PrefetchReader::PrefetchReader(MatrixInfo info, std::unique_ptr<RowSource> source)
    : info_(std::move(info)),
      source_(std::move(source)),
      row_bytes_(static_cast<std::size_t>(info_.cols * scalar_bytes(info_.scalar))) {}

PrefetchReader::~PrefetchReader() { stop(); }

void PrefetchReader::start() {
  stop_ = false;
  error_ = nullptr;
  try {
    thread_ = std::thread([this] { fill_loop(); });
  } catch (const std::system_error& error) {
    throw OutOfMemory("cannot start the reader thread of " + info_.name + ": " + error.code().message());
  }
}

void PrefetchReader::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void PrefetchReader::fill_loop() {
  const StopScope scope(stop_);
  try {
    fill_buffers();
  } catch (const std::bad_alloc&) {
    const std::lock_guard<std::mutex> lock(mutex_);
    error_ = std::make_exception_ptr(OutOfMemory("no memory for a block of " + info_.name));
  } catch (...) {  // handed to the caller of next()
    const std::lock_guard<std::mutex> lock(mutex_);
    error_ = std::current_exception();
  }
  changed_.notify_all();
}

void PrefetchReader::fill_buffers() {
  for (std::int64_t filled = 0; filled < info_.rows;) {
    const std::int64_t block = block_rows_.load(std::memory_order_relaxed);
    const auto block_bytes = static_cast<std::size_t>(block) * row_bytes_;
    const auto blocks = static_cast<std::int64_t>(std::max<std::size_t>(1, info_.piece_bytes / block_bytes));
    const std::size_t ahead = block_bytes > info_.piece_bytes ? 1 : buffers_ahead;  // large blocks overlap well enough
    Buffer buffer;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || ready_.size() < ahead; });
      if (stop_) return;
      if (!free_.empty()) {
        buffer = std::move(free_.back());
        free_.pop_back();
      }
    }
    const std::int64_t left = info_.rows - filled;
    buffer.rows = blocks > left / block ? left : std::min(left, blocks * block);
    const std::size_t bytes = static_cast<std::size_t>(buffer.rows) * row_bytes_;
    if (buffer.memory.size() < bytes) {
      buffer.memory = AlignedBuffer();  // gives the old memory back first
      buffer.memory = AlignedBuffer(bytes);
    }
    source_->read_rows(buffer.memory.data(), buffer.rows);
    bytes_read_.store(static_cast<std::int64_t>(source_->taken()), std::memory_order_relaxed);
    filled += buffer.rows;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ready_.push_back(std::move(buffer));
    }
    changed_.notify_all();
  }
}

void PrefetchReader::take_buffer() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (current_.memory.size() > 0) free_.push_back(std::move(current_));
  current_ = Buffer();
  used_ = 0;
  changed_.wait(lock, [&] { return error_ != nullptr || !ready_.empty(); });
  if (ready_.empty()) std::rethrow_exception(error_);
  current_ = std::move(ready_.front());
  ready_.pop_front();
  lock.unlock();
  changed_.notify_all();
}

MatrixView PrefetchReader::view(const char* data, std::int64_t rows) const {
  return {data, rows, info_.cols, info_.cols, info_.scalar, Memory::host};
}

MatrixView PrefetchReader::next(std::int64_t max_rows) {
  if (max_rows < 1) throw InvalidArgument("max_rows is " + std::to_string(max_rows) + ", at least 1 was expected");
  const std::int64_t wanted = std::min(max_rows, info_.rows - given_);
  if (wanted == 0) return view(nullptr, 0);
  block_rows_.store(std::min(max_rows, info_.rows), std::memory_order_relaxed);
  if (!thread_.joinable()) start();
  if (current_.rows == used_) take_buffer();
  if (current_.rows - used_ >= wanted) {
    const char* data = current_.memory.data() + static_cast<std::size_t>(used_) * row_bytes_;
    used_ += wanted;
    given_ += wanted;
    return view(data, wanted);
  }
  const std::size_t bytes = static_cast<std::size_t>(wanted) * row_bytes_;
  if (staging_.size() < bytes) staging_ = AlignedBuffer(bytes);
  for (std::int64_t done = 0; done < wanted;) {
    if (current_.rows == used_) take_buffer();
    const std::int64_t step = std::min(wanted - done, current_.rows - used_);
    std::memcpy(staging_.data() + static_cast<std::size_t>(done) * row_bytes_,
                current_.memory.data() + static_cast<std::size_t>(used_) * row_bytes_,
                static_cast<std::size_t>(step) * row_bytes_);
    used_ += step;
    done += step;
  }
  given_ += wanted;
  return view(staging_.data(), wanted);
}

bool PrefetchReader::rewind() {
  stop();
  if (!source_->rewind()) return false;
  ready_.clear();
  current_ = Buffer();
  used_ = 0;
  given_ = 0;
  bytes_read_ = 0;
  return true;
}

std::string PrefetchReader::place(std::int64_t row) const {
  std::int64_t start = 0;
  if (info_.shards.size() > 1) {
    for (const Shard& shard : info_.shards) {
      if (row < start + shard.rows) return shard.name + ", row " + std::to_string(row - start);
      start += shard.rows;
    }
  }
  return "row " + std::to_string(row);
}

}  // namespace culogme::detail
