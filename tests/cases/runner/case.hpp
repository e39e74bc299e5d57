#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "process.hpp"

namespace culogme::test {

/// One entry of cases.json (the fields are told in README.md).
// Moving a JSON value asserts its invariant, which clang-tidy takes for a throw.
// NOLINTNEXTLINE(bugprone-exception-escape)
struct Case {
  std::string id, kind, operation;
  std::vector<std::string> files, tags;
  nlohmann::json expected;
  double tolerance = 1e-10;
  std::filesystem::path folder;  ///< its files lie here

  bool has_tag(const std::string& tag) const;
};

void PrintTo(const Case& value, std::ostream* stream);

/// All cases of the folders that hold a cases.json.
std::vector<Case> load_cases(const std::vector<std::filesystem::path>& folders);

/// An operation "score features=A labels=B, TASK, REST" as arguments of the command.
struct ScoreOperation {
  std::string features, labels;  ///< as the command takes them: FILE or FILE:ARRAY
  std::string task;              ///< classification, regression or multilabel
  std::vector<std::string> options;
  std::string rest;  ///< what follows the task

  /// `culogme score ...` with JSON and without intercept.
  std::vector<std::string> arguments() const;
};

/// False where the operation is another one.
bool parse_score(const std::string& operation, ScoreOperation& parsed);

/// The command under test.
std::string command_path();

/// Start of the command in the folder of the case.
Start start_command(const Case& value, const std::vector<std::string>& arguments);

/// The command with a fault (fault.cpp): "PATH=F", "TRUNCATE_AT=1", ...
void inject(Start& start, const std::vector<std::string>& faults);

/// Writes down why a case is not run; main prints the list at the end.
void record_not_run(const Case& value, const std::string& reason);
void print_not_run();

/// Skips the running test with a reason that is also in the list at the end.
#define CULOGME_NOT_RUN(value, reason)                      \
  do {                                                      \
    const std::string culogme_reason = (reason);            \
    ::culogme::test::record_not_run(value, culogme_reason); \
    GTEST_SKIP() << culogme_reason;                         \
  } while (false)

}  // namespace culogme::test
