#include "cpu/check.hpp"

#include <algorithm>

#include "bad_value.hpp"
#include "cpu/first_bad.hpp"
#include "cpu/pack.hpp"
#include "cpu/parallel.hpp"
#include "cpu/tile.hpp"

namespace culogme::detail {
namespace {

constexpr std::int64_t checked_elements = std::int64_t{1} << 20;  // per piece of work

}  // namespace

void check_host_values(const MatrixView& features, const TargetView& targets, std::int64_t target_count,
                       std::int64_t first_row, int threads) {
  FirstBad<BadData> first;
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
