#pragma once

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace culogme::detail {

/// Processors that this process may run on.
inline int usable_threads() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

/// Runs work(worker) for worker 0 ... workers-1 at once, worker 0 in the calling thread, and waits. Threads are made
/// and joined here, so nothing outlives a call or breaks after a fork; a stage lasts milliseconds, a thread
/// microseconds. The first exception by worker number is thrown when all have ended; with work that does not throw,
/// whatever is thrown was thrown before anything was done.
template <class Work>
void run_workers(int workers, const Work& work) {
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(std::max(workers, 1)));
  const auto guarded = [&](int worker) {
    try {
      work(worker);
    } catch (...) {
      failures[static_cast<std::size_t>(worker)] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    threads.reserve(failures.size());
    try {
      for (int worker = 1; worker < workers; ++worker) threads.emplace_back(guarded, worker);
    } catch (const std::system_error&) {
      // The system has no more threads to give: work is claimed piece by piece, so those that run do all of it.
    } catch (const std::bad_alloc&) {
      // The same. What was begun must not look as if it had not.
    }
    guarded(0);
  }
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

/// As many of `workers` as `elements` numbers to read or write are worth: a thread takes as long to start as 2^16 of
/// them.
inline int worthwhile(int workers, std::int64_t elements) {
  return static_cast<int>(std::clamp<std::int64_t>(elements >> 16, 1, std::max(workers, 1)));
}

/// Cuts [0, count) into pieces of `grain` and runs work(begin, end) over them on up to `workers` threads.
template <class Work>
void parallel_for(int workers, std::int64_t count, std::int64_t grain, const Work& work) {
  const std::int64_t pieces = (count + grain - 1) / grain;
  std::atomic<std::int64_t> next{0};
  run_workers(static_cast<int>(std::min<std::int64_t>(workers, pieces)), [&](int) {
    for (std::int64_t piece; (piece = next.fetch_add(1)) < pieces;)
      work(piece * grain, std::min(count, (piece + 1) * grain));
  });
}

/// Lets the stripes of a shared array be updated by many workers, each stripe strictly in the order of the tiles: sums
/// keep their order, and with it their bits, whatever the number of workers.
class Tickets {
 public:
  explicit Tickets(int stripes) : next_(static_cast<std::size_t>(stripes)) {}

  void wait(int stripe, std::int64_t tile) {
    std::atomic<std::int64_t>& next = next_[static_cast<std::size_t>(stripe)];
    for (std::int64_t seen = next.load(std::memory_order_acquire); seen != tile;
         seen = next.load(std::memory_order_acquire))
      next.wait(seen, std::memory_order_acquire);
  }

  void pass(int stripe, std::int64_t tile) {
    std::atomic<std::int64_t>& next = next_[static_cast<std::size_t>(stripe)];
    next.store(tile + 1, std::memory_order_release);
    next.notify_all();
  }

 private:
  std::vector<std::atomic<std::int64_t>> next_;
};

}  // namespace culogme::detail
