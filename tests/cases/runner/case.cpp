#include "case.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <regex>
#include <stdexcept>

namespace culogme::test {
namespace {

struct NotRun {
  std::string id, reason;
};

std::vector<NotRun>& not_run() {
  static std::vector<NotRun> list;
  return list;
}

/// The array or tensor that the words after a file name; empty where none is named.
std::string member(const std::string& words) {
  std::smatch match;
  static const std::regex pattern(R"(^,? (?:array|tensor) ([^ ,]+))");
  if (!std::regex_search(words, match, pattern)) return "";
  std::string name = match[1];
  return name.insert(0, 1, ':');
}

}  // namespace

bool Case::has_tag(const std::string& tag) const { return std::find(tags.begin(), tags.end(), tag) != tags.end(); }

void PrintTo(const Case& value, std::ostream* stream) { *stream << value.operation; }

std::vector<Case> load_cases(const std::vector<std::filesystem::path>& folders) {
  std::vector<Case> cases;
  for (const std::filesystem::path& folder : folders) {
    std::ifstream file(folder / "cases.json");
    if (!file) throw std::runtime_error("cannot open " + (folder / "cases.json").string());
    for (const nlohmann::json& entry : nlohmann::json::parse(file)) {
      Case& value = cases.emplace_back();
      value.id = entry.at("id");
      value.kind = entry.at("kind");
      value.operation = entry.at("operation");
      value.files = entry.at("files").get<std::vector<std::string>>();
      value.expected = entry.at("expected");
      value.tags = entry.value("tags", std::vector<std::string>());
      value.tolerance = entry.value("tolerance", value.tolerance);
      value.folder = folder;
    }
  }
  return cases;
}

bool parse_score(const std::string& operation, ScoreOperation& parsed) {
  static const std::regex pattern(
      R"(^score features=(\S+?)((?:,| ).*?)?(?:labels|responses)=([^ ,]+)(.*?), (classification|regression|multi-label)(.*)$)");
  std::smatch match;
  if (!std::regex_match(operation, match, pattern)) return false;
  parsed = {};
  parsed.features = match[1].str() + member(match[2]);
  parsed.labels = match[3].str() + member(match[4]);
  parsed.task = match[5].str() == "multi-label" ? "multilabel" : match[5].str();
  parsed.rest = match[6].str();
  if (match[2].str().find("element type stated: bf16") != std::string::npos) parsed.options.push_back("--bf16");
  static const std::regex stated(R"(class count stated as (\d+))");
  static const std::regex ignored(R"(label (\S+) ignored)");
  std::smatch word;
  if (std::regex_search(parsed.rest, word, stated)) {
    parsed.options.insert(parsed.options.end(), {"--classes", word[1].str()});
  }
  if (std::regex_search(parsed.rest, word, ignored)) parsed.options.push_back("--ignore-label=" + word[1].str());
  return true;
}

std::vector<std::string> ScoreOperation::arguments() const {
  std::vector<std::string> result{"score", features,      "--labels", labels,     "--task",
                                  task,    "--intercept", "off",      "--format", "json"};
  result.insert(result.end(), options.begin(), options.end());
  return result;
}

std::string command_path() { return CULOGME_COMMAND; }

Start start_command(const Case& value, const std::vector<std::string>& arguments) {
  Start start;
  start.arguments.push_back(command_path());
  start.arguments.insert(start.arguments.end(), arguments.begin(), arguments.end());
  start.directory = value.folder;
  // The threads' stacks and buffers of a machine with many cores would fill a limit of memory by themselves.
  start.environment = {"OPENBLAS_NUM_THREADS=2", "OMP_NUM_THREADS=2"};
  return start;
}

void inject(Start& start, const std::vector<std::string>& faults) {
  start.environment.push_back("LD_PRELOAD=" CULOGME_CASES_FAULT);
  start.environment.push_back("ASAN_OPTIONS=verify_asan_link_order=0");
  for (const std::string& fault : faults) start.environment.push_back("CULOGME_FAULT_" + fault);
}

void record_not_run(const Case& value, const std::string& reason) { not_run().push_back({value.id, reason}); }

void print_not_run() {
  if (not_run().empty()) return;
  std::cout << "\nnot run: id, why\n";
  for (const NotRun& entry : not_run()) std::cout << "  " << entry.id << ", " << entry.reason << '\n';
}

}  // namespace culogme::test
