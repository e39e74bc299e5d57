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

/// What happens to class sums that a bad value stops half-way.
enum class Undo : std::uint8_t {
  by_copy,    ///< they are put back, from copies, or where those would pass the workspace limit all is checked first
  by_caller,  ///< the caller throws them away
};

/// Adds rows [first, ...) of a block, as tiles of T pack them, to the class sums of the moments, in fp64 and as they
/// come: the same bits for any batches and any number of threads. Each class, or some columns of a large one, is one
/// worker's. Values are checked on the way, so the features are read once, but for rows very much larger than the first
/// ones (tile.hpp), which may raise the exponent of the moments.
/// By copy, nothing has changed after a throw but that exponent; `spoilt` is set where that cannot be kept, before
/// anything changes. By caller, such large rows end it with false. Throws BadData as check_host_values.
template <class T>
bool add_class_sums(Moments& moments, const Frame& frame, const MatrixView& features, const TargetView& targets,
                    std::int64_t first, std::int64_t first_row, int threads, std::size_t workspace, Undo undo,
                    bool& spoilt);

}  // namespace culogme::detail
