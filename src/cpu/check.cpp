#include "cpu/check.hpp"

#include <algorithm>
#include <mutex>

#include "bad_value.hpp"
#include "cpu/pack.hpp"
#include "cpu/parallel.hpp"
#include "cpu/tile.hpp"

namespace culogme::detail {
namespace {

/// The smallest of several workers' findings: what a reader from the top would meet first.
class FirstBad {
 public:
  void note(const BadData& bad) {
    const std::lock_guard lock(mutex_);
    if (!found_ || bad.row < bad_.row) bad_ = bad;
    found_ = true;
  }
  void raise() const {
    if (found_) throw bad_;
  }

 private:
  std::mutex mutex_;
  bool found_ = false;
  BadData bad_;
};

constexpr std::int64_t checked_elements = std::int64_t{1} << 20;  // per piece of work

}  // namespace

void check_host_values(const MatrixView& features, const TargetView& targets, std::int64_t target_count,
                       std::int64_t first_row, int threads) {
  FirstBad first;
  const std::int64_t grain = std::max<std::int64_t>(1, checked_elements / features.cols);
  if (features.memory == Memory::host)
    parallel_for(threads, features.rows, grain, [&](std::int64_t begin, std::int64_t end) {
      const BadValue bad = find_not_finite(features, begin, end - begin);
      if (bad.row >= 0)
        first.note({BadData::Kind::feature, first_row + bad.row, bad.column, bad.value, 0, 0, features.scalar});
    });
  first.raise();
  if (targets.labels == nullptr) {
    if (targets.responses->memory != Memory::host) return;
    for (std::int64_t row = 0; row < features.rows; ++row)
      for (std::int64_t k = 0; k < target_count; ++k)
        if (const double value = element(*targets.responses, row, k); is_bad_response(value, targets.binary))
          throw BadData{BadData::Kind::response, first_row + row, k, value, 0, target_count};
    return;
  }
  if (targets.labels->memory != Memory::host) return;
  for (std::int64_t row = 0; row < features.rows; ++row)
    if (const std::int64_t id = label_at(*targets.labels, row); id < 0 || id >= target_count)
      throw BadData{BadData::Kind::label, first_row + row, 0, 0, id, target_count};
}

}  // namespace culogme::detail
