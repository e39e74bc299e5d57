#pragma once

#include <cstdint>
#include <mutex>

namespace culogme::detail {

/// The smallest of several workers' findings by row (BadData or BadSource): what a reader from the top would meet
/// first.
template <class Bad>
class FirstBad {
 public:
  void note(const Bad& bad) {
    const std::lock_guard lock(mutex_);
    if (!found_ || bad.row < bad_.row) bad_ = bad;
    found_ = true;
  }
  /// Something was found before row `row`, which then need not be looked at.
  bool before(std::int64_t row) const {
    const std::lock_guard lock(mutex_);
    return found_ && bad_.row < row;
  }
  void raise() const {
    if (found_) throw bad_;
  }

 private:
  mutable std::mutex mutex_;
  bool found_ = false;
  Bad bad_;
};

}  // namespace culogme::detail
