#pragma once

#include <culogme/score.hpp>

#include "row_coordinates.hpp"
#include "row_sample.hpp"

namespace culogme::detail {

/// Sets the standard errors of a score and its targets, and the evidence of the sampled rows, from what the same
/// spectrum says of the rows (docs/numerics.md). Leaves them unknown where the score is infinite or has one row.
/// O(S targets rank) on `threads` threads.
void set_standard_errors(Score& score, const RowCoordinates& coordinates, const SampledRows& sample, int threads);

}  // namespace culogme::detail
