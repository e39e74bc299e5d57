#pragma once

#include "case.hpp"

namespace culogme::test {

/// Fails the test unless the command ended by itself with a result: exit code 0, one JSON object on standard output.
/// Returns the object, null where there is none.
nlohmann::json expect_json(const Result& result);

/// Fails unless the command ended by itself with one sentence "culogme: ..." on standard error that holds every entry
/// of must_name, an exit code of an error, nothing on standard output and within the time limit.
void expect_error(const Case& value, const nlohmann::json& error, const Result& result);

/// The score, its bound and the targets against the right values. `automatic`: the run chose its precision itself.
void expect_score(const Case& value, const nlohmann::json& expected, const nlohmann::json& json, bool automatic);

/// Entries of `says` (each a list of choices) in what the command printed.
void expect_says(const nlohmann::json& says, const Result& result);

/// Checks `expected`, of which one_of lists the right answers: an error where the command failed, else a score.
void expect_answer(const Case& value, const Result& result, bool automatic);

/// The choice of `expected` that fits: the error where the command failed, else the one with values.
nlohmann::json chosen(const nlohmann::json& expected, const Result& result);

/// The words of a run for a failure message.
std::string described(const Result& result);

}  // namespace culogme::test
