#pragma once

#include <cstdint>

#include "backend.hpp"
#include "cpu/tile.hpp"

namespace culogme::detail {

/// Columns [begin, begin + count) of a view.
MatrixView columns_of(const MatrixView& view, std::int64_t begin, std::int64_t count);

/// The frame of features that are all at hand: its exponent is that of their largest magnitude. Throws BadData.
Frame dual_frame(const MatrixView& features, const TargetView& targets, std::int64_t target_count, Task task);

/// Targets as dense columns [targets][N], centred with an intercept, and their squares and rows. Throws BadData.
AlignedVector<double> dense_targets(const TargetView& targets, const Frame& frame, std::int64_t n,
                                    std::int64_t target_count, bool intercept, Spectrum& s);

}  // namespace culogme::detail
