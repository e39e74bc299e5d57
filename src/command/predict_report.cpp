#include "predict_report.hpp"

#include <algorithm>

#include "output.hpp"
#include "score_report.hpp"

namespace culogme::command {
namespace {

constexpr std::size_t shown_rows = 20, shown_targets = 4;

bool classifies(const PredictReport& report) { return report.score.task == Task::classification; }

std::string label_name(const PredictReport& report, const PredictedRow& row) {
  return row.label < 0 ? std::string() : report.score.targets[static_cast<std::size_t>(row.label)].name;
}

std::string mean_text(const PredictReport& report, const PredictedRow& row, std::size_t target) {
  std::string text = general(row.mean[target], 6);
  if (!report.left_out) text.append(" +- ").append(general(row.deviation[target], 3));
  return text;
}

}  // namespace

std::string predict_csv(const PredictReport& report, bool all_targets) {
  const bool classes = classifies(report), targets = !classes || all_targets;
  std::string text = "row";
  if (classes) text.append(",label,probability");
  for (const TargetFit& target : report.score.targets) {
    if (!targets) break;
    text += "," + csv_field("mean:" + target.name);
    if (!report.left_out) text += "," + csv_field("deviation:" + target.name);
  }
  text += "\n";
  for (const PredictedRow& row : report.rows) {
    text += std::to_string(row.row);
    if (classes) text += "," + csv_field(label_name(report, row)) + "," + general(row.probability, 6);
    for (std::size_t k = 0; targets && k < row.mean.size(); ++k) {
      text.append(",").append(exact(row.mean[k]));
      if (!report.left_out) text.append(",").append(exact(row.deviation[k]));
    }
    text += "\n";
  }
  return text;
}

nlohmann::ordered_json predict_json(const PredictReport& report, bool all_targets) {
  const bool classes = classifies(report);
  nlohmann::ordered_json object = json_header("predict", report.score, "logme");
  object["name"] = report.name;
  object["of"] = report.of;
  object["score"] = json_number(report.score.value);
  object["leave_one_out"] = report.left_out;
  if (report.left_out) {
    if (classes) object["accuracy"] = json_number(report.accuracy);
    for (const double value : report.error) object["rmse"].push_back(json_number(value));
    for (const double value : report.determined) object["r_squared"].push_back(json_number(value));
  }
  object["targets"] = nlohmann::ordered_json::array();
  for (const TargetFit& target : report.score.targets) object["targets"].push_back(target.name);
  object["rows"] = report.rows.size();
  object["predictions"] = nlohmann::ordered_json::array();
  for (const PredictedRow& row : report.rows) {
    nlohmann::ordered_json entry = {{"row", row.row}};
    if (classes) {
      entry["label"] =
          row.label < 0 ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(label_name(report, row));
      entry["probability"] = json_number(row.probability);
    }
    if (!classes || all_targets) {
      entry["mean"] = nlohmann::ordered_json::array();
      for (const double value : row.mean) entry["mean"].push_back(json_number(value));
      if (!report.left_out) entry["deviation"] = nlohmann::ordered_json::array();
      for (const double value : row.deviation) entry["deviation"].push_back(json_number(value));
    }
    object["predictions"].push_back(std::move(entry));
  }
  object["warnings"] = report.score.warnings;
  return object;
}

std::string predict_table(const PredictReport& report, bool quiet) {
  const bool classes = classifies(report);
  const std::size_t targets = classes ? 0 : std::min(shown_targets, report.score.targets.size());
  std::string text = report.of + " from " + report.name + ", " + task_line(report.score) + "\n";
  std::vector<Align> columns = {Align::right};
  std::vector<std::string> head = {"row"};
  if (classes) {
    columns.insert(columns.end(), {Align::left, Align::right});
    head.insert(head.end(), {"label", "probability"});
  }
  for (std::size_t k = 0; k < targets; ++k) {
    columns.push_back(Align::right);
    head.push_back(report.score.targets[k].name);
  }
  TextTable table(columns);
  table.add(head);
  const std::size_t shown = std::min(shown_rows, report.rows.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const PredictedRow& row = report.rows[i];
    std::vector<std::string> cells = {std::to_string(row.row)};
    if (classes) cells.insert(cells.end(), {label_name(report, row), fixed(row.probability, 3)});
    for (std::size_t k = 0; k < targets; ++k) cells.push_back(mean_text(report, row, k));
    table.add(cells);
  }
  text += table.text();
  if (shown < report.rows.size())
    text += "... and " + std::to_string(report.rows.size() - shown) + " more (all of them with --format csv)\n";
  if (targets < report.score.targets.size() && !classes)
    text += "... and " + std::to_string(report.score.targets.size() - targets) + " more targets\n";
  if (report.left_out && classes) text += "accuracy without the row itself " + fixed(report.accuracy, 4) + "\n";
  for (std::size_t k = 0; report.left_out && !classes && k < report.error.size(); ++k)
    text += report.score.targets[k].name + ": root mean squared error without the row itself " +
            general(report.error[k], 6) + ", R^2 " + fixed(report.determined[k], 4) + "\n";
  return text + warning_lines(report.score.warnings, quiet);
}

}  // namespace culogme::command
