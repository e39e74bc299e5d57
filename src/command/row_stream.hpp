#pragma once

#include <cstdint>
#include <functional>

#include <culogme/io.hpp>
#include <culogme/score.hpp>
#include <culogme/statistics.hpp>

namespace culogme::command {

/// Adds all rows of `features` to `statistics`, a block at a time. Targets of `labels` are matched by name; new classes
/// are added. Row `first_row` of `labels` belongs to row 0 of the features. `progress` is called between blocks and may
/// throw. Throws as FeatureReader and Statistics::add, with the file's name and row in the message; the statistics then
/// hold a part of the rows.
void add_rows(Statistics& statistics, FeatureReader& features, const Labels& labels, std::int64_t first_row,
              const std::function<void(const Progress&)>& progress);

}  // namespace culogme::command
