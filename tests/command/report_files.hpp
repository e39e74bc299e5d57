#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "command_files.hpp"
#include "command_process.hpp"

namespace command_tests {

/// A ranking whose report is looked at: models of the same rows, each with less of the classes in it than the last.
struct Reported {
  Folder folder;
  std::string labels = folder / "labels.npy", page = folder / "page.html";
  std::vector<std::string> arguments = {"rank", "--labels", labels};

  /// `names` are those of the models, best first.
  Reported(const std::vector<std::string>& names, std::int64_t rows, std::int64_t classes) {
    const Sample sample = make_sample(rows, 6, classes);
    write_file(labels, npy(sample.labels));
    for (std::size_t k = 0; k < names.size(); ++k) {
      std::vector<double> values = sample.features;
      const Sample other = make_sample(rows, 6, 1, 100 + k);  // noise about 1
      for (std::size_t i = 0; i < values.size(); ++i) values[i] += static_cast<double>(k) * (other.features[i] - 1);
      const std::string file = folder / (std::to_string(k) + ".npy");
      write_file(file, npy(values, rows, 6));
      arguments.push_back(names[k] + "=" + file);
    }
  }

  /// Runs the command with `more` arguments and --report.
  Outcome report(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = arguments;
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"--report", page});
    return run(words);
  }
};

/// The data inside a page.
inline nlohmann::json page_json(const std::string& path) {
  const std::string text = read_file(path), start = "<script type=\"application/json\" id=\"data\">";
  const std::size_t first = text.find(start) + start.size();
  return nlohmann::json::parse(text.substr(first, text.find("</script>", first) - first));
}

/// Whether the command under test makes pages.
inline bool makes_pages() { return run({"info", "--format", "json"}).json()["report"]["available"]; }

}  // namespace command_tests

/// Ends a test where the command was built without the chart library; CommandReport.IsRefusedInABuildWithout looks
/// then.
#define CULOGME_NEEDS_PAGES() \
  if (!command_tests::makes_pages()) GTEST_SKIP() << "the command was built without D3 (scripts/setup installs it)"
