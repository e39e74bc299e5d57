#include "io/shard_folder.hpp"

#include <culogme/error.hpp>

#include "io/text.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>

namespace culogme::detail {
namespace {

std::string_view without_number(std::string_view stem) {
  const std::size_t last = stem.find_last_not_of("0123456789");
  return last == std::string_view::npos ? std::string_view() : stem.substr(0, last + 1);
}

std::string number_of(std::string_view stem) {
  const std::string_view digits = stem.substr(without_number(stem).size());
  const std::size_t first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? (digits.empty() ? "" : "0") : std::string(digits.substr(first));
}

std::string file_name(const std::string& path) { return std::filesystem::path(path).filename().string(); }

}  // namespace

std::vector<ArrayFile> list_array_files(const std::string& folder) {
  std::vector<ArrayFile> files;
  try {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::filesystem::path& path = entry.path();
      const std::string extension = lower(path.extension().string());
      const bool array = extension == ".npy" || extension == ".npz" || extension == ".safetensors";
      if (!array || path.filename().string().front() == '.' || entry.is_directory()) continue;
      files.push_back({path.string(), path.stem().string()});
    }
  } catch (const std::filesystem::filesystem_error& error) {
    throw FileError("cannot read the folder " + shown(folder) + ": " + error.code().message());
  }
  std::sort(files.begin(), files.end(), [](const ArrayFile& a, const ArrayFile& b) {
    return a.stem != b.stem ? natural_less(a.stem, b.stem) : natural_less(a.path, b.path);
  });
  return files;
}

std::vector<std::string> list_shard_folder(const std::string& folder) {
  const std::vector<ArrayFile> files = list_array_files(folder);
  const std::string name = shown(folder);
  if (files.empty()) {
    throw FileError("the folder " + name + " holds no shards (NAME_0.npy, NAME_1.npy, ...; .npz and .safetensors too)");
  }
  std::set<std::string> bases;
  std::map<std::string, std::string> numbers;
  std::vector<std::string> paths;
  for (const ArrayFile& file : files) {
    bases.insert(std::string(without_number(file.stem)));
    paths.push_back(file.path);
  }
  if (bases.size() > 1) {
    std::vector<std::string> names;
    names.reserve(bases.size());
    for (const std::string& base : bases) names.push_back(base.ends_with('_') ? base.substr(0, base.size() - 1) : base);
    throw FileError("the folder " + name + " holds arrays of different names (" + listed(names) +
                    "), which are no shards of one matrix; name the files to read");
  }
  for (const ArrayFile& file : files) {
    const auto [place, is_new] = numbers.emplace(number_of(file.stem), file.path);
    if (!is_new) {
      throw FileError("the folder " + name + " holds a shard twice: " + shown(file_name(place->second)) + " and " +
                      shown(file_name(file.path)));
    }
  }
  return paths;
}

std::string missing_shards(const std::vector<std::string>& paths) {
  constexpr std::size_t most_digits = 18, most_named = 5;
  std::vector<std::int64_t> numbers;
  for (const std::string& path : paths) {
    const std::string number = number_of(std::filesystem::path(path).stem().string());
    if (number.empty() || number.size() > most_digits) return "";
    numbers.push_back(std::stoll(number));
  }
  std::sort(numbers.begin(), numbers.end());
  std::vector<std::string> named;
  std::int64_t missing = 0;
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    missing += numbers[i] - numbers[i - 1] - 1;
    for (std::int64_t number = numbers[i - 1] + 1; number < numbers[i] && named.size() < most_named; ++number)
      named.push_back(std::to_string(number));
  }
  // Numbers that are mostly not there count something else: rows, dates.
  if (missing == 0 || missing > static_cast<std::int64_t>(numbers.size())) return "";
  const std::int64_t unnamed = missing - static_cast<std::int64_t>(named.size());
  return (missing == 1 ? "no shard " : "no shards ") + listed(named) +
         (unnamed > 0 ? " and " + std::to_string(unnamed) + " more" : "");
}

}  // namespace culogme::detail
