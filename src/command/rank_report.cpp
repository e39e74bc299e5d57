#include "rank_report.hpp"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include <culogme/version.hpp>

#include "output.hpp"
#include "rank_ties.hpp"
#include "score_report.hpp"

namespace culogme::command {
namespace {

constexpr int digits = 6;
constexpr std::size_t named_pairs = 5;

double accuracy_of(const RankReport& report, const std::string& name) {
  const std::vector<std::string>& names = report.accuracies->names;
  const auto place = std::find(names.begin(), names.end(), name);
  return place == names.end() ? std::nan("")
                              : report.accuracies->values[static_cast<std::size_t>(place - names.begin())];
}

nlohmann::ordered_json model_json(const RankReport& report, std::size_t index) {
  const RankedModel& model = report.models[index];
  const nlohmann::ordered_json none = nullptr;
  const bool logme = reads_features(report.measures), logme_first = report.measures.front() == "logme";
  nlohmann::ordered_json object = {{"rank", index + 1},
                                   {"name", model.name},
                                   {"features", logme ? nlohmann::ordered_json(model.score.features) : none},
                                   {"score", json_number(model.values.front())},
                                   {"error_bound", logme_first ? json_number(model.score.error_bound) : none},
                                   {"error_estimate", logme_first ? json_number(model.score.error_estimate) : none},
                                   {"null_score", logme_first ? json_number(model.score.null_value) : none},
                                   {"standard_error", logme ? json_number(model.score.standard_error) : none},
                                   {"beats_next", json_number(model.beats_next)},
                                   {"tied_with_best", model.tied_with_best},
                                   {"status", value_status(model.values.front())}};
  for (std::size_t i = 0; i < report.measures.size(); ++i)
    object["measures"][report.measures[i]] = json_number(model.values[i]);
  object["rows"] = model.score.rows;
  object["feature_rank"] = logme ? nlohmann::ordered_json(model.score.rank) : none;
  object["route"] = logme ? nlohmann::ordered_json(route_name(model.score.route)) : none;
  object["route_reason"] = logme ? nlohmann::ordered_json(model.score.route_reason) : none;
  if (model.sources.source_classes() > 0) object["source_classes"] = model.sources.source_classes();
  if (report.accuracies) object["accuracy"] = json_number(accuracy_of(report, model.name));
  object["warnings"] = model.warnings;
  object["seconds"] = model.score.seconds.total + model.sources.seconds;
  return object;
}

/// A dash where there is no number.
std::string some(double value, const std::string& text) { return std::isnan(value) ? "-" : text; }

std::string cell(double value) { return std::isnan(value) ? "-" : fixed(value, digits); }

std::string summary(const RankReport& report) {
  std::string text = counted(static_cast<std::int64_t>(report.models.size()), "model");
  if (!report.failed.empty()) text += " and " + std::to_string(report.failed.size()) + " failed";
  if (!report.models.empty()) {
    const Score& score = report.models.front().score;
    text += ", " + counted(score.rows, "row");
    if (report.ignored > 0) text += " (and " + std::to_string(report.ignored) + " left out)";
    text += reads_features(report.measures) ? ", " + task_line(score) : std::string(", ") + task_name(report.task);
  }
  return text + ", " + report.engine + ", " + fixed(report.seconds, 2) + " s\n";
}

}  // namespace

bool has_standard_error(const RankReport& report, const RankedModel& model) {
  return report.measures.front() == "logme" && std::isfinite(model.score.standard_error);
}

void sort_models(std::vector<RankedModel>& models) {
  std::sort(models.begin(), models.end(), [](const RankedModel& a, const RankedModel& b) {
    return a.values.front() != b.values.front() ? a.values.front() > b.values.front() : a.name < b.name;
  });
}

std::string close_calls(const std::vector<RankedModel>& models) {
  std::string pairs;
  std::size_t count = 0;
  for (std::size_t i = 1; i < models.size(); ++i) {
    const Score& better = models[i - 1].score;
    const Score& next = models[i].score;
    if (!std::isfinite(better.value) || !std::isfinite(next.value)) continue;
    const double bound = better.error_bound + next.error_bound;
    if (better.value - next.value > (std::isnan(bound) ? 0 : bound)) continue;  // published numbers have none
    if (++count > named_pairs) continue;
    pairs += (pairs.empty() ? "" : "; ") + models[i - 1].name + " and " + models[i].name;
  }
  if (count == 0) return "";
  if (count > named_pairs) pairs += "; and " + std::to_string(count - named_pairs) + " pairs more";
  return "the order is not certain where scores are nearer than their error bounds: " + pairs;
}

namespace {

/// The models with the largest value of a measure: several where they are equal.
std::vector<const RankedModel*> best_models(const std::vector<const RankedModel*>& models, std::size_t measure) {
  std::vector<const RankedModel*> best;
  for (const RankedModel* model : models) {
    if (!best.empty() && model->values[measure] < best.front()->values[measure]) continue;
    if (!best.empty() && model->values[measure] > best.front()->values[measure]) best.clear();
    best.push_back(model);
  }
  return best;
}

std::string best_names(const std::vector<const RankedModel*>& models) {
  if (models.size() > 2) return models.front()->name + " and " + std::to_string(models.size() - 1) + " equal ones";
  return models.size() == 2 ? models[0]->name + " or " + models[1]->name : models.front()->name;
}

}  // namespace

std::string disagreement(const RankReport& report) {
  std::vector<std::size_t> measures;  // that any model has
  for (std::size_t i = 0; i < report.measures.size(); ++i)
    if (std::any_of(report.models.begin(), report.models.end(),
                    [i](const RankedModel& model) { return !std::isnan(model.values[i]); }))
      measures.push_back(i);
  // A measure says nothing about models that lack its files.
  std::vector<const RankedModel*> models;
  for (const RankedModel& model : report.models)
    if (std::none_of(measures.begin(), measures.end(), [&](std::size_t i) { return std::isnan(model.values[i]); }))
      models.push_back(&model);
  if (models.size() < 2 || measures.size() < 2) return "";
  std::vector<const RankedModel*> agreed = models;
  std::string text;
  for (const std::size_t i : measures) {
    const std::vector<const RankedModel*> best = best_models(models, i);
    std::erase_if(
        agreed, [&best](const RankedModel* model) { return std::find(best.begin(), best.end(), model) == best.end(); });
    text += (text.empty() ? "" : ", ") + report.measures[i] + " " + best_names(best);
  }
  if (!agreed.empty()) return "";
  const bool all = models.size() == report.models.size();
  return "the measures disagree about the best " +
         (all ? std::string("model: ") : "of the " + std::to_string(models.size()) + " models that have all: ") + text;
}

std::string rank_table(const RankReport& report, bool quiet) {
  const bool logme = reads_features(report.measures), errors = report.procedure == Procedure::maximum && logme;
  const bool compared = errors && report.measures.front() == "logme";
  std::vector<Align> columns = {Align::right, Align::left};
  std::vector<std::string> header = {"rank", "name"};
  if (logme) header.emplace_back("features");
  for (const std::string& measure : report.measures) {
    header.push_back(measure);
    if (measure == "logme" && errors) header.insert(header.end(), {"error bound", "std error"});
  }
  if (compared) header.insert(header.end(), {"beats next", "tie"});
  columns.resize(header.size(), Align::right);
  if (report.accuracies) {
    columns.push_back(Align::right);
    header.push_back(report.accuracies->column);
  }
  TextTable table(columns);
  table.add(header);
  for (std::size_t i = 0; i < report.models.size(); ++i) {
    const RankedModel& model = report.models[i];
    std::vector<std::string> cells = {std::to_string(i + 1), model.name};
    if (logme) cells.push_back(model.score.features > 0 ? std::to_string(model.score.features) : "-");
    for (std::size_t k = 0; k < report.measures.size(); ++k) {
      cells.push_back(cell(model.values[k]));
      if (report.measures[k] != "logme" || !errors) continue;
      cells.push_back(std::isnan(model.values[k]) ? "-" : general(model.score.error_bound, 2));
      cells.push_back(some(model.score.standard_error, general(model.score.standard_error, 2)));
    }
    if (compared)
      cells.insert(cells.end(), {some(model.beats_next, fixed(model.beats_next, 3)), model.tied_with_best ? "=" : ""});
    if (report.accuracies) {
      const double accuracy = accuracy_of(report, model.name);
      cells.push_back(std::isnan(accuracy) ? "-" : general(accuracy, 4));
    }
    table.add(std::move(cells));
  }
  std::string text = table.text();
  for (const FailedModel& model : report.failed) {
    text += "failed: " + printable(model.name) + ": " + printable(model.error) + "\n";
  }
  text += "\n" + summary(report);
  for (const Comparison& comparison : report.comparisons) {
    const Evaluation& evaluation = comparison.evaluation;
    const std::string of = report.measures.size() > 1 ? " of " + evaluation.measure : "";
    text += "weighted Kendall tau" + of + " against " + printable(report.accuracies->column) + ": " +
            tau_text(evaluation.weighted_kendall) + " (" + counted(evaluation.models, "model") +
            (evaluation.models < least_models_for_interval ? ", too few to tell)\n" : ")\n");
  }
  for (const std::string& line : {ties(report.models), disagreement(report)})
    if (!line.empty()) text += printable(line) + "\n";
  return text + warning_lines(report.warnings, quiet);
}

nlohmann::ordered_json rank_json(const RankReport& report) {
  Score header;
  header.task = report.task;
  header.procedure = report.procedure;
  header.engine = report.engine;
  if (!report.models.empty()) header.intercept = report.models.front().score.intercept;
  nlohmann::ordered_json object = json_header("rank", header, report.measures.front());
  object["ignored"] = report.ignored;
  object["models"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < report.models.size(); ++i) object["models"].push_back(model_json(report, i));
  object["failed"] = nlohmann::ordered_json::array();
  for (const FailedModel& model : report.failed) {
    object["failed"].push_back({{"name", model.name}, {"error", model.error}});
  }
  object["evaluation"] = nlohmann::ordered_json::array();
  for (const Comparison& comparison : report.comparisons)
    object["evaluation"].push_back(comparison_json(comparison, report.accuracies->column, report.evaluate_options));
  if (const std::string line = disagreement(report); !line.empty()) object["disagreement"] = line;
  if (const std::string line = ties(report.models); !line.empty()) object["ties"] = line;
  object["warnings"] = report.warnings;
  object["seconds"] = {{"total", report.seconds}};
  return object;
}

/// Only models with a score: `evaluate` reads this table, and must find what `rank` compared.
std::string rank_csv(const RankReport& report) {
  std::string text = "name";
  for (const std::string& measure : report.measures) text += "," + measure;
  text += ",status,task,intercept\n";
  for (const RankedModel& model : report.models) {
    text += csv_field(model.name);
    for (const double value : model.values) text.append(",").append(std::isnan(value) ? "" : exact(value));
    text += "," + value_status(model.values.front()) +
            task_cells(report.task, model.score.features > 0 ? &model.score : nullptr) + "\n";
  }
  return text;
}

}  // namespace culogme::command
