#include "check.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <regex>
#include <set>

namespace culogme::test {
namespace {

using nlohmann::json;

constexpr double accuracy = 1e-5;  ///< what the command promises by default

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string replaced(std::string text, const std::string& from) {
  for (std::size_t at; (at = text.find(from)) != std::string::npos;) text.replace(at, from.size(), "<file>");
  return text;
}

/// The message without the files' names: a number in a name is not the number that was asked for.
std::string without_names(const Case& value, std::string message) {
  for (const std::string& file : value.files) {
    message = replaced(message, lower(file));
    message = replaced(message, lower(std::filesystem::path(file).filename().string()));
  }
  return message;
}

bool is_file_name(const Case& value, const std::string& entry) {
  return std::any_of(value.files.begin(), value.files.end(),
                     [&](const std::string& file) { return std::filesystem::path(file).filename().string() == entry; });
}

/// Whole numbers stand alone ("47" is not in "147"), single capitals are names of files that the case made.
bool holds(const Case& value, const std::string& message, const std::string& entry) {
  if (entry.size() == 1 && std::isupper(static_cast<unsigned char>(entry[0]))) {
    return std::regex_search(message, std::regex("(^|[^A-Za-z0-9])" + entry + "([^A-Za-z0-9]|$)"));
  }
  const std::string text = lower(message), wanted = lower(entry);
  if (is_file_name(value, entry)) return text.find(wanted) != std::string::npos;
  const std::string bare = without_names(value, text);
  if (!std::regex_match(wanted, std::regex(R"(-?[0-9][0-9.]*)"))) return bare.find(wanted) != std::string::npos;
  const auto digit = [&](std::size_t at) {
    return at < bare.size() && std::isdigit(static_cast<unsigned char>(bare[at]));
  };
  for (std::size_t at = bare.find(wanted); at != std::string::npos; at = bare.find(wanted, at + 1)) {
    if (!(at > 0 && digit(at - 1)) && !digit(at + wanted.size())) return true;
  }
  return false;
}

std::vector<std::string> choices(const json& entry) {
  if (entry.is_string()) return {entry.get<std::string>()};
  return entry.get<std::vector<std::string>>();
}

std::string status_name(const std::string& name) {
  return name == "null" || name == "interpolation" ? name + "_limit" : name;
}

std::string target_name(const json& target) {
  return target.is_string() ? target.get<std::string>() : std::to_string(target.get<std::int64_t>());
}

/// Right values are printed with 15 digits.
double printed_error(double right) { return 1e-14 * std::max(1.0, std::fabs(right)); }

/// A value with the bound that the command states for it. Infinity is null.
void expect_value(const std::string& what, const json& expected, const json& value, const json& bound,
                  double tolerance) {
  const std::string text = expected.get<std::string>();
  if (text == "inf") {
    EXPECT_TRUE(value.is_null()) << what << " is " << value << ", the right value has no upper bound";
    return;
  }
  ASSERT_TRUE(value.is_number()) << what << " is " << value << ", the right value is " << text;
  const double right = std::stod(text), error = std::fabs(value.get<double>() - right);
  EXPECT_LE(error, tolerance) << what << " is " << value << ", the right value is " << text;
  if (bound.is_number()) {
    EXPECT_LE(error, bound.get<double>() + printed_error(right))
        << what << " is " << value << ", the right value is " << text << ", the stated bound " << bound;
  }
}

const json* find_target(const json& result, const std::string& name) {
  for (const json& target : result.at("targets")) {
    if (target.at("name") == name) return &target;
  }
  return nullptr;
}

void expect_target(const json& expected, const json& result, double tolerance) {
  const std::string name = target_name(expected.at("target"));
  const json* target = find_target(result, name);
  ASSERT_NE(target, nullptr) << "no target " << name << " in the result";
  if (expected.contains("rows")) {
    EXPECT_EQ(target->at("rows"), expected.at("rows")) << "target " << name;
  }
  expect_value("evidence of target " + name, expected.at("value"), target->at("evidence"),
               target->value("error_bound", json()), tolerance);
  std::vector<std::string> right = choices(expected.at("status"));
  for (std::string& status : right) status = status_name(status);
  const std::string status = target->at("status");
  EXPECT_NE(std::find(right.begin(), right.end(), status), right.end())
      << "target " << name << " has status " << status << ", right is " << expected.at("status");
}

/// Ids that the sentences name, single or as ranges ("1", "3-4", "3 to 4").
std::set<std::int64_t> named_ids(const std::string& text) {
  std::set<std::int64_t> ids;
  static const std::regex pattern(R"((\d+)(?:(?:-|\.\.|\.\.\.| to | through )(\d+))?)");
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match) {
    const std::int64_t first = std::stoll((*match)[1]);
    const std::int64_t last = (*match)[2].matched ? std::stoll((*match)[2]) : first;
    for (std::int64_t id = first; id <= last && id - first < 100'000; ++id) ids.insert(id);
  }
  return ids;
}

/// Classes and targets without rows are left out and reported: as targets of status `empty`, or in the warnings.
void expect_skipped(const json& skipped, const json& result) {
  std::string warnings;
  for (const json& warning : result.at("warnings")) warnings += warning.get<std::string>() + "\n";
  std::set<std::string> empty;
  for (const json& target : result.at("targets")) {
    if (target.at("status") == "empty") empty.insert(target.at("name").get<std::string>());
  }
  if (skipped.is_object()) {
    const auto count = skipped.at("count").get<std::size_t>();
    EXPECT_LT(result.at("warnings").size(), count) << "one line for each of " << count << " empty classes";
    EXPECT_TRUE(empty.size() == count || warnings.find(std::to_string(count)) != std::string::npos ||
                named_ids(warnings).size() == count)
        << count << " empty classes are not reported: " << warnings;
    return;
  }
  const std::set<std::int64_t> named = named_ids(warnings);
  for (const json& id : skipped) {
    const json* target = find_target(result, target_name(id));
    if (target != nullptr) {
      EXPECT_EQ(target->at("status"), "empty") << "target " << id;
    }
    EXPECT_TRUE(empty.count(target_name(id)) > 0 || named.count(id.get<std::int64_t>()) > 0)
        << id << " is empty and not reported: " << warnings;
  }
}

}  // namespace

std::string described(const Result& result) {
  return "exit code " + std::to_string(result.exit_code) + ", signal " + std::to_string(result.signal) +
         (result.timed_out ? ", out of time" : "") + "\nstandard error: " + result.error +
         "\nstandard output: " + result.output.substr(0, 2000);
}

json expect_json(const Result& result) {
  EXPECT_FALSE(result.timed_out) << described(result);
  EXPECT_EQ(result.signal, 0) << described(result);
  EXPECT_EQ(result.exit_code, 0) << described(result);
  if (result.exit_code != 0) return {};
  json object = json::parse(result.output, nullptr, false);
  EXPECT_TRUE(object.is_object()) << described(result);
  return object.is_object() ? object : json();
}

void expect_error(const Case& value, const json& error, const Result& result) {
  EXPECT_FALSE(result.timed_out) << described(result);
  EXPECT_EQ(result.signal, 0) << described(result);
  EXPECT_GE(result.exit_code, 1) << described(result);
  EXPECT_LE(result.exit_code, 4) << described(result);
  EXPECT_EQ(result.output, "") << "output beside an error";
  EXPECT_EQ(result.error.rfind("culogme: ", 0), 0u) << described(result);
  EXPECT_EQ(std::count(result.error.begin(), result.error.end(), '\n'), 1) << described(result);
  for (const json& entry : error.at("must_name")) {
    const std::vector<std::string> options = choices(entry);
    EXPECT_TRUE(std::any_of(options.begin(), options.end(),
                            [&](const std::string& option) { return holds(value, result.error, option); }))
        << entry << " is missing in: " << result.error << "an example of a right sentence: " << error.at("says");
  }
}

void expect_score(const Case& value, const json& expected, const json& result, bool automatic) {
  if (!result.is_object()) return;  // said by expect_json
  const double tolerance = automatic ? std::max(accuracy, value.tolerance) : value.tolerance;
  expect_value("score", expected.at("value"), result.at("score"), result.at("error_bound"), tolerance);
  if (expected.at("value") == "inf") {
    EXPECT_TRUE(std::any_of(result.at("targets").begin(), result.at("targets").end(), [](const json& target) {
      return target.at("status") == "unbounded";
    })) << "no target is unbounded";
  }
  if (expected.contains("targets")) {
    for (const json& target : expected.at("targets")) expect_target(target, result, tolerance);
  }
  if (expected.contains("skipped")) expect_skipped(expected.at("skipped"), result);
}

void expect_says(const json& says, const Result& result) {
  const std::string printed = lower(result.output + result.error);
  for (const json& entry : says) {
    const std::vector<std::string> options = choices(entry);
    EXPECT_TRUE(
        std::any_of(options.begin(), options.end(),
                    [&](const std::string& option) { return printed.find(lower(option)) != std::string::npos; }))
        << entry << " is missing in:\n"
        << result.output << result.error;
  }
}

json chosen(const json& expected, const Result& result) {
  if (!expected.contains("one_of")) return expected;
  for (const json& option : expected.at("one_of")) {
    if (option.contains("error") == (result.exit_code != 0)) return option;
  }
  return expected.at("one_of").at(0);
}

void expect_answer(const Case& value, const Result& result, bool automatic) {
  const json expected = chosen(value.expected, result);
  if (expected.contains("error")) {
    expect_error(value, expected.at("error"), result);
    return;
  }
  expect_score(value, expected, expect_json(result), automatic);
}

}  // namespace culogme::test
