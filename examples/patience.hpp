#pragma once

#include <cstdint>
#include <limits>

namespace examples {

/// Tells when a score that should rise has not done so for `patience` epochs. A rise within the error bound is none.
class Patience {
 public:
  explicit Patience(std::int64_t patience) : patience_(patience) {}

  /// True where this epoch is the best so far.
  bool add(std::int64_t epoch, double score, double error_bound) {
    last_ = epoch;
    if (!(score > best_score_ + error_bound)) return false;
    best_ = epoch;
    best_score_ = score;
    return true;
  }
  bool stops() const { return last_ - best_ >= patience_; }
  std::int64_t best() const { return best_; }

 private:
  std::int64_t patience_, last_ = 0, best_ = 0;
  double best_score_ = -std::numeric_limits<double>::infinity();
};

}  // namespace examples
