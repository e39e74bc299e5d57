#pragma once

#include <cstdint>
#include <vector>

#include "aligned.hpp"
#include "backend.hpp"
#include "cpu/pack.hpp"
#include "moments.hpp"

namespace culogme::detail {

/// Pilot and exponents of a feature matrix, chosen from its first rows and fixed from then on (docs/method.md).
struct Frame {
  Products products = Products::f64;  ///< whether rows are narrow
  std::int32_t exponent = 0;
  std::vector<double> pilot;                  ///< [D]
  std::vector<float> pilot_f32;               ///< [D] the same numbers
  std::vector<std::int32_t> target_exponent;  ///< [targets]; empty for classification
  std::vector<double> target_pilot;
};

/// Chooses the frame from `rows` rows of features and responses (row-major, fp64). The pilot is the mean, rounded to a
/// multiple of a power of two near a sixteenth of the column's standard deviation: as good a centre as the mean, and
/// the differences of values with few digits (halves, integers) stay exact.
Frame choose_frame(Task task, std::int64_t features, std::int64_t targets, const std::vector<double>& head,
                   const std::vector<double>& head_responses, std::int64_t rows);

/// The same in parts, for features that are not widened whole: a frame for rows whose largest magnitude is this, then
/// the pilots of one block of columns after the other, and the targets.
Frame empty_frame(double largest);
void add_pilots(Frame& frame, const std::vector<double>& head, std::int64_t rows, std::int64_t columns);
void add_target_frame(Frame& frame, Task task, const std::vector<double>& head, std::int64_t rows,
                      std::int64_t targets);

/// Whether the class sums of a tile are taken apart from the others and then added: where they fit the cache of a
/// worker beside its rows. The column sums are then the total of the class sums. Elsewhere class sums are taken when
/// rows are added (class_sums.hpp).
inline bool class_sums_apart(Task task, std::int64_t features, std::int64_t targets) {
  constexpr std::int64_t most_cached_sums = std::int64_t{1} << 18;
  return task == Task::classification && targets * features <= most_cached_sums;
}

/// Packed rows that are multiplied together.
template <class T>
struct Tile {
  AlignedVector<T> data;  ///< [capacity][D] rows [first_kept, rows)
  std::int64_t rows = 0;
  std::int64_t first_kept = 0;    ///< the rows before it were used and written over
  std::int32_t exponent = 0;      ///< the frame's, or larger if the rows are very much larger than the first ones
  bool short_digits = false;      ///< some of the rows have few significant bits (rounding.hpp)
  std::vector<double> rounding;   ///< [D] Moments::rounding of these rows; empty where rows are not narrow
  std::vector<double> sum;        ///< [D]; empty where class sums give it (class_sums_apart)
  std::vector<std::int32_t> ids;  ///< [rows]
  std::vector<double> responses;  ///< [rows][targets], scaled and shifted
  std::vector<double> response_sum, response_square;  ///< [targets]

  void clear(std::int64_t features, std::int64_t targets, Task task, const Frame& frame);

  /// Takes over everything but the values of the rows, scaled to `exponent`, which is not smaller.
  void summarise(const Tile& other, std::int32_t exponent);

  /// Room for `count` kept rows; fresh memory costs more than packing, so no more than is needed.
  void make_room(std::int64_t count, std::int64_t features) {
    const auto size = static_cast<std::size_t>(count * features);
    if (data.size() < size) data.resize(size);
  }

  /// Where row `row` lies, or would lie, in `data`.
  T* at(std::int64_t row, std::int64_t features) { return data.data() + (row - first_kept) * features; }
  const T* at(std::int64_t row, std::int64_t features) const { return data.data() + (row - first_kept) * features; }
};

/// Appends rows [first, first + count) of a block with their targets to a tile that has room for them. Rows very much
/// larger than those before raise the tile's exponent and rescale the kept rows. `first_row` is the number of the
/// block's row 0, for messages. Throws BadData for a value that is not finite or an id out of range.
template <class T>
void fill_tile(Tile<T>& tile, const MatrixView& features, const TargetView& targets, std::int64_t first,
               std::int64_t count, std::int64_t first_row, std::int64_t target_count, const Frame& frame);

/// The frame's pilot for a tile's exponent.
struct ScaledPilot {
  std::int32_t exponent = 0;
  std::vector<double> pilot;
  std::vector<float> pilot_f32;
};
ScaledPilot scaled_pilot(const Frame& frame, std::int32_t exponent);

/// The exponent of rows whose largest magnitude is `largest`: the frame's (or tile's) unless they are very much larger.
std::int32_t raised_exponent(double largest, std::int32_t exponent);

/// The id of a row.
inline std::int64_t label_at(const LabelView& labels, std::int64_t row) {
  return labels.wide ? static_cast<const std::int64_t*>(labels.data)[row]
                     : static_cast<const std::int32_t*>(labels.data)[row];
}

}  // namespace culogme::detail
