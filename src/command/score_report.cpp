#include "score_report.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

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

/// What the features add to the model without any: comparable between classes of any size.
double excess(const TargetFit& target) { return target.evidence - target.null_evidence; }

/// Mean excess of the targets that have a null evidence: of zeros, which the published procedure scores, there is none.
double mean_excess(const Score& score) {
  double sum = 0, count = 0;
  for (const TargetFit& target : score.targets) {
    if (target.status == TargetStatus::empty || !std::isfinite(target.null_evidence)) continue;
    sum += excess(target);
    ++count;
  }
  return sum / count;
}

nlohmann::ordered_json target_json(const TargetFit& target) {
  const bool scored = target.status != TargetStatus::empty;
  const auto number = [scored](double value) { return scored ? json_number(value) : nlohmann::ordered_json(nullptr); };
  return {{"name", target.name},
          {"rows", target.rows},
          {"evidence", number(target.evidence)},
          {"null_evidence", number(target.null_evidence)},
          {"excess", number(excess(target))},
          {"alpha", number(target.alpha)},
          {"beta", number(target.beta)},
          {"gamma", number(target.gamma)},
          {"error_bound", number(target.error_bound)},
          {"error_estimate", number(target.error_estimate)},
          {"standard_error", number(target.standard_error)},
          {"iterations", target.iterations},
          {"status", status_name(target.status)}};
}

/// What each class adds to LEEP and NCE: means over its rows.
void add_source_classes(nlohmann::ordered_json& targets, const ScoreReport& report) {
  const auto add = [&targets](const char* measure, const std::optional<SourceScore>& score) {
    if (!score) return;
    for (std::size_t y = 0; y < score->classes.size(); ++y) {
      const SourceClass& one = score->classes[y];
      targets[y]["rows"] = one.rows;
      targets[y][measure] = one.rows > 0 ? json_number(one.value) : nlohmann::ordered_json(nullptr);
    }
  };
  add("leep", report.sources.leep);
  add("nce", report.sources.nce);
}

std::string source_classes_table(const ScoreReport& report) {
  TextTable table({Align::left, Align::right, Align::right, Align::right});
  table.add({"class", "rows", report.sources.leep ? "leep" : "", report.sources.nce ? "nce" : ""});
  const std::vector<SourceClass>& classes =
      report.sources.leep ? report.sources.leep->classes : report.sources.nce->classes;
  const std::size_t shown = std::min(shown_targets, classes.size());
  const auto cell_of = [](const std::optional<SourceScore>& score, std::size_t y) {
    return !score ? std::string() : score->classes[y].rows == 0 ? "-" : general(score->classes[y].value, digits);
  };
  for (std::size_t y = 0; y < shown; ++y)
    table.add({report.score.targets[y].name, std::to_string(classes[y].rows), cell_of(report.sources.leep, y),
               cell_of(report.sources.nce, y)});
  std::string text = table.text();
  if (shown < classes.size())
    text += "... and " + std::to_string(classes.size() - shown) + " more (all of them with --format json)\n";
  return text;
}

std::string targets_table(const Score& score) {
  TextTable table({Align::left, Align::right, Align::right, Align::right, Align::right, Align::right, Align::right,
                   Align::right, Align::right, Align::left});
  table.add({score.task == Task::classification ? "class" : "target", "rows", "evidence", "null", "excess", "alpha",
             "beta", "gamma", "steps", "status"});
  const std::size_t shown = std::min(shown_targets, score.targets.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const TargetFit& target = score.targets[i];
    table.add({target.name, std::to_string(target.rows), cell(target, target.evidence, digits),
               cell(target, target.null_evidence, digits), cell(target, excess(target), 4),
               cell(target, target.alpha, 4), cell(target, target.beta, 4), cell(target, target.gamma, 4),
               std::to_string(target.iterations), status_name(target.status)});
  }
  std::string text = table.text();
  if (shown < score.targets.size()) {
    text += "... and " + std::to_string(score.targets.size() - shown) + " more (all of them with --format json)\n";
  }
  return text;
}

template <class T>
void permute(std::vector<T>& values, const std::vector<std::size_t>& order) {
  std::vector<T> sorted;
  for (const std::size_t at : order) sorted.push_back(std::move(values[at]));
  values = std::move(sorted);
}

}  // namespace

