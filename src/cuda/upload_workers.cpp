#include "cuda/upload_workers.hpp"

#include <algorithm>
#include <new>
#include <system_error>
#include <utility>

namespace culogme::detail {

UploadWorkers::~UploadWorkers() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void UploadWorkers::make(int workers) {
  try {
    while (static_cast<int>(threads_.size()) + 1 < workers) {
      const int worker = static_cast<int>(threads_.size()) + 1;
      threads_.emplace_back([this, worker] { loop(worker); });
    }
  } catch (const std::system_error&) {
    // The others do all of the work.
  } catch (const std::bad_alloc&) {
  }
}

void UploadWorkers::run(int workers, const std::function<void(int)>& work) {
  make(workers);
  {
    const std::lock_guard lock(mutex_);
    const int used = std::min(workers, static_cast<int>(threads_.size()) + 1);
    failures_.assign(static_cast<std::size_t>(std::max(used, 1)), nullptr);
    workers_ = used;
    running_ = workers_ - 1;
    work_ = &work;
    ++round_;
  }
  wake_.notify_all();
  std::exception_ptr own;
  try {
    work(0);
  } catch (...) {
    own = std::current_exception();
  }
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return running_ == 0; });
  work_ = nullptr;
  const std::vector<std::exception_ptr> failures = std::exchange(failures_, {});
  lock.unlock();
  if (own) std::rethrow_exception(own);
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

void UploadWorkers::loop(int worker) {
  std::uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stop_ || (round_ != seen && worker < workers_); });
    if (stop_) return;
    seen = round_;
    const std::function<void(int)>& work = *work_;
    lock.unlock();
    std::exception_ptr failure;
    try {
      work(worker);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    failures_[static_cast<std::size_t>(worker)] = failure;
    if (--running_ == 0) ended_.notify_one();
  }
}

}  // namespace culogme::detail
