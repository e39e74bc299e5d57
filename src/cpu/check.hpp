#pragma once

#include <cstdint>

#include "backend.hpp"

namespace culogme::detail {

/// Throws BadData for the first value of a block in host memory that is not finite, else for the first response or
/// label that cannot be one. Features are looked at by `threads` threads.
void check_host_values(const MatrixView& features, const TargetView& targets, std::int64_t target_count,
                       std::int64_t first_row, int threads);

}  // namespace culogme::detail
