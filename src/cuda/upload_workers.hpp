#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace culogme::detail {

/// Threads that stay: tiles follow each other every millisecond, and making eight threads takes half of one. A forked
/// child must never destroy it.
class UploadWorkers {
 public:
  UploadWorkers() = default;
  ~UploadWorkers();
  UploadWorkers(const UploadWorkers&) = delete;
  UploadWorkers& operator=(const UploadWorkers&) = delete;

  /// Runs work(worker) for worker 0 ... workers-1 at once, worker 0 in the calling thread, and waits. Where the system
  /// has no more threads to give there are fewer. The first exception by number is thrown when all have ended.
  void run(int workers, const std::function<void(int)>& work);

 private:
  void make(int workers);
  void loop(int worker);

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable wake_, ended_;
  const std::function<void(int)>* work_ = nullptr;
  std::vector<std::exception_ptr> failures_;
  std::uint64_t round_ = 0;  ///< of work; a thread that has seen it has begun
  int workers_ = 0;          ///< that this round has
  int running_ = 0;
  bool stop_ = false;
};

}  // namespace culogme::detail
