#include "io/cancel.hpp"

namespace culogme::detail {
namespace {

thread_local const std::atomic<bool>* thread_stop = nullptr;

}  // namespace

std::atomic<bool>& cancel_requested() noexcept {
  static std::atomic<bool> requested{false};
  return requested;
}

StopScope::StopScope(const std::atomic<bool>& stop) noexcept { thread_stop = &stop; }
StopScope::~StopScope() { thread_stop = nullptr; }

void throw_if_cancelled() {
  if (cancel_requested().load(std::memory_order_relaxed)) throw Cancelled();
  if (thread_stop != nullptr && thread_stop->load(std::memory_order_relaxed)) throw Cancelled();
}

}  // namespace culogme::detail
