#include "cuda/upload.hpp"

#include <algorithm>
#include <atomic>

#include "cpu/parallel.hpp"
#include "cuda/check.hpp"
#include "cuda/device.hpp"

namespace culogme::detail {
namespace {

/// Bytes of a slot: enough for a copy to take longer than its launch, few enough for the first copy to start soon.
constexpr std::int64_t slot_bytes = std::int64_t{2} << 20;
/// More threads than these read and write no faster.
constexpr int most_threads = 8;
/// One that a thread fills and one that the device reads.
constexpr std::int64_t most_slots = 2 * most_threads;

/// Rows of a slot, and slots that so many rows need.
struct Pieces {
  Pieces(std::int64_t rows, std::int64_t row_bytes)
      : rows_of_each(std::clamp<std::int64_t>(slot_bytes / std::max<std::int64_t>(row_bytes, 1), 1, rows)),
        count((rows + rows_of_each - 1) / rows_of_each) {}

  std::int64_t rows_of_each, count;
};

}  // namespace

Uploader::Uploader(int device, int threads) : device_(device), threads_(std::min(threads, most_threads)) {}

Uploader::~Uploader() {
  if (in_forked_child()) workers_.abandon();
}

/// Slots are alike, so that any of them serves the next rows.
void Uploader::reserve(std::int64_t rows, std::int64_t row_bytes, const std::string& what) {
  if (rows == 0) return;
  const Pieces pieces(rows, row_bytes);
  bytes_ = std::max(bytes_, static_cast<std::size_t>(pieces.rows_of_each * row_bytes));
  while (slots_.size() < static_cast<std::size_t>(std::min(pieces.count, most_slots)))
    slots_.push_back(std::make_unique<Slot>());
  for (const std::unique_ptr<Slot>& slot : slots_) {
    if (slot->memory.bytes() >= bytes_) continue;
    PinnedBytes larger(bytes_, what + " on the way to the device");
    if (slot->used) slot->copied.wait();
    slot->memory = std::move(larger);
    slot->used = false;
  }
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
  workers_.run(workers, [&](int worker) {
    if (worker > 0) CULOGME_CHECK(cudaSetDevice(device_));
    for (std::int64_t piece; (piece = next.fetch_add(1)) < pieces.count;) work(piece);
  });
  next_ = static_cast<std::size_t>((first + pieces.count) % ring);
}

}  // namespace culogme::detail
