#include "score_report.hpp"

#include <algorithm>
#include <cmath>

#include <culogme/version.hpp>

#include "output.hpp"

namespace culogme::command {
namespace {

constexpr std::size_t shown_targets = 20;
constexpr int digits = 6;

std::string seconds_text(const Seconds& seconds) {
  return fixed(seconds.total, 3) + " s (read " + fixed(seconds.read, 3) + ", statistics " +
         fixed(seconds.statistics, 3) + ", spectrum " + fixed(seconds.spectrum, 3) + ", evidence " +
         fixed(seconds.evidence, 3) + ")";
}

/// Empty targets were not scored: their numbers say nothing.
std::string cell(const TargetFit& target, double value, int significant) {
  return target.status == TargetStatus::empty ? "-" : general(value, significant);
}

nlohmann::ordered_json target_json(const TargetFit& target) {
  const bool scored = target.status != TargetStatus::empty;
  const auto number = [scored](double value) { return scored ? json_number(value) : nlohmann::ordered_json(nullptr); };
  return {{"name", target.name},
          {"rows", target.rows},
          {"evidence", number(target.evidence)},
          {"null_evidence", number(target.null_evidence)},
          {"alpha", number(target.alpha)},
          {"beta", number(target.beta)},
          {"gamma", number(target.gamma)},
          {"error_bound", number(target.error_bound)},
          {"iterations", target.iterations},
          {"status", status_name(target.status)}};
}

std::string targets_table(const Score& score) {
  TextTable table({Align::left, Align::right, Align::right, Align::right, Align::right, Align::right, Align::right,
                   Align::right, Align::left});
  table.add({score.task == Task::classification ? "class" : "target", "rows", "evidence", "null", "alpha", "beta",
             "gamma", "steps", "status"});
  const std::size_t shown = std::min(shown_targets, score.targets.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const TargetFit& target = score.targets[i];
    table.add({target.name, std::to_string(target.rows), cell(target, target.evidence, digits),
               cell(target, target.null_evidence, digits), cell(target, target.alpha, 4), cell(target, target.beta, 4),
               cell(target, target.gamma, 4), std::to_string(target.iterations), status_name(target.status)});
  }
  std::string text = table.text();
  if (shown < score.targets.size()) {
    text += "... and " + std::to_string(score.targets.size() - shown) + " more (all of them with --format json)\n";
  }
  return text;
}

}  // namespace

std::string score_status(const Score& score) { return std::isinf(score.value) ? "unbounded" : "ok"; }

nlohmann::ordered_json json_header(const std::string& command, const Score& score, const std::string& measure) {
  return {{"command", command},
          {"version", version()},
          {"engine", score.engine},
          {"task", task_name(score.task)},
          {"procedure", procedure_name(score.procedure)},
          {"intercept", score.intercept},
          {"measure", measure}};
}

std::string task_line(const Score& score) {
  const bool classes = score.task == Task::classification;
  return std::string(task_name(score.task)) + ", " +
         counted(static_cast<std::int64_t>(score.targets.size()), classes ? "class" : "target") + ", " +
         (score.intercept ? "with intercept" : "no intercept") + ", procedure " + procedure_name(score.procedure);
}

nlohmann::ordered_json score_json(const ScoreReport& report) {
  const Score& score = report.score;
  nlohmann::ordered_json object = json_header("score", score, report.measures.front());
  object["name"] = report.name;
  object["rows"] = score.rows;
  object["ignored"] = report.ignored;
  object["features"] = score.features;
  object["rank"] = score.rank;
  object["route"] = route_name(score.route);
  object["status"] = score_status(score);
  object["score"] = json_number(score.value);
  object["error_bound"] = json_number(score.error_bound);
  object["null_score"] = json_number(score.null_value);
  for (const std::string& measure : report.measures) object["measures"][measure] = json_number(score.value);
  object["targets"] = nlohmann::ordered_json::array();
  for (const TargetFit& target : score.targets) object["targets"].push_back(target_json(target));
  object["warnings"] = score.warnings;
  object["seconds"] = {{"total", score.seconds.total},
                       {"read", score.seconds.read},
                       {"statistics", score.seconds.statistics},
                       {"spectrum", score.seconds.spectrum},
                       {"evidence", score.seconds.evidence}};
  return object;
}

std::string score_table(const ScoreReport& report, bool quiet) {
  const Score& score = report.score;
  TextTable table({Align::left, Align::left});
  table.add({report.measures.front(), fixed(score.value, digits)});
  table.add({"error bound", general(score.error_bound, 2)});
  table.add({"null score", fixed(score.null_value, digits)});
  table.add(
      {"features", report.name + ": " + counted(score.features, "column") + ", rank " + std::to_string(score.rank)});
  table.add({"rows", std::to_string(score.rows) +
                         (report.ignored > 0 ? " (and " + std::to_string(report.ignored) + " left out)" : "")});
  table.add({"task", task_line(score)});
  table.add({"engine", score.engine});
  table.add({"route", std::string(route_name(score.route)) + ", " + seconds_text(score.seconds)});
  return table.text() + "\n" + targets_table(score) + warning_lines(score.warnings, quiet);
}

std::string score_csv(const ScoreReport& report) {
  return "name,logme,status\n" + csv_field(report.name) + "," + exact(report.score.value) + "," +
         score_status(report.score) + "\n";
}

}  // namespace culogme::command
