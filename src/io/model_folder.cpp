#include <culogme/error.hpp>
#include <culogme/io.hpp>

#include "io/shard_folder.hpp"
#include "io/table.hpp"
#include "io/text.hpp"
#include "io/text_reader.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>

namespace culogme {
namespace {

constexpr std::string_view probabilities_suffix = ".probabilities";
constexpr std::string_view source_labels_suffix = ".source_labels";

struct NaturalLess {
  bool operator()(const std::string& a, const std::string& b) const { return detail::natural_less(a, b); }
};
using Models = std::map<std::string, ModelFiles, NaturalLess>;

std::string existing(const std::filesystem::path& path) {
  std::error_code ignored;  // what cannot be looked at is not there
  return std::filesystem::is_regular_file(path, ignored) ? path.string() : std::string();
}

void set_once(std::string& place, const std::string& path) {
  if (!place.empty()) {
    throw FileError("two files stand for the same: " + detail::shown(place) + " and " + detail::shown(path));
  }
  place = path;
}

void add_file(Models& models, const detail::ArrayFile& file) {
  std::string stem = file.stem;
  const auto strip = [&](std::string_view suffix) {
    if (!stem.ends_with(suffix) || stem.size() == suffix.size()) return false;
    stem.resize(stem.size() - suffix.size());
    return true;
  };
  if (strip(probabilities_suffix)) {
    set_once(models[stem].probabilities, file.path);
  } else if (strip(source_labels_suffix)) {
    set_once(models[stem].source_labels, file.path);
  } else {
    std::string features = models[stem].features.empty() ? "" : models[stem].features.front();
    set_once(features, file.path);
    models[stem].features = {features};
  }
}

std::string beside(const std::string& manifest, const std::string& path) {
  if (path.empty()) return path;
  return (std::filesystem::path(manifest).parent_path() / path).string();  // an absolute path stays as it is
}

std::optional<std::size_t> optional_column(const std::vector<std::string>& header, const std::string& name) {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) return std::nullopt;
  return static_cast<std::size_t>(found - header.begin());
}

}  // namespace

ModelFolder read_model_folder(const std::string& path) {
  ModelFolder folder;
  Models models;
  const std::filesystem::path base(path);
  for (const detail::ArrayFile& file : detail::list_array_files(path)) {
    if (file.stem != "labels") add_file(models, file);
  }
  for (const char* extension : {".npy", ".npz", ".safetensors", ".txt", ".csv"}) {
    if (folder.labels.empty()) folder.labels = existing(base / (std::string("labels") + extension));
  }
  folder.accuracies = existing(base / "accuracies.csv");
  for (auto& [name, files] : models) {
    if (files.features.empty()) {
      const std::string& other = files.probabilities.empty() ? files.source_labels : files.probabilities;
      throw FileError(detail::shown(other) + " belongs to no model: there are no features " + detail::shown(name) +
                      ".npy, .npz or .safetensors beside it");
    }
    files.name = name;
    folder.models.push_back(files);
  }
  if (folder.models.empty()) {
    throw FileError("the folder " + detail::shown(path) + " holds no models (NAME.npy, NAME.npz or NAME.safetensors)");
  }
  return folder;
}

Manifest read_manifest(const std::string& path) {
  const detail::CsvFile csv = detail::read_csv(path);
  const std::size_t name = detail::find_column(csv.name, csv.header, "name");
  const std::size_t features = detail::find_column(csv.name, csv.header, "features");
  const std::optional<std::size_t> probabilities = optional_column(csv.header, "probabilities");
  const std::optional<std::size_t> source_labels = optional_column(csv.header, "source_labels");
  const std::optional<std::size_t> accuracy = optional_column(csv.header, "accuracy");
  detail::check_row_names(csv, name);
  if (csv.records.empty()) throw FileError(csv.name + " names no models");
  Manifest manifest;
  for (std::size_t i = 0; i < csv.records.size(); ++i) {
    const std::vector<std::string>& record = csv.records[i];
    ModelFiles files;
    files.name = record[name];
    if (!record[features].empty()) files.features = {beside(path, record[features])};
    if (probabilities.has_value()) files.probabilities = beside(path, record[*probabilities]);
    if (source_labels.has_value()) files.source_labels = beside(path, record[*source_labels]);
    if (files.features.empty() && files.probabilities.empty() && files.source_labels.empty()) {
      throw FileError(csv.name + ": line " + std::to_string(csv.lines[i]) + " names no features for " +
                      detail::in_quotes(files.name));
    }
    manifest.models.push_back(std::move(files));
  }
  const auto is_given = [&](const std::vector<std::string>& record) { return !record[*accuracy].empty(); };
  if (accuracy.has_value() && std::any_of(csv.records.begin(), csv.records.end(), is_given)) {
    manifest.accuracies.name = csv.name;
    manifest.accuracies.columns = {"accuracy"};
    manifest.accuracies.values = {detail::number_column(csv, *accuracy)};
    for (const ModelFiles& files : manifest.models) manifest.accuracies.rows.push_back(files.name);
  }
  return manifest;
}

}  // namespace culogme
