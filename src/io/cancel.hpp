#pragma once

#include <atomic>
#include <exception>

namespace culogme::detail {

/// Set by the command's signal handling (a store is safe inside a handler): readers that wait or read end with
/// Cancelled.
std::atomic<bool>& cancel_requested() noexcept;

/// The user asked to stop. No Error: nothing is wrong with the data.
struct Cancelled : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};

/// Lets the owner of a reader thread end that thread's waits; the flag must outlive the scope. One scope per thread.
class StopScope {
 public:
  explicit StopScope(const std::atomic<bool>& stop) noexcept;
  ~StopScope();
  StopScope(const StopScope&) = delete;
  StopScope& operator=(const StopScope&) = delete;
};

/// Throws Cancelled when the user asked to stop or the thread's StopScope is set.
void throw_if_cancelled();

}  // namespace culogme::detail
