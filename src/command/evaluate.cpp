#include <culogme/evaluate.hpp>

#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>

#include <culogme/error.hpp>
#include <culogme/version.hpp>

#include "evaluation.hpp"
#include "options.hpp"
#include "output.hpp"
#include "signals.hpp"
#include "subcommand.hpp"

namespace culogme::command {
namespace {

struct EvaluateCommand {
  std::string scores, accuracies, column;
  EvaluateOptions options;
  OutputOptions output;
};

std::string interval_text(const Interval& interval, std::int64_t models) {
  if (models < least_models_for_interval) return "too few models";
  std::string text = "[";
  text += tau_text(interval[0]) + ", " + tau_text(interval[1]) + "]";
  return text;
}

std::string table_text(const std::vector<Comparison>& comparisons, const std::string& column,
                       const EvaluateOptions& options) {
  const bool intervals = options.resamples > 0;
  TextTable table({Align::left, Align::right, Align::right, Align::left, Align::right, Align::right, Align::right,
                   Align::right, Align::right});
  table.add({"measure", "models", "weighted tau", intervals ? "95 % interval" : "", "tau-b", "spearman", "pearson",
             "regret@1", "relative@1"});
  for (const Comparison& comparison : comparisons) {
    const Evaluation& one = comparison.evaluation;
    table.add({one.measure, std::to_string(one.models), tau_text(one.weighted_kendall),
               intervals ? interval_text(one.weighted_kendall_interval, one.models) : "", tau_text(one.kendall),
               tau_text(one.spearman), tau_text(one.pearson), tau_text(one.regret_at.front()),
               tau_text(one.relative_at.front())});
  }
  return "against " + printable(column) + "\n" + table.text();
}

std::string csv_text(const std::vector<Comparison>& comparisons) {
  std::string text =
      "measure,models,weighted_kendall,weighted_kendall_low,weighted_kendall_high,kendall,spearman,pearson,"
      "regret_at_1,relative_at_1\n";
  for (const Comparison& comparison : comparisons) {
    const Evaluation& one = comparison.evaluation;
    text += csv_field(one.measure) + "," + std::to_string(one.models);
    for (const double value :
         {one.weighted_kendall, one.weighted_kendall_interval[0], one.weighted_kendall_interval[1], one.kendall,
          one.spearman, one.pearson, one.regret_at.front(), one.relative_at.front()}) {
      text += ',';
      text += exact(value);
    }
    text += "\n";
  }
  return text;
}

/// Warnings that hold for every measure are given once.
std::vector<std::string> all_warnings(const std::vector<Comparison>& comparisons, const std::string& column) {
  std::vector<std::string> warnings;
  for (const Comparison& comparison : comparisons) {
    for (std::string& warning : comparison_warnings(comparison, column)) {
      if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end()) {
        warnings.push_back(std::move(warning));
      }
    }
  }
  return warnings;
}

int run_evaluate(EvaluateCommand& command) {
  if (command.scores.empty() || command.accuracies.empty()) {
    throw UsageError("evaluate needs two tables, SCORES and ACCURACIES");
  }
  check_files(command.output, {command.scores, command.accuracies});
  Output output(command.output);
  const Table scores = read_table(command.scores);
  const Accuracies accuracies = pick_accuracies(read_table(command.accuracies), command.column);
  if (scores.columns.empty()) throw InvalidArgument(scores.name + " has no column of numbers, expected scores");
  std::vector<Comparison> comparisons;
  for (std::size_t i = 0; i < scores.columns.size(); ++i) {
    check_interrupted();
    // A model whose cell is empty was not measured, which is not the same as a score that is no number.
    std::vector<std::string> names;
    std::vector<double> values;
    for (std::size_t row = 0; row < scores.rows.size(); ++row) {
      if (scores.empty[i][row]) continue;
      names.push_back(scores.rows[row]);
      values.push_back(scores.values[i][row]);
    }
    comparisons.push_back(compare(scores.columns[i], names, values, accuracies, command.options));
  }
  if (comparisons.front().evaluation.models == 0) {
    throw InvalidArgument("no model of " + scores.name + " has a number in the column " + accuracies.column + " of " +
                          command.accuracies + ": the names must be the same");
  }
  const std::vector<std::string> warnings = all_warnings(comparisons, accuracies.column);
  switch (command.output.format) {
    case Format::table:
      output.write(table_text(comparisons, accuracies.column, command.options) +
                   warning_lines(warnings, command.output.quiet));
      break;
    case Format::json: {
      nlohmann::ordered_json object = {{"command", "evaluate"},
                                       {"version", version()},
                                       {"scores", command.scores},
                                       {"accuracies", command.accuracies},
                                       {"accuracy", accuracies.column}};
      object["measures"] = nlohmann::ordered_json::array();
      for (const Comparison& comparison : comparisons) {
        object["measures"].push_back(comparison_json(comparison, accuracies.column, command.options));
      }
      object["warnings"] = warnings;
      output.write(json_text(object));
      break;
    }
    case Format::csv:
      output.write(csv_text(comparisons));
      output.warn(warnings);
      break;
  }
  return ExitCode::done;
}

}  // namespace

Run setup_evaluate(CLI::App& app) {
  const auto command = std::make_shared<EvaluateCommand>();
  app.add_option("SCORES", command->scores,
                 "CSV with a header: names of models first, every further numeric column is a measure")
      ->type_name("");
  app.add_option("ACCURACIES", command->accuracies, "CSV with a header: names of models first, then accuracies")
      ->type_name("");
  add_evaluate_options(app, command->options, command->column);
  add_output_options(app, command->output);
  app.footer(
      "Examples:\n"
      "  culogme rank models/ --format csv --output scores.csv\n"
      "  culogme evaluate scores.csv models/accuracies.csv\n"
      "  culogme evaluate scores.csv accuracies.csv --accuracy-column finetuned --format json");
  return [command] { return run_evaluate(*command); };
}

}  // namespace culogme::command
