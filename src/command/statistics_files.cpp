#include "statistics_files.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>

#include <nlohmann/json.hpp>

#include <culogme/version.hpp>

#include "io/text.hpp"
#include "output.hpp"
#include "statistics_state.hpp"

namespace culogme::command {
namespace {

constexpr std::string_view magic("CULOGME\0", 8);
constexpr std::string_view source_magic("CULOSRC\0", 8);
constexpr std::size_t shown_targets = 20;

bool starts_with(const std::string& path, std::string_view bytes) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  std::ifstream stream(path, std::ios::binary);
  std::string start(bytes.size(), ' ');
  stream.read(start.data(), static_cast<std::streamsize>(start.size()));
  return stream && start == bytes;
}

std::string statistics_table(const std::string& path, const Statistics& statistics) {
  TextTable table({Align::left, Align::left});
  table.add({"file", path});
  table.add({"rows", std::to_string(statistics.rows())});
  table.add({"features", std::to_string(statistics.features())});
  const bool classes = statistics.task() == Task::classification;
  table.add({"task", std::string(task_name(statistics.task())) + ", " +
                         counted(statistics.targets(), classes ? "class" : "target")});
  table.add({"precision", precision_name(statistics.state().precision)});
  std::string text = table.text();
  const std::vector<std::string>& names = statistics.target_names();
  const std::vector<std::int64_t> rows = statistics.class_rows();
  TextTable targets({Align::left, Align::right});
  targets.add({classes ? "class" : "target", classes ? "rows" : ""});
  const std::size_t shown = std::min(shown_targets, names.size());
  for (std::size_t i = 0; i < shown; ++i) targets.add({names[i], i < rows.size() ? std::to_string(rows[i]) : ""});
  text += "\n" + targets.text();
  if (shown < names.size()) {
    text += "... and " + std::to_string(names.size() - shown) + " more (all of them with --format json)\n";
  }
  return text;
}

nlohmann::ordered_json statistics_json(const std::string& command, const std::string& path,
                                       const Statistics& statistics) {
  nlohmann::ordered_json object = {{"command", command},
                                   {"version", version()},
                                   {"file", path},
                                   {"task", task_name(statistics.task())},
                                   {"rows", statistics.rows()},
                                   {"features", statistics.features()},
                                   {"precision", precision_name(statistics.state().precision)}};
  object["targets"] = nlohmann::ordered_json::array();
  const std::vector<std::int64_t> rows = statistics.class_rows();
  for (std::size_t i = 0; i < statistics.target_names().size(); ++i) {
    nlohmann::ordered_json target = {{"name", statistics.target_names()[i]}};
    if (i < rows.size()) target["rows"] = rows[i];
    object["targets"].push_back(std::move(target));
  }
  return object;
}

std::string statistics_csv(const Statistics& statistics) {
  const std::vector<std::int64_t> rows = statistics.class_rows();
  std::string text = "name,rows\n";
  for (std::size_t i = 0; i < statistics.target_names().size(); ++i) {
    text += csv_field(statistics.target_names()[i]) + "," +
            std::to_string(i < rows.size() ? rows[i] : statistics.rows()) + "\n";
  }
  return text;
}

}  // namespace

bool is_statistics_file(const std::string& path) { return starts_with(path, magic); }
bool is_source_file(const std::string& path) { return starts_with(path, source_magic); }

std::string source_statistics_text(const std::string& path, const SourceStatistics& statistics, Format format) {
  const std::vector<std::int64_t> rows = statistics.class_rows();
  if (format == Format::csv) {
    std::string text = "name,rows\n";
    for (std::size_t y = 0; y < rows.size(); ++y) text += std::to_string(y) + "," + std::to_string(rows[y]) + "\n";
    return text;
  }
  if (format == Format::json) {
    nlohmann::ordered_json object = {{"command", "stats show"},
                                     {"version", version()},
                                     {"file", path},
                                     {"input", source_input_name(statistics.input())},
                                     {"arg_max", statistics.arg_max()},
                                     {"rows", statistics.rows()},
                                     {"source_classes", statistics.source_classes()}};
    object["targets"] = nlohmann::ordered_json::array();
    for (std::size_t y = 0; y < rows.size(); ++y)
      object["targets"].push_back({{"name", std::to_string(y)}, {"rows", rows[y]}});
    return json_text(object);
  }
  TextTable table({Align::left, Align::left});
  table.add({"file", path});
  table.add({"rows", std::to_string(statistics.rows())});
  table.add({"source", std::string(source_input_name(statistics.input())) + " of " +
                           std::to_string(statistics.source_classes()) + " source classes"});
  table.add({"classes", std::to_string(statistics.classes())});
  return table.text();
}

FileIdentity file_identity(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

std::string naming_note(const std::string& added_file, const std::vector<std::string>& added,
                        const std::string& held_file, const std::vector<std::string>& held) {
  const auto number = [](const std::string& name) {
    const std::optional<double> value = detail::parse_number(name);
    return value.has_value() && std::isfinite(*value);
  };
  const auto numbers = [&](const std::vector<std::string>& names) {
    return std::all_of(names.begin(), names.end(), number);
  };
  const auto words = [&](const std::vector<std::string>& names) {
    return std::none_of(names.begin(), names.end(), number);
  };
  if (added.empty() || held.empty()) return {};
  const bool words_to_numbers = words(added) && numbers(held);
  if (!words_to_numbers && !(numbers(added) && words(held))) return {};
  return added_file + " names its classes in " + (words_to_numbers ? "words (" : "numbers (") + added.front() +
         ", ...), but " + held_file + " has " + (words_to_numbers ? "numbers (" : "words (") + held.front() +
         ", ...): they become further classes";
}

std::string statistics_text(const std::string& command, const std::string& path, const Statistics& statistics,
                            Format format) {
  switch (format) {
    case Format::json:
      return json_text(statistics_json(command, path, statistics));
    case Format::csv:
      return statistics_csv(statistics);
    case Format::table:
      break;
  }
  return statistics_table(path, statistics);
}

}  // namespace culogme::command
