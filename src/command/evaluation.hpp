#pragma once

#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <culogme/evaluate.hpp>
#include <culogme/io.hpp>

#include "options.hpp"

namespace culogme::command {

/// Accuracies by model: one column of a table.
struct Accuracies {
  std::string column;
  std::vector<std::string> names;
  std::vector<double> values;  ///< NaN where the cell is empty
};

/// The column called `column`, or the first numeric one where `column` is empty. Throws UsageError naming the columns
/// there are, InvalidArgument for a table without numbers.
Accuracies pick_accuracies(const Table& table, const std::string& column);

/// One measure compared with the accuracies, over the models that have a row on both sides.
struct Comparison {
  Evaluation evaluation;
  std::vector<std::string> without_score;     ///< the score is NaN: smallest for the weighted tau
  std::vector<std::string> without_accuracy;  ///< in the scores only, or without a number
  std::vector<std::string> without_row;       ///< in the accuracies only
};
Comparison compare(const std::string& measure, std::span<const std::string> names, std::span<const double> scores,
                   const Accuracies& accuracies, const EvaluateOptions& options);

/// One entry of "measures" of `evaluate` and of "evaluation" of `rank`.
nlohmann::ordered_json comparison_json(const Comparison& comparison, const std::string& column,
                                       const EvaluateOptions& options);

/// Sentences that name the models which are missing on one side or without a number.
std::vector<std::string> comparison_warnings(const Comparison& comparison, const std::string& column);

/// "0.960", or "undefined".
std::string tau_text(double tau);

/// --resamples and --seed of the bootstrap intervals, --accuracy-column.
void add_evaluate_options(CLI::App& app, EvaluateOptions& options, std::string& column);

}  // namespace culogme::command
