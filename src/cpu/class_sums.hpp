#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cpu/tile.hpp"
#include "moments.hpp"

namespace culogme::detail {

/// Rows of a block by class: those of classes[i] are rows[begin[i]] to rows[begin[i + 1] - 1], as they come.
struct RowsByClass {
  std::vector<std::int32_t> classes;  ///< present ones, increasing
  std::vector<std::int64_t> begin;    ///< one more than classes
  std::vector<std::int64_t> rows;
};

/// Sorts rows [first, first + count) by label. Every label must be in [0, class_count).
RowsByClass sort_by_class(const LabelView& labels, std::int64_t first, std::int64_t count, std::int64_t class_count);

/// Adds rows [first, ...) of a block, as tiles of T pack them, to the class sums of the moments, in fp64 and as they
/// come: the same bits for any batches and any number of threads. Each class, or some columns of a large one, is one
/// worker's. Values are checked on the way, so the features are read once, but for rows very much larger than the first
/// ones (tile.hpp), which may raise the exponent of the moments.
/// Sums are taken beside the old ones, or, where that would take more than `workspace` bytes, in their place after a
/// check; `in_place` is then set before anything changes. Otherwise nothing has changed after a throw but that
/// exponent. Throws BadData as check_host_values.
template <class T>
void add_class_sums(Moments& moments, const Frame& frame, const MatrixView& features, const TargetView& targets,
                    std::int64_t first, std::int64_t first_row, int threads, std::size_t workspace, bool& in_place);

}  // namespace culogme::detail
