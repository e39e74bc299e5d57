#pragma once

#include <culogme/io.hpp>

#include "io/label_column.hpp"

namespace culogme::detail {

/// Makes class ids of a column: ignored labels become -1, classes are the distinct values in sorted order or the stated
/// ones. Fills ids, target_names, ignored, skipped_ids and notes of `labels`, whose name is set. Throws NumericalError
/// naming value and row.
void make_classes(const IntegerColumn& column, const LabelOptions& options, Labels& labels);
void make_classes(const TextColumn& column, const LabelOptions& options, Labels& labels);

/// The same of numbers, which must be whole ones. An ignored label may be any number, NaN too. Throws NumericalError
/// for other NaNs, infinities and fractions, naming value and row.
void make_classes(const std::vector<double>& values, const LabelOptions& options, Labels& labels);

/// "classes 1, 3-4 have no rows and are skipped" for sorted ids; empty when none is missing. `count` gets their number.
std::string missing_ids(const std::vector<std::uint64_t>& sorted, std::int64_t& count);

}  // namespace culogme::detail
