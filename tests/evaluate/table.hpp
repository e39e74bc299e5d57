#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace culogme::test {

/// The lines of a text file split at `separator`, without those that start with '#'.
inline std::vector<std::vector<std::string>> read_table(const std::string& path, char separator) {
  std::vector<std::vector<std::string>> table;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::vector<std::string>& row = table.emplace_back();
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, separator);) row.push_back(field);
  }
  return table;
}

}  // namespace culogme::test
