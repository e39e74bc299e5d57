#include "cpu/tile.hpp"

#include <algorithm>
#include <cmath>

#include "bad_value.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

/// Rows may be this many binary orders larger than the first ones before their tile gets an exponent of its own: the
/// squares of 8192 such rows still fit f32 with room to spare.
constexpr int headroom = 40;

/// Exponents stay where their scaling factors are numbers: of f32 for what f32 can hold, its subnormals included, of
/// f64 for the rest. Zeros have the smallest exponent, so that whatever comes later is larger.
std::int32_t exponent_of(double magnitude) {
  constexpr int smallest = -1000, smallest_f32 = -120, below_f32 = -200;
  if (!(magnitude > 0)) return smallest;
  const int exponent = std::clamp(std::ilogb(magnitude), smallest, -smallest);
  return exponent < smallest_f32 && exponent >= below_f32 ? smallest_f32 : exponent;
}

struct Spread {
  double mean = 0, deviation = 0, largest = 0;
};

/// Means and standard deviations of the columns of a row-major matrix, its values multiplied by factor[j].
std::vector<Spread> column_spreads(const std::vector<double>& values, std::int64_t rows, std::int64_t columns,
                                   const std::vector<double>& factor) {
  const std::size_t width = size_of(columns);
  // Column by column would miss the cache at every element; arrays of sums keep the loops along the rows.
  std::vector<double> mean(width, 0), largest(width, 0), square(width, 0);
  for (std::size_t i = 0; i < size_of(rows); ++i)
    for (std::size_t j = 0; j < width; ++j) {
      const double value = values[i * width + j] * factor[j], magnitude = std::fabs(value);
      mean[j] += value;
      largest[j] = magnitude > largest[j] ? magnitude : largest[j];
    }
  for (double& value : mean) value /= static_cast<double>(rows);
  for (std::size_t i = 0; i < size_of(rows); ++i)
    for (std::size_t j = 0; j < width; ++j) {
      const double difference = values[i * width + j] * factor[j] - mean[j];
      square[j] += difference * difference;
    }
  std::vector<Spread> spreads;
  for (std::size_t j = 0; j < width; ++j)
    spreads.push_back({mean[j], std::sqrt(square[j] / static_cast<double>(rows)), largest[j]});
  return spreads;
}

/// The mean on the coarse grid that choose_frame describes; the exact value of a constant column.
double rounded_pilot(const Spread& spread, double constant) {
  if (!(spread.deviation > std::ldexp(spread.largest, -40))) return constant;  // NaN too: it is found when it is packed
  const double grid = std::ldexp(1.0, std::ilogb(spread.deviation) - 4);
  return std::nearbyint(spread.mean / grid) * grid;
}

}  // namespace

Frame empty_frame(double largest) {
  Frame frame;
  frame.exponent = exponent_of(largest);
  return frame;
}

void add_pilots(Frame& frame, const std::vector<double>& head, std::int64_t rows, std::int64_t columns) {
  const std::vector<double> factor(size_of(columns), std::ldexp(1.0, -frame.exponent));
  const std::vector<Spread> spreads = column_spreads(head, rows, columns, factor);
  for (std::size_t j = 0; j < spreads.size(); ++j) {
    // Both precisions subtract the same f32 number, so that f32 and f64 sums differ by rounding alone.
    const float pilot = static_cast<float>(rounded_pilot(spreads[j], head[j] * factor[j]));
    frame.pilot_f32.push_back(pilot);
    frame.pilot.push_back(static_cast<double>(pilot));
  }
}

void add_target_frame(Frame& frame, Task task, const std::vector<double>& head, std::int64_t rows,
                      std::int64_t targets) {
  if (task == Task::classification) return;
  frame.target_exponent.assign(size_of(targets), 0);
  frame.target_pilot.assign(size_of(targets), 0);
  if (task == Task::multilabel) return;  // 0/1 columns are exact as they are
  std::vector<double> scale;
  for (std::size_t k = 0; k < size_of(targets); ++k) {
    double largest = 0;
    for (std::size_t i = 0; i < size_of(rows); ++i)
      largest = std::max(largest, std::fabs(head[i * size_of(targets) + k]));
    frame.target_exponent[k] = largest > 0 ? exponent_of(largest) : 0;
    scale.push_back(std::ldexp(1.0, -frame.target_exponent[k]));
  }
  const std::vector<Spread> spreads = column_spreads(head, rows, targets, scale);
  for (std::size_t k = 0; k < spreads.size(); ++k)
    frame.target_pilot[k] = rounded_pilot(spreads[k], head[k] * scale[k]);
}

Frame choose_frame(Task task, std::int64_t features, std::int64_t targets, const std::vector<double>& head,
                   const std::vector<double>& head_responses, std::int64_t rows) {
  double largest = 0;
  for (const double value : head) largest = std::max(largest, std::fabs(value));
  Frame frame = empty_frame(largest);
  add_pilots(frame, head, rows, features);
  add_target_frame(frame, task, head_responses, rows, targets);
  return frame;
}

template <class T>
void Tile<T>::clear(std::int64_t features, std::int64_t targets, Task task, const Frame& frame) {
  rows = 0;
  first_kept = 0;
  exponent = frame.exponent;
  short_digits = false;
  sum.assign(class_sums_apart(task, features, targets) ? 0 : size_of(features), 0);
  rounding.assign(narrow_rows(frame.products) ? size_of(features) : 0, 0);
  ids.clear();
  responses.clear();
  if (task == Task::classification) return;
  response_sum.assign(size_of(targets), 0);
  response_square.assign(size_of(targets), 0);
}

