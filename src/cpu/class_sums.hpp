#pragma once

#include <cstdint>
#include <vector>

#include "aligned.hpp"
#include "cpu/tile.hpp"

namespace culogme::detail {

/// Rows of a block by class: those of classes[i] are rows[begin[i]] to rows[begin[i + 1] - 1], as they come.
struct RowsByClass {
  std::vector<std::int32_t> classes;  ///< present ones, increasing
  std::vector<std::int64_t> begin;    ///< one more than classes
  std::vector<std::int64_t> rows;
};

/// Sorts rows [first, first + count) by label. Every label must be in [0, class_count).
RowsByClass sort_by_class(const LabelView& labels, std::int64_t first, std::int64_t count, std::int64_t class_count);

/// Sums of one class: [D] before, in units of another exponent maybe, and [D] after.
struct ClassSum {
  const double* before;
  double* after;
};

/// Adds the rows of each class, as tiles of T pack them, to what was there, in fp64 and as they come:
/// after = 2^power before + rows, in units of the frame. Each class, or some columns of a large one, is one worker's,
/// so the sums are the same bits for any number of threads. Reads the features once. Returns false if a value is not
/// finite; `after` is of no use then.
///   features   host, any element type          sums   one for each of rows.classes
template <class T>
bool add_class_sums(const MatrixView& features, const RowsByClass& rows, const Frame& frame, int threads, int power,
                    const std::vector<ClassSum>& sums);

}  // namespace culogme::detail
