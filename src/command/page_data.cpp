#include "page_data.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <vector>

#include <nlohmann/json.hpp>

#include <culogme/version.hpp>

#include "output.hpp"
#include "score_report.hpp"

namespace culogme::command {
namespace {

using Json = nlohmann::ordered_json;

/// Six digits are more than a picture shows, and a third of the bytes.
Json rounded(double value) { return std::isfinite(value) ? Json(std::stod(general(value, 6))) : Json(nullptr); }

Json seconds_json(const RankedModel& model) {
  const Seconds& s = model.score.seconds;
  return {{"read", rounded(s.read)},         {"statistics", rounded(s.statistics)},
          {"spectrum", rounded(s.spectrum)}, {"evidence", rounded(s.evidence)},
          {"total", rounded(s.total)},       {"sources", rounded(model.sources.seconds)}};
}

/// Effective parameters: mean, least and most over the targets that are not empty.
Json gamma_json(const Score& score) {
  double sum = 0, least = std::numeric_limits<double>::infinity(), most = -least;
  std::int64_t count = 0;
  for (const TargetFit& fit : score.targets) {
    if (fit.status == TargetStatus::empty || !std::isfinite(fit.gamma)) continue;
    sum += fit.gamma;
    least = std::min(least, fit.gamma);
    most = std::max(most, fit.gamma);
    ++count;
  }
  if (count == 0) return nullptr;
  return {{"mean", rounded(sum / static_cast<double>(count))}, {"least", rounded(least)}, {"most", rounded(most)}};
}

/// Pairs of number (from 1) and eigenvalue. The first and the last are always there.
Json spectrum_json(const std::vector<double>& eigenvalues) {
  Json pairs = Json::array();
  const std::size_t count = eigenvalues.size();
  std::size_t last = 0;
  for (std::size_t k = 0; k < page_eigenvalues && count > 0; ++k) {
    const double part = static_cast<double>(k) / static_cast<double>(page_eigenvalues - 1);
    const auto number = static_cast<std::size_t>(std::lround(std::pow(static_cast<double>(count), part)));
    if (number <= last) continue;
    last = std::min(number, count);
    pairs.push_back({last, rounded(eigenvalues[last - 1])});
  }
  return pairs;
}

std::unordered_map<std::string, double> accuracies_by_name(const RankReport& report) {
  std::unordered_map<std::string, double> values;
  if (!report.accuracies) return values;
  for (std::size_t i = 0; i < report.accuracies->names.size(); ++i)
    values.emplace(report.accuracies->names[i], report.accuracies->values[i]);
  return values;
}

Json model_json(const RankReport& report, const RankedModel& model, bool detailed) {
  Json object = {
      {"name", printable(model.name)}, {"values", Json::array()}, {"status", value_status(model.values.front())}};
  for (const double value : model.values) object["values"].push_back(json_number(value));
  if (has_standard_error(report, model)) {
    object["standard_error"] = json_number(model.score.standard_error);
    object["beats_next"] = json_number(model.beats_next);
    object["tied_with_best"] = model.tied_with_best;
  }
  object["seconds"] = seconds_json(model);
  if (!reads_features(report.measures)) return object;
  object["error_bound"] = json_number(model.score.error_bound);
  object["features"] = model.score.features;
  object["feature_rank"] = model.score.rank;
  object["route"] = route_name(model.score.route);
  object["gamma"] = gamma_json(model.score);
  if (detailed) object["spectrum"] = spectrum_json(model.score.eigenvalues);
  return object;
}

/// Targets that are not empty in any of the models, and the evidence of each model.
struct TargetTable {
  std::vector<std::size_t> places;   ///< in Score::targets
  std::vector<const Score*> scores;  ///< of the models that have targets
  std::vector<std::size_t> models;   ///< their places in the ranking

  const TargetFit& fit(std::size_t model, std::size_t target) const { return scores[model]->targets[target]; }

