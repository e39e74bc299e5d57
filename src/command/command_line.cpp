#include "command_line.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace culogme::command {
namespace {

std::vector<std::string>& words() {
  static std::vector<std::string> kept;
  return kept;
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-_./:=,@%+").find(c) != std::string_view::npos;
}

std::string quoted(const std::string& word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return word;
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'') {
      text += "'\\''";
    } else {
      text += c;
    }
  }
  return text + "'";
}

}  // namespace

void remember_command_line(int argc, const char* const* argv) {
  words().assign(argv, argv + argc);
  if (words().empty()) return;
  std::string& program = words().front();
  program.erase(0, program.find_last_of('/') + 1);
}

std::string command_line() {
  std::string text;
  for (const std::string& word : words()) text.append(text.empty() ? "" : " ").append(quoted(word));
  return text;
}

}  // namespace culogme::command
