#pragma once

#include <string>
#include <vector>

namespace culogme::command {

/// Names that --measure accepts in this version, the default first.
const std::vector<std::string>& available_measures();

/// The measures of a comma-separated list, each once, in the order given.
/// Throws UsageError for a name that is not available, naming those that are.
std::vector<std::string> parse_measures(const std::string& list);

}  // namespace culogme::command
