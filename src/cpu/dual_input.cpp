#include "cpu/dual_input.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "bad_value.hpp"
#include "cpu/pack.hpp"
#include "rounding.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr std::int64_t frame_rows = 1024;
constexpr std::int64_t head_elements = std::int64_t{1} << 20;  // that are widened at a time

}  // namespace

MatrixView columns_of(const MatrixView& view, std::int64_t begin, std::int64_t count) {
  MatrixView part = view;
  part.data = static_cast<const char*>(view.data) + begin * scalar_bytes(view.scalar);
  part.cols = count;
  return part;
}

Frame dual_frame(const MatrixView& features, const TargetView& targets, std::int64_t target_count, Task task) {
  const double largest = largest_magnitude(features, 0, features.rows);
  if (!std::isfinite(largest)) {
    const BadValue bad = find_not_finite(features, 0, features.rows);
    throw BadData{BadData::Kind::feature, bad.row, bad.column, bad.value, 0, 0, features.scalar};
  }
  const std::int64_t rows = std::min(features.rows, frame_rows);
  Frame frame = empty_frame(rows == features.rows ? largest : largest_magnitude(features, 0, rows));
  const std::int64_t width = std::clamp<std::int64_t>(head_elements / rows, 1, features.cols);
  std::vector<double> head, responses;
  for (std::int64_t begin = 0; begin < features.cols; begin += width) {
    const std::int64_t count = std::min(width, features.cols - begin);
    head.resize(size_of(rows * count));
    widen_rows(columns_of(features, begin, count), 0, rows, head.data());
    add_pilots(frame, head, rows, count);
  }
  if (targets.responses != nullptr)
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t k = 0; k < target_count; ++k) responses.push_back(element(*targets.responses, i, k));
  add_target_frame(frame, task, responses, rows, target_count);
  // Any later row may be larger; here all rows are at hand, so their largest magnitude is the exponent.
  if (!(largest > 0)) return frame;
  const int power = frame.exponent - std::ilogb(largest);
  if (power >= 0) return frame;
  frame.exponent -= power;
  for (std::size_t j = 0; j < frame.pilot.size(); ++j) {
    frame.pilot[j] = std::ldexp(frame.pilot[j], power);
    frame.pilot_f32[j] = static_cast<float>(frame.pilot[j]);
    frame.pilot[j] = static_cast<double>(frame.pilot_f32[j]);
  }
  return frame;
}

AlignedVector<double> dense_targets(const TargetView& targets, const Frame& frame, std::int64_t n,
                                    std::int64_t target_count, bool intercept, Spectrum& s) {
  AlignedVector<double> dense(size_of(target_count * n), 0);
  s.rows.assign(size_of(target_count), targets.labels != nullptr ? 0 : n);
  for (std::int64_t i = 0; i < n; ++i) {
    if (targets.labels != nullptr) {
      const std::int64_t id = label_at(*targets.labels, i);
      if (id < 0 || id >= target_count) throw BadData{BadData::Kind::label, i, 0, 0, id, target_count};
      dense[size_of(id * n + i)] = 1;
      ++s.rows[size_of(id)];
      continue;
    }
    for (std::int64_t k = 0; k < target_count; ++k) {
      const double value = element(*targets.responses, i, k);
      if (is_bad_response(value, targets.binary)) throw BadData{BadData::Kind::response, i, k, value, 0, target_count};
      // The pilot is taken off only where the mean goes too: without an intercept y itself is scored.
      dense[size_of(k * n + i)] =
          std::ldexp(value, -frame.target_exponent[size_of(k)]) - (intercept ? frame.target_pilot[size_of(k)] : 0);
    }
  }
  for (std::int64_t k = 0; k < target_count; ++k) {
    double* const y = dense.data() + k * n;
    const double before = std::inner_product(y, y + n, y, 0.0);
    if (intercept) {
      const double mean = std::accumulate(y, y + n, 0.0) / static_cast<double>(n);
      for (std::int64_t i = 0; i < n; ++i) y[i] -= mean;
    }
    const double square = std::inner_product(y, y + n, y, 0.0);
    const bool noise = intercept && square <= 8 * u64 * u64 * static_cast<double>(n) * before;
    const double spread = noise ? 0 : square;
    s.targets.push_back({spread, spread, 0, 0, false});
  }
  return dense;
}

}  // namespace culogme::detail