template <class T>
void Tile<T>::summarise(const Tile& other, std::int32_t new_exponent) {
  rows = other.rows;
  first_kept = 0;
  exponent = new_exponent;
  short_digits = other.short_digits;
  sum = other.sum;
  for (double& value : sum) value = std::ldexp(value, other.exponent - exponent);
  rounding = other.rounding;
  for (double& value : rounding) value = std::ldexp(value, 2 * (other.exponent - exponent));
  ids = other.ids;
  responses = other.responses;
  response_sum = other.response_sum;
  response_square = other.response_square;
}

std::int32_t raised_exponent(double largest, std::int32_t exponent) {
  const std::int32_t own = exponent_of(largest);
  return own > exponent + headroom ? own : exponent;
}

ScaledPilot scaled_pilot(const Frame& frame, std::int32_t exponent) {
  ScaledPilot scaled{exponent, frame.pilot, frame.pilot_f32};
  for (std::size_t j = 0; j < scaled.pilot.size(); ++j) {
    scaled.pilot[j] = std::ldexp(frame.pilot[j], frame.exponent - exponent);
    scaled.pilot_f32[j] = static_cast<float>(scaled.pilot[j]);
  }
  return scaled;
}

namespace {

/// Moves the rows that are already in the tile to a larger exponent. Exact but for underflow of what is then 2^-80 of
/// the largest product.
template <class T>
void raise_tile(Tile<T>& tile, std::int64_t features, std::int32_t exponent) {
  const int power = tile.exponent - exponent;
  for (std::int64_t i = 0; i < (tile.rows - tile.first_kept) * features; ++i)
    tile.data[size_of(i)] = std::ldexp(tile.data[size_of(i)], power);
  for (double& value : tile.sum) value = std::ldexp(value, power);
  for (double& value : tile.rounding) value = std::ldexp(value, 2 * power);
  tile.exponent = exponent;
}

template <class T>
Packed pack_into(Tile<T>& tile, const MatrixView& features, std::int64_t first, std::int64_t count,
                 const Frame& frame) {
  T* const out = tile.at(tile.rows, features.cols);
  double* const sum = tile.sum.empty() ? nullptr : tile.sum.data();
  double* const rounding = tile.rounding.empty() ? nullptr : tile.rounding.data();
  if (tile.exponent == frame.exponent)
    return pack_rows(features, first, count, {frame.exponent, frame.pilot.data(), frame.pilot_f32.data(), rounding},
                     out, sum);
  const ScaledPilot scaled = scaled_pilot(frame, tile.exponent);
  return pack_rows(features, first, count, {tile.exponent, scaled.pilot.data(), scaled.pilot_f32.data(), rounding}, out,
                   sum);
}

template <class T>
void fill_targets(Tile<T>& tile, const TargetView& targets, std::int64_t first, std::int64_t count,
                  std::int64_t first_row, std::int64_t target_count, const Frame& frame) {
  if (targets.labels != nullptr) {
    for (std::int64_t row = first; row < first + count; ++row) {
      const std::int64_t id = label_at(*targets.labels, row);
      if (id < 0 || id >= target_count) throw BadData{BadData::Kind::label, first_row + row, 0, 0, id, target_count};
      tile.ids.push_back(static_cast<std::int32_t>(id));
    }
    return;
  }
  for (std::int64_t row = first; row < first + count; ++row)
    for (std::int64_t k = 0; k < target_count; ++k) {
      const double value = element(*targets.responses, row, k);
      if (is_bad_response(value, targets.binary))
        throw BadData{BadData::Kind::response, first_row + row, k, value, 0, target_count};
      const std::size_t at = size_of(k);
      const double shifted = std::ldexp(value, -frame.target_exponent[at]) - frame.target_pilot[at];
      tile.responses.push_back(shifted);
      tile.response_sum[at] += shifted;
      tile.response_square[at] += shifted * shifted;
    }
}

}  // namespace

template <class T>
void fill_tile(Tile<T>& tile, const MatrixView& features, const TargetView& targets, std::int64_t first,
               std::int64_t count, std::int64_t first_row, std::int64_t target_count, const Frame& frame) {
  const std::vector<double> sum_before = tile.sum, rounding_before = tile.rounding;
  const Packed packed = pack_into(tile, features, first, count, frame);
  tile.short_digits = tile.short_digits || packed.short_digits;
  if (!std::isfinite(packed.largest)) {
    const BadValue bad = find_not_finite(features, first, count);
    throw BadData{BadData::Kind::feature, first_row + bad.row, bad.column, bad.value, 0, 0, features.scalar};
  }
  if (const std::int32_t raised = raised_exponent(packed.largest, tile.exponent); raised != tile.exponent) {
    tile.sum = sum_before;
    tile.rounding = rounding_before;
    raise_tile(tile, features.cols, raised);
    pack_into(tile, features, first, count, frame);
  }
  fill_targets(tile, targets, first, count, first_row, target_count, frame);
  tile.rows += count;
}

template struct Tile<float>;
template struct Tile<double>;
template void fill_tile(Tile<float>&, const MatrixView&, const TargetView&, std::int64_t, std::int64_t, std::int64_t,
                        std::int64_t, const Frame&);
template void fill_tile(Tile<double>&, const MatrixView&, const TargetView&, std::int64_t, std::int64_t, std::int64_t,
                        std::int64_t, const Frame&);

}  // namespace culogme::detail