void sort_targets(ScoreReport& report, TargetOrder order) {
  if (order == TargetOrder::given) return;
  const std::vector<TargetFit>& targets = report.score.targets;
  std::vector<std::size_t> places(targets.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  const auto key = [&](std::size_t at) {
    const TargetFit& target = targets[at];
    const double value = order == TargetOrder::evidence ? target.evidence : excess(target);
    return std::pair(target.status == TargetStatus::empty, target.status == TargetStatus::empty ? 0 : value);
  };
  std::stable_sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  if (report.sources.leep) permute(report.sources.leep->classes, places);
  if (report.sources.nce) permute(report.sources.nce->classes, places);
  permute(report.score.targets, places);
}

double ScoreReport::value(const std::string& measure) const {
  return measure_value(measure, has_logme() ? &score : nullptr, sources);
}

std::vector<std::string> ScoreReport::warnings() const {
  std::vector<std::string> all = score.warnings;
  for (const std::optional<SourceScore>* part : {&sources.leep, &sources.nce})
    if (*part) all.insert(all.end(), (*part)->warnings.begin(), (*part)->warnings.end());
  return all;
}

std::string value_status(double value) { return std::isinf(value) ? "unbounded" : "ok"; }
std::string task_cells(Task task, const Score* score) {
  return std::string(",") + task_name(task) + "," + (score == nullptr ? "" : score->intercept ? "on" : "off");
}
std::string score_status(const Score& score) { return value_status(score.value); }

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
  const nlohmann::ordered_json none = nullptr;
  const bool logme = report.has_logme(), logme_first = report.measures.front() == "logme";
  const double value = report.value(report.measures.front());
  object["features"] = logme ? nlohmann::ordered_json(score.features) : none;
  object["rank"] = logme ? nlohmann::ordered_json(score.rank) : none;
  object["route"] = logme ? nlohmann::ordered_json(route_name(score.route)) : none;
  object["route_reason"] = logme ? nlohmann::ordered_json(score.route_reason) : none;
  if (reads_sources(report.measures)) object["source_classes"] = report.sources.source_classes();
  object["status"] = value_status(value);
  object["score"] = json_number(value);
  object["error_bound"] = logme_first ? json_number(score.error_bound) : none;
  object["error_estimate"] = logme_first ? json_number(score.error_estimate) : none;
  object["standard_error"] = logme_first ? json_number(score.standard_error) : none;
  object["null_score"] = logme_first ? json_number(score.null_value) : none;
  object["excess"] = logme_first ? json_number(mean_excess(score)) : none;
  for (const std::string& measure : report.measures) object["measures"][measure] = json_number(report.value(measure));
  object["targets"] = nlohmann::ordered_json::array();
  for (const TargetFit& target : score.targets)
    object["targets"].push_back(logme ? target_json(target) : nlohmann::ordered_json{{"name", target.name}});
  add_source_classes(object["targets"], report);
  object["warnings"] = report.warnings();
  object["seconds"] = {{"total", score.seconds.total + report.sources.seconds},
                       {"read", score.seconds.read},
                       {"statistics", score.seconds.statistics},
                       {"spectrum", score.seconds.spectrum},
                       {"evidence", score.seconds.evidence}};
  if (reads_sources(report.measures)) object["seconds"]["sources"] = report.sources.seconds;
  return object;
}

std::string score_table(const ScoreReport& report, bool quiet) {
  const Score& score = report.score;
  const bool logme = report.has_logme();
  TextTable table({Align::left, Align::left});
  for (const std::string& measure : report.measures) table.add({measure, fixed(report.value(measure), digits)});
  if (logme) {
    const std::string of = report.measures.size() > 1 ? " (logme)" : "";
    const auto add_error = [&](const char* name, double error) {
      if (!std::isnan(error)) table.add({name, general(error, 2) + of});
    };
    add_error("error bound", score.error_bound);
    add_error("error estimate", score.error_estimate);
    add_error("standard error", score.standard_error);
    table.add({"null score", fixed(score.null_value, digits) + of});
    table.add(
        {"features", report.name + ": " + counted(score.features, "column") + ", rank " + std::to_string(score.rank)});
  }
  if (reads_sources(report.measures))
    table.add({"source", report.source_name + ": " + std::to_string(report.sources.source_classes()) +
                             (report.sources.source_classes() == 1 ? " source class" : " source classes")});
  table.add({"rows", std::to_string(score.rows) +
                         (report.ignored > 0 ? " (and " + std::to_string(report.ignored) + " left out)" : "")});
  table.add({"task", logme ? task_line(score)
                           : std::string(task_name(score.task)) + ", " +
                                 counted(static_cast<std::int64_t>(score.targets.size()), "class")});
  table.add({"engine", score.engine});
  if (logme)
    table.add({"route", std::string(route_name(score.route)) + ", " + seconds_text(score.seconds)});
  else
    table.add({"time", fixed(report.sources.seconds, 3) + " s"});
  return table.text() + "\n" + (logme ? targets_table(score) : source_classes_table(report)) +
         warning_lines(report.warnings(), quiet);
}

std::string score_csv(const ScoreReport& report) {
  std::string header = "name", line = csv_field(report.name);
  for (const std::string& measure : report.measures) {
    header += "," + measure;
    line += "," + exact(report.value(measure));
  }
  return header + ",status,task,intercept\n" + line + "," + value_status(report.value(report.measures.front())) +
         task_cells(report.score.task, reads_features(report.measures) ? &report.score : nullptr) + "\n";
}

}  // namespace culogme::command
