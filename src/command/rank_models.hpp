#pragma once

#include <optional>
#include <string>
#include <vector>

#include <culogme/io.hpp>

namespace culogme::command {

/// What `rank` was asked to rank.
struct Candidates {
  std::vector<ModelFiles> models;
  std::string labels;               ///< of the folder; empty where there are none
  std::optional<Table> accuracies;  ///< of the folder or the manifest
};

/// Understands NAME=FEATURES pairs (FILE alone is called by its stem), one folder of models, or one manifest .csv.
/// Throws UsageError (nothing given, a name twice, a folder among pairs), FileError.
Candidates find_candidates(const std::vector<std::string>& arguments);

}  // namespace culogme::command
