#include "rank_models.hpp"

#include <filesystem>
#include <unordered_set>

#include "errors.hpp"

namespace culogme::command {
namespace {

bool is_folder(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

bool is_manifest(const std::string& path) { return path.ends_with(".csv") || path.ends_with(".CSV"); }

bool exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

/// "NAME=FEATURES"; the name ends at the first '=' unless the whole argument is the name of a file.
ModelFiles parse_model(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  ModelFiles model;
  if (equals == std::string::npos || exists(argument)) {
    if (is_folder(argument)) {
      throw UsageError(argument + " is a folder among several models: write NAME=" + argument +
                       " if it holds the shards of one model");
    }
    model.name = std::filesystem::path(argument).stem().string();
    model.features = {argument};
    return model;
  }
  model.name = argument.substr(0, equals);
  model.features = {argument.substr(equals + 1)};
  if (model.name.empty() || model.features.front().empty()) {
    throw UsageError("\"" + argument + "\" is no NAME=FEATURES pair");
  }
  return model;
}

Candidates from_folder(const std::string& path) {
  ModelFolder folder = read_model_folder(path);
  Candidates candidates{std::move(folder.models), std::move(folder.labels), std::nullopt};
  if (!folder.accuracies.empty()) candidates.accuracies = read_table(folder.accuracies);
  return candidates;
}

Candidates from_manifest(const std::string& path) {
  Manifest manifest = read_manifest(path);
  Candidates candidates{std::move(manifest.models), "", std::nullopt};
  if (!manifest.accuracies.columns.empty()) candidates.accuracies = std::move(manifest.accuracies);
  return candidates;
}

}  // namespace

Candidates find_candidates(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    throw UsageError("no models are given, expected NAME=FEATURES pairs, a folder, or a manifest .csv");
  }
  if (arguments.size() == 1 && is_folder(arguments.front())) return from_folder(arguments.front());
  if (arguments.size() == 1 && is_manifest(arguments.front()) &&
      (arguments.front().find('=') == std::string::npos || exists(arguments.front()))) {
    return from_manifest(arguments.front());
  }
  Candidates candidates;
  std::unordered_set<std::string> names;
  for (const std::string& argument : arguments) {
    candidates.models.push_back(parse_model(argument));
    if (!names.insert(candidates.models.back().name).second) {
      throw UsageError("the model name " + candidates.models.back().name + " is given twice");
    }
  }
  return candidates;
}

}  // namespace culogme::command
