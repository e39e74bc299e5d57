#include "evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include <culogme/error.hpp>

#include "output.hpp"

namespace culogme::command {
namespace {

constexpr std::size_t named_models = 10;

std::string list(const std::vector<std::string>& names) {
  std::string text;
  const std::size_t shown = std::min(names.size(), named_models);
  for (std::size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (shown < names.size()) text += " and " + std::to_string(names.size() - shown) + " more";
  return text;
}

nlohmann::ordered_json interval_json(const Interval& interval) {
  return {json_number(interval[0]), json_number(interval[1])};
}

}  // namespace

Accuracies pick_accuracies(const Table& table, const std::string& column) {
  if (table.columns.empty()) throw InvalidArgument(table.name + " has no column of numbers, expected an accuracy");
  std::size_t index = 0;
  if (!column.empty()) {
    const auto place = std::find(table.columns.begin(), table.columns.end(), column);
    if (place == table.columns.end()) {
      throw UsageError("--accuracy-column is " + column + ", but " + table.name + " has the numeric columns " +
                       list(table.columns));
    }
    index = static_cast<std::size_t>(place - table.columns.begin());
  }
  return {table.columns[index], table.rows, table.values[index]};
}

Comparison compare(const std::string& measure, std::span<const std::string> names, std::span<const double> scores,
                   const Accuracies& accuracies, const EvaluateOptions& options) {
  std::unordered_map<std::string, double> known;
  for (std::size_t i = 0; i < accuracies.names.size(); ++i) known.emplace(accuracies.names[i], accuracies.values[i]);
  Comparison comparison;
  std::vector<double> x, y;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto accuracy = known.find(names[i]);
    if (accuracy == known.end() || std::isnan(accuracy->second)) {
      comparison.without_accuracy.push_back(names[i]);
      continue;
    }
    if (std::isnan(scores[i])) comparison.without_score.push_back(names[i]);
    x.push_back(scores[i]);
    y.push_back(accuracy->second);
  }
  const std::unordered_set<std::string> scored(names.begin(), names.end());
  for (const std::string& name : accuracies.names) {
    if (scored.count(name) == 0) comparison.without_row.push_back(name);
  }
  comparison.evaluation = evaluate(measure, x, y, options);
  return comparison;
}

nlohmann::ordered_json comparison_json(const Comparison& comparison, const std::string& column,
                                       const EvaluateOptions& options) {
  const Evaluation& evaluation = comparison.evaluation;
  nlohmann::ordered_json object = {{"measure", evaluation.measure},
                                   {"accuracy", column},
                                   {"models", evaluation.models},
                                   {"weighted_kendall", json_number(evaluation.weighted_kendall)},
                                   {"kendall", json_number(evaluation.kendall)},
                                   {"spearman", json_number(evaluation.spearman)},
                                   {"pearson", json_number(evaluation.pearson)}};
  for (std::size_t i = 0; i < options.top.size(); ++i) {
    const std::string k = std::to_string(options.top[i]);
    object["regret_at_" + k] = json_number(evaluation.regret_at[i]);
    object["relative_at_" + k] = json_number(evaluation.relative_at[i]);
  }
  if (options.resamples > 0) {
    nlohmann::ordered_json& interval = object["interval"];
    interval["weighted_kendall"] = interval_json(evaluation.weighted_kendall_interval);
    interval["kendall"] = interval_json(evaluation.kendall_interval);
    interval["spearman"] = interval_json(evaluation.spearman_interval);
    interval["pearson"] = interval_json(evaluation.pearson_interval);
    for (std::size_t i = 0; i < options.top.size(); ++i) {
      const std::string k = std::to_string(options.top[i]);
      interval["regret_at_" + k] = interval_json(evaluation.regret_interval[i]);
      interval["relative_at_" + k] = interval_json(evaluation.relative_interval[i]);
    }
  }
  object["without_score"] = comparison.without_score;
  object["without_accuracy"] = comparison.without_accuracy;
  object["only_in_accuracies"] = comparison.without_row;
  return object;
}

std::vector<std::string> comparison_warnings(const Comparison& comparison, const std::string& column) {
  std::vector<std::string> warnings;
  const std::string& measure = comparison.evaluation.measure;
  if (!comparison.without_accuracy.empty()) {
    warnings.push_back("no " + column + " for " + list(comparison.without_accuracy) + ": left out");
  }
  if (!comparison.without_row.empty()) {
    warnings.push_back("no scores for " + list(comparison.without_row) + ": left out");
  }
  if (!comparison.without_score.empty()) {
    warnings.push_back("no " + measure + " (NaN) for " + list(comparison.without_score) +
                       ": smallest of all for the weighted Kendall tau, left out of the others");
  }
  return warnings;
}

std::string tau_text(double tau) { return std::isnan(tau) ? "undefined" : fixed(tau, 3); }

void add_evaluate_options(CLI::App& app, EvaluateOptions& options, std::string& column) {
  app.add_option("--accuracy-column", column, "The accuracy to compare with (default: the first numeric column)")
      ->type_name("NAME");
  const auto resamples = [&options](const std::string& text) {
    options.resamples = parse_integer("--resamples", text, 0, 1000000);
  };
  app.add_option_function<std::string>("--resamples", resamples,
                                       "Bootstrap samples for the intervals (default 2000; 0: none)")
      ->type_name("N");
  const auto seed = [&options](const std::string& text) {
    options.seed = static_cast<std::uint64_t>(parse_integer("--seed", text, 0));
  };
  app.add_option_function<std::string>("--seed", seed, "Seed of the bootstrap (default 1)")->type_name("N");
}

}  // namespace culogme::command