  /// How far the models differ about a target.
  double spread(std::size_t target) const {
    double least = std::numeric_limits<double>::infinity(), most = -least;
    for (const Score* score : scores) {
      least = std::min(least, score->targets[target].evidence);
      most = std::max(most, score->targets[target].evidence);
    }
    return most > least ? most - least : 0;
  }
};

TargetTable target_table(const RankReport& report, std::size_t models) {
  TargetTable table;
  for (std::size_t i = 0; i < models; ++i) {
    if (report.models[i].score.targets.empty()) continue;
    table.scores.push_back(&report.models[i].score);
    table.models.push_back(i);
  }
  if (table.scores.empty()) return table;
  for (std::size_t k = 0; k < table.scores.front()->targets.size(); ++k)
    if (table.fit(0, k).status != TargetStatus::empty) table.places.push_back(k);
  return table;
}

/// {"names", "rows", "null", "models", "evidence": [models][targets]}; evidence that is infinite is null.
Json targets_json(const RankReport& report, std::size_t models, Json& left_out) {
  TargetTable table = target_table(report, models);
  const std::size_t room = table.scores.empty() ? 0 : std::max<std::size_t>(page_cells / table.scores.size(), 1);
  if (table.places.size() > room) {
    const std::size_t all = table.places.size();
    std::vector<double> spread(table.scores.front()->targets.size());
    for (const std::size_t k : table.places) spread[k] = table.spread(k);
    std::stable_sort(table.places.begin(), table.places.end(),
                     [&spread](std::size_t a, std::size_t b) { return spread[a] > spread[b]; });
    table.places.resize(room);
    std::sort(table.places.begin(), table.places.end());
    left_out.push_back("Of " + std::to_string(all) + " targets the evidence of " + std::to_string(room) +
                       " is here, those that the models differ about the most.");
  }
  Json object = {{"names", Json::array()},
                 {"rows", Json::array()},
                 {"null", Json::array()},
                 {"models", table.models},
                 {"evidence", Json::array()}};
  for (const std::size_t k : table.places) {
    const TargetFit& fit = table.fit(0, k);
    object["names"].push_back(printable(fit.name));
    object["rows"].push_back(fit.rows);
    object["null"].push_back(rounded(fit.null_evidence));
  }
  for (std::size_t i = 0; i < table.scores.size(); ++i) {
    Json row = Json::array();
    for (const std::size_t k : table.places) row.push_back(rounded(table.fit(i, k).evidence));
    object["evidence"].push_back(std::move(row));
  }
  return object;
}

Json accuracy_json(const RankReport& report) {
  if (!report.accuracies) return nullptr;
  Json object = {{"column", printable(report.accuracies->column)}, {"values", Json::array()}, {"tau", Json::array()}};
  const std::unordered_map<std::string, double> known = accuracies_by_name(report);
  for (const RankedModel& model : report.models) {
    const auto place = known.find(model.name);
    object["values"].push_back(place == known.end() ? Json(nullptr) : json_number(place->second));
  }
  for (const Comparison& comparison : report.comparisons) {
    const Evaluation& e = comparison.evaluation;
    object["tau"].push_back({{"measure", e.measure},
                             {"models", e.models},
                             {"value", json_number(e.weighted_kendall)},
                             {"low", json_number(e.weighted_kendall_interval[0])},
                             {"high", json_number(e.weighted_kendall_interval[1])},
                             {"level", report.evaluate_options.level}});
  }
  return object;
}

}  // namespace

Json page_data(const RankReport& report, const std::string& made_by, const std::string& made_at) {
  Json left_out = Json::array();
  const std::size_t detailed = std::min(report.models.size(), page_models);
  if (detailed < report.models.size())
    left_out.push_back("Pictures show the best " + std::to_string(detailed) + " of " +
                       std::to_string(report.models.size()) + " models; the table lists all.");
  Json object = {{"version", version()}, {"engine", report.engine},        {"made_by", printable(made_by)},
                 {"made_at", made_at},   {"task", task_name(report.task)}, {"measures", report.measures},
                 {"detailed", detailed}, {"ignored", report.ignored},      {"seconds", rounded(report.seconds)}};
  // LEEP and NCE know neither.
  if (reads_features(report.measures)) object["procedure"] = procedure_name(report.procedure);
  if (!report.models.empty()) {
    const Score& first = report.models.front().score;
    object["rows"] = first.rows;
    object["null_score"] = reads_features(report.measures) ? json_number(first.null_value) : Json(nullptr);
    if (reads_features(report.measures)) object["intercept"] = first.intercept;
  }
  object["models"] = Json::array();
  for (std::size_t i = 0; i < report.models.size(); ++i)
    object["models"].push_back(model_json(report, report.models[i], i < detailed));
  object["targets"] = targets_json(report, detailed, left_out);
  object["accuracy"] = accuracy_json(report);
  object["failed"] = Json::array();
  for (const FailedModel& model : report.failed)
    object["failed"].push_back({{"name", printable(model.name)}, {"error", printable(model.error)}});
  object["warnings"] = Json::array();
  for (const std::string& warning : report.warnings) object["warnings"].push_back(printable(warning));
  object["disagreement"] = printable(disagreement(report));
  for (const RankedModel& model : report.models) {
    if (model.score.eigenvalues.size() <= page_eigenvalues) continue;
    left_out.push_back("Spectra are drawn through at most " + std::to_string(page_eigenvalues) +
                       " eigenvalues of each model.");
    break;
  }
  object["left_out"] = std::move(left_out);
  return object;
}

}  // namespace culogme::command
