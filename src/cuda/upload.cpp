#include "cuda/upload.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <iterator>
#include <utility>

#include "cpu/parallel.hpp"
#include "cuda/check.hpp"
#include "cuda/device.hpp"

namespace culogme::detail {
namespace {

/// Bytes of a slot: enough for a copy to take longer than its launch, few enough for the first copy to start soon.
constexpr std::size_t slot_bytes = std::size_t{2} << 20;
/// More threads than these read and write no faster.
constexpr int most_threads = 8;
/// For each thread one that it fills and one that the device reads; fewer where a row is larger than a slot.
constexpr std::size_t most_slots = 2 * most_threads;

std::size_t slots_of(std::size_t bytes) {
  return std::clamp<std::size_t>(most_slots * slot_bytes / bytes, 2, most_slots);
}

/// Rows of a slot, and slots that so many rows need.
struct Pieces {
  Pieces(std::int64_t rows, std::int64_t row_bytes)
      : rows_of_each(std::clamp<std::int64_t>(static_cast<std::int64_t>(slot_bytes) / row_bytes, 1, rows)),
        count((rows + rows_of_each - 1) / rows_of_each) {}

  std::int64_t rows_of_each, count;
};

}  // namespace

Uploader::Uploader(int device, int threads)
    : device_(device), threads_(std::min(threads, most_threads)), workers_(std::make_unique<UploadWorkers>()) {}

Uploader::~Uploader() {
  // A forked child has none of the threads: their end, and even that of what they wait for, would never come.
  if (in_forked_child()) static_cast<void>(workers_.release());
}

Uploader::Fill Uploader::rows_of(const void* from, std::int64_t stride_bytes, std::int64_t row_bytes) {
  return [=](char* to, std::int64_t row, std::int64_t count) {
    const char* const begin = static_cast<const char*>(from) + row * stride_bytes;
    const auto bytes = static_cast<std::size_t>(row_bytes);
    if (stride_bytes == row_bytes)
      std::memcpy(to, begin, static_cast<std::size_t>(count) * bytes);
    else
      for (std::int64_t i = 0; i < count; ++i) std::memcpy(to + i * row_bytes, begin + i * stride_bytes, bytes);
  };
}

void Uploader::reserve(std::int64_t rows, std::int64_t row_bytes, const std::string& what) {
  if (rows == 0) return;
  const Pieces pieces(rows, row_bytes);
  const auto needed = static_cast<std::size_t>(pieces.rows_of_each * row_bytes);
  const std::size_t before = slots_.empty() ? 0 : slots_.front()->memory.bytes();
  // Powers of two up to the size of a slot, so that blocks that grow do not lock pages anew each time.
  const std::size_t bytes = std::max(before, needed <= slot_bytes ? std::bit_ceil(needed) : needed);
  const std::size_t wanted = std::min(static_cast<std::size_t>(pieces.count), slots_of(bytes));
  if (bytes == before && slots_.size() >= wanted) return;
  const std::string text = what + " on the way to the device";
  std::vector<std::unique_ptr<Slot>> fresh;
  const std::size_t kept = bytes == before ? slots_.size() : 0;
  while (kept + fresh.size() < std::max(wanted, std::min(slots_.size(), slots_of(bytes)))) {
    fresh.push_back(std::make_unique<Slot>());
    fresh.back()->memory = PinnedBytes(bytes, text);
  }
  if (kept == 0) {
    for (const std::unique_ptr<Slot>& slot : slots_)
      if (slot->used) slot->copied.wait();
    slots_ = std::move(fresh);
    next_ = 0;
    return;
  }
  slots_.insert(slots_.end(), std::make_move_iterator(fresh.begin()), std::make_move_iterator(fresh.end()));
}

void Uploader::copy(char* device, std::int64_t rows, std::int64_t row_bytes, const Fill& fill, cudaStream_t stream,
                    const std::string& what) {
  if (rows == 0) return;
  reserve(rows, row_bytes, what);
  const Pieces pieces(rows, row_bytes);
  const auto ring = static_cast<std::int64_t>(slots_.size());
  const std::int64_t first = static_cast<std::int64_t>(next_);
  // Pieces that meet in a slot take it in the order of their numbers.
  Tickets turns(static_cast<int>(ring));
  std::atomic<std::int64_t> next{0};
  std::atomic<bool> failed{false};
  const auto work = [&](std::int64_t piece) {
    const int place = static_cast<int>((first + piece) % ring);
    Slot& slot = *slots_[static_cast<std::size_t>(place)];
    turns.wait(place, piece / ring);
    try {
      if (!failed) {
        const std::int64_t row = piece * pieces.rows_of_each, count = std::min(pieces.rows_of_each, rows - row);
        if (slot.used) slot.copied.wait();
        fill(slot.memory.data(), row, count);
        CULOGME_CHECK(cudaMemcpyAsync(device + row * row_bytes, slot.memory.data(),
                                      static_cast<std::size_t>(count * row_bytes), cudaMemcpyHostToDevice, stream));
        slot.copied.record(stream);
        slot.used = true;
      }
    } catch (...) {
      failed = true;  // the pieces behind it must not wait for ever
      turns.pass(place, piece / ring);
      throw;
    }
    turns.pass(place, piece / ring);
  };
  const int workers =
      static_cast<int>(std::min<std::int64_t>(worthwhile(threads_, rows * row_bytes / 8), pieces.count));
  workers_->run(workers, [&](int worker) {
    if (worker > 0) CULOGME_CHECK(cudaSetDevice(device_));
    for (std::int64_t piece; (piece = next.fetch_add(1)) < pieces.count;) work(piece);
  });
  next_ = static_cast<std::size_t>((first + pieces.count) % ring);
}

}  // namespace culogme::detail
