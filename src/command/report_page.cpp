#include "report_page.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <culogme/version.hpp>

#include "command_line.hpp"
#include "output.hpp"
#include "page_data.hpp"
#include "page_files.hpp"

namespace culogme::command {
namespace {

/// JSON inside a script element: nothing in it may end the element or open a comment. All of these stand in strings.
std::string embedded(const nlohmann::ordered_json& data) {
  std::string text;
  for (const char c : data.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace)) {
    switch (c) {
      case '<':
        text += "\\u003c";
        break;
      case '>':
        text += "\\u003e";
        break;
      case '&':
        text += "\\u0026";
        break;
      default:
        text += c;
    }
  }
  return text;
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts)};
}

/// The template with each "{{name}}" replaced once; what is put in is not looked at again.
std::string filled(std::string_view html, const std::vector<std::pair<std::string_view, std::string>>& parts) {
  std::string page;
  for (const auto& [name, text] : parts) {
    const std::size_t place = html.find(name);
    page.append(html.substr(0, place)).append(text);
    html.remove_prefix(place + name.size());
  }
  return page.append(html);
}

}  // namespace

std::string page_library() { return page_files.library.empty() ? "" : "D3 " + std::string(page_files.library_version); }

void require_page_library() {
  if (page_files.library.empty())
    throw UsageError(
        "--report needs a culogme that was built with the chart library D3 (Debian's package node-d3), and this one "
        "was not");
}

std::string report_page(const RankReport& report) {
  // In the order of the template.
  return filled(page_files.html, {{"{{style}}", std::string(page_files.style)},
                                  {"{{licence}}", markup_text(page_files.library_licence)},
                                  {"{{data}}", embedded(page_data(report, command_line(), now_text()))},
                                  {"{{library}}", std::string(page_files.library)},
                                  {"{{script}}", std::string(page_files.script)}});
}

}  // namespace culogme::command
