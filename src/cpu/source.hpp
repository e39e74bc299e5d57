#pragma once

#include <cstdint>
#include <memory>

#include "source_sums.hpp"

namespace culogme::detail {

/// Joint sums in host memory. Every sum runs in the order of the rows, whatever the blocks and threads.
std::unique_ptr<SourceSums> make_cpu_source_sums(const SourceShape& shape, int threads);

/// Throws BadSource for the first value, row sum or label of a block that cannot be used, in the order of the rows;
/// what lies in device memory is not looked at. `labels` come after the values of their row.
void check_host_source(const SourceShape& shape, const MatrixView& source, const LabelView& labels,
                       std::int64_t first_row, int threads);
void check_host_source(const SourceShape& shape, const LabelView& source_labels, const LabelView& labels,
                       std::int64_t first_row);

/// What one row of values says.
struct SourceRow {
  double sum = 0;        ///< of the values, or of exp(value - largest) for logits
  double largest = 0;    ///< set for logits and where asked for
  double smallest = 0;   ///< not set for logits
  std::int64_t top = 0;  ///< first place of the largest value, where asked for
};

/// Sums run in 32 interleaved lanes that are added pairwise in the end, as a warp of the device does.
SourceRow scan_probabilities(const double* row, std::int64_t count, bool arg_max);
/// Turns logits into their softmax. A row that is not finite gives NaN as the sum and stays as it is.
SourceRow softmax_row(double* row, std::int64_t count, bool arg_max);
/// sum_z a_z b_z in the same order.
double dot_row(const double* a, const double* b, std::int64_t count);

}  // namespace culogme::detail
