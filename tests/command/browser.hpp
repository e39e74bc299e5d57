#pragma once

#include <string>

namespace command_tests {

/// The path of Chromium; empty where there is none.
std::string find_browser();

/// What headless Chromium made of a page.
struct Browsed {
  std::string document;  ///< after its scripts ran, without them
  std::string console;   ///< messages of the console, one a line
};

/// Opens a file in a window that is `width` pixels wide. `script` runs behind the page's own scripts.
Browsed browse(const std::string& page, int width, const std::string& script = "");

/// How often `part` stands in `text`.
int count(const std::string& text, const std::string& part);

/// The value of data-NAME of the document's root; empty where it has none.
std::string root_value(const Browsed& page, const std::string& name);

}  // namespace command_tests

/// Ends a test where there is no browser to look with.
#define CULOGME_NEEDS_BROWSER()              \
  if (command_tests::find_browser().empty()) \
  GTEST_SKIP() << "there is no Chromium here (scripts/setup test installs it)"
