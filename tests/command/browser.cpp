#include "browser.hpp"

#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include <gtest/gtest.h>

#include "command_files.hpp"
#include "command_process.hpp"

namespace command_tests {

std::string find_browser() {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
      std::string program = folder + "/" + name;
      if (::access(program.c_str(), X_OK) == 0) return program;
    }
  }
  return "";
}

namespace {

/// Text as the value of an attribute.
std::string attribute(const std::string& text) {
  std::string value;
  for (const char c : text) value += c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
  return value;
}

/// The page in a frame, since windows have a least width; when all is drawn its document takes the place of this one,
/// without the scripts, in which every text could be found.
std::string framed(const std::string& page, int width) {
  return "<!doctype html><meta charset=\"utf-8\"><iframe width=\"" + std::to_string(width) +
         "\" height=\"1000\" style=\"border: 0\" srcdoc=\"" + attribute(page) +
         "\"></iframe><script>const frame = document.querySelector('iframe');"
         "frame.addEventListener('load', () => setTimeout(() => {"
         "const page = document.importNode(frame.contentDocument.documentElement, true);"
         "for (const script of page.querySelectorAll('script')) script.remove();"
         "document.replaceChild(page, document.documentElement); }, 1000));</script>\n";
}

}  // namespace

Browsed browse(const std::string& page, int width, const std::string& script) {
  const Folder folder;
  std::string text = read_file(page);
  if (!script.empty()) text += "<script>" + script + "</script>\n";
  write_file(folder / "page.html", framed(text, width));
  Surroundings surroundings;
  surroundings.program = find_browser();
  // Its profile and caches go with the folder.
  surroundings.environment = {"HOME=" + folder.path()};
  const Outcome outcome =
      run({"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
           "--user-data-dir=" + (folder / "profile"), "--window-size=1400,1100", "--virtual-time-budget=5000",
           "--enable-logging=stderr", "--dump-dom", "file://" + (folder / "page.html")},
          surroundings);
  EXPECT_EQ(outcome.code, 0) << outcome.text();
  Browsed browsed{outcome.out, ""};
  std::istringstream lines(outcome.err);
  for (std::string line; std::getline(lines, line);)
    if (line.find("CONSOLE") != std::string::npos) browsed.console += line + "\n";
  return browsed;
}

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

std::string root_value(const Browsed& page, const std::string& name) {
  const std::string root = page.document.substr(0, page.document.find("<head"));
  const std::string key = " data-" + name + "=\"";
  const std::size_t at = root.find(key);
  if (at == std::string::npos) return "";
  const std::size_t first = at + key.size();
  return root.substr(first, root.find('"', first) - first);
}

}  // namespace command_tests
