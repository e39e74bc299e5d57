#include <gtest/gtest.h>

#include <map>
#include <string>

#include "case.hpp"
#include "check.hpp"
#include "groups.hpp"

namespace culogme::test {
namespace {

using nlohmann::json;

/// Address space of a run that must fail: far more than the program needs, far less than hostile headers ask for.
constexpr std::uint64_t error_memory = std::uint64_t{1} << 30;
constexpr std::chrono::milliseconds error_time{10'000};

bool may_fail(const json& expected) {
  if (expected.contains("error")) return true;
  if (!expected.contains("one_of")) return false;
  for (const json& option : expected.at("one_of")) {
    if (option.contains("error")) return true;
  }
  return false;
}

}  // namespace

void run_score(const Case& value, const std::vector<std::string>& arguments) {
  for (const bool automatic : {false, true}) {
    SCOPED_TRACE(automatic ? "--precision auto" : "--precision f64");
    Start start = start_command(value, with_option(arguments, "--precision", automatic ? "auto" : "f64"));
    if (may_fail(value.expected)) {
      start.address_space = error_memory;
      start.time_limit = error_time;
    }
    const Result result = run(start);
    expect_answer(value, result, automatic);
    if (testing::Test::HasFatalFailure()) return;
    const json expected = chosen(value.expected, result);
    if (expected.contains("says")) {
      start.arguments = with_option(start.arguments, "--format", "table");
      expect_says(expected.at("says"), run(start));
    }
  }
}

namespace {

void run_evaluate(const Case& value, const std::string& scores, const std::string& accuracies) {
  Start start = start_command(value, {"evaluate", scores, accuracies, "--format", "json"});
  const Result result = run(start);
  const json expected = chosen(value.expected, result);
  if (expected.contains("error")) {
    expect_error(value, expected.at("error"), result);
    return;
  }
  const json object = expect_json(result);
  if (!object.is_object()) return;
  const json& measure = object.at("measures").at(0);
  const std::map<std::string, std::string> names{{"weighted_tau", "weighted_kendall"}, {"tau_b", "kendall"}};
  for (const auto& [name, right] : expected.at("values").items()) {
    const auto found = names.find(name);
    const json& number = measure.at(found == names.end() ? name : found->second);
    if (right == "nan") {
      EXPECT_TRUE(number.is_null()) << name << " is " << number;
    } else {
      ASSERT_TRUE(number.is_number()) << name << " is " << number;
      EXPECT_NEAR(number.get<double>(), std::stod(right.get<std::string>()), value.tolerance) << name;
    }
  }
  if (expected.contains("says")) {
    expect_says(expected.at("says"), result);
    start.arguments = with_option(start.arguments, "--format", "table");
    expect_says(expected.at("says"), run(start));
  }
}

/// LEEP, NCE and H-score: run as soon as the command knows them.
void run_measure(const Case& value) {
  std::vector<std::string> arguments{"score", "--task", "classification", "--format", "json", "--measure"};
  const std::vector<std::string> words = split_words(value.operation);
  arguments.push_back(words.at(0));
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string name = words[i].substr(0, words[i].find('=')), file = words[i].substr(name.size() + 1);
    if (name == "features") arguments.push_back(file);
    if (name == "predictions") arguments.insert(arguments.end(), {"--probabilities", file});
    if (name == "source") arguments.insert(arguments.end(), {"--source-labels", file});
    if (name == "labels") arguments.insert(arguments.end(), {"--labels", file});
  }
  const Result result = run(start_command(value, arguments));
  if (result.exit_code == 2) CULOGME_NOT_RUN(value, "the command has no measure " + words[0] + " yet");
  const json expected = chosen(value.expected, result);
  if (expected.contains("error")) {
    expect_error(value, expected.at("error"), result);
    return;
  }
  const json object = expect_json(result);
  if (!object.is_object()) return;
  ASSERT_TRUE(object.at("score").is_number());
  EXPECT_NEAR(object.at("score").get<double>(), std::stod(expected.at("value").get<std::string>()), value.tolerance);
}

class Cases : public testing::TestWithParam<Case> {};

TEST_P(Cases, HasTheRightAnswer) {
  const Case& value = GetParam();
  if (value.kind == "cmake") CULOGME_NOT_RUN(value, "about building, not about running: see tests/package");
  if (value.has_tag("cuda")) return run_cuda(value);
  if (value.kind == "measures") return run_measure(value);
  if (value.operation.rfind("evaluate ", 0) == 0) {
    const std::vector<std::string> words = split_words(value.operation);
    return run_evaluate(value, words.at(1).substr(words[1].find('=') + 1), words.at(2).substr(words[2].find('=') + 1));
  }
  if (run_file_case(value) || run_statistics_case(value) || run_machine_case(value)) return;
  ScoreOperation operation;
  ASSERT_TRUE(parse_score(value.operation, operation)) << "the runner does not know: " << value.operation;
  run_score(value, operation.arguments());
}

INSTANTIATE_TEST_SUITE_P(Field, Cases,
                         testing::ValuesIn(load_cases({CULOGME_CASES_FOLDER, CULOGME_CASES_FOLDER "/more"})),
                         [](const auto& test) {
                           std::string name = test.param.id;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace culogme::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const int result = RUN_ALL_TESTS();
  culogme::test::print_not_run();
  return result;
}
