#include "groups.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <sstream>
#include <stdexcept>

#include "check.hpp"

namespace culogme::test {

std::vector<std::string> split_words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::vector<std::string> with_option(std::vector<std::string> arguments, const std::string& name,
                                     const std::string& option) {
  const auto found = std::find(arguments.begin(), arguments.end(), name);
  if (found == arguments.end()) {
    arguments.insert(arguments.end(), {name, option});
  } else {
    *(found + 1) = option;
  }
  return arguments;
}

Case moved(const Case& value, const std::filesystem::path& folder) {
  Case result = value;
  for (const std::string& file : value.files) {
    std::filesystem::create_directories((folder / file).parent_path());
    std::filesystem::copy_file(value.folder / file, folder / file);
  }
  result.folder = folder;
  return result;
}

NpyLayout npy_layout(const std::string& npy) {
  const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>(npy.at(at))); };
  NpyLayout layout;
  layout.data = 10 + byte(8) + 256 * byte(9);
  std::smatch match;
  const std::string header = npy.substr(10, layout.data - 10);
  if (byte(6) != 1 || !std::regex_search(header, match, std::regex(R"('shape': \((\d+),)"))) {
    throw std::runtime_error("not an .npy file of version 1");
  }
  layout.rows = std::stoul(match[1]);
  return layout;
}

std::string repeated_npy(const std::string& npy, std::size_t times) {
  const NpyLayout layout = npy_layout(npy);
  std::string header = npy.substr(10, layout.data - 10);
  header = std::regex_replace(header, std::regex(R"('shape': \(\d+,)"),
                              "'shape': (" + std::to_string(layout.rows * times) + ",");
  while (!header.empty() && (header.back() == ' ' || header.back() == '\n')) header.pop_back();
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string result("\x93NUMPY\x01\x00", 8);
  result += static_cast<char>(header.size() % 256);
  result += static_cast<char>(header.size() / 256);
  result += header;
  const std::string data = npy.substr(layout.data);
  for (std::size_t i = 0; i < times; ++i) result += data;
  return result;
}

void run_cuda(const Case& value) {
  Start start = start_command(value, {"info", "--format", "json"});
  const nlohmann::json info = expect_json(run(start));
  if (!info.is_object()) return;
  for (const nlohmann::json& backend : info.at("backends")) {
    if (backend.at("name") == "cuda" && !backend.at("available").get<bool>()) {
      CULOGME_NOT_RUN(value, "needs the CUDA backend: " + backend.at("reason").get<std::string>());
    }
  }
  ScoreOperation operation;
  if (value.has_tag("described") || value.has_tag("large") || !parse_score(value.operation, operation)) {
    CULOGME_NOT_RUN(value, "needs a fault or a limit inside the CUDA libraries: see tests/cuda");
  }
  run_score(value, with_option(operation.arguments(), "--backend", "cuda"));
}

}  // namespace culogme::test
