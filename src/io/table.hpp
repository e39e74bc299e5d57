#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "io/text_reader.hpp"

namespace culogme::detail {

/// Whether any cell of the column is a number.
bool is_number_column(const CsvFile& csv, std::size_t column);

/// The numbers of a column; NaN for empty cells and "nan", "n/a" and the like. Throws InvalidArgument naming line and
/// cell for other texts.
std::vector<double> number_column(const CsvFile& csv, std::size_t column);

/// Throws FileError for a row without a name and InvalidArgument for a name that is there twice.
void check_row_names(const CsvFile& csv, std::size_t column);

}  // namespace culogme::detail
