#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>

#include "options.hpp"
#include "output.hpp"
#include "predict_report.hpp"
#include "progress.hpp"
#include "row_stream.hpp"
#include "signals.hpp"
#include "statistics_files.hpp"
#include "subcommand.hpp"

namespace culogme::command {
namespace {

constexpr std::int64_t block_rows = 4096;

struct PredictCommand {
  std::vector<std::string> learned, rows;
  DataOptions data;
  MeasureOptions measure;
  EngineOptions engine;
  OutputOptions output;
  bool leave_one_out = false, all_targets = false;
};

/// What is learned from: a statistics file, or features with labels, which are kept for leaving rows out.
struct Source {
  std::optional<Statistics> statistics;
  std::unique_ptr<FeatureReader> features;
  Labels labels;
};

Source load_statistics(const PredictCommand& command, Engine& engine) {
  if (command.learned.size() > 1)
    throw UsageError(command.learned.front() +
                     " is a statistics file, which goes alone; the rows to predict for are given with --rows");
  if (!command.data.labels.empty())
    throw UsageError(command.learned.front() + " is a statistics file, which holds its labels: leave out --labels");
  if (command.leave_one_out)
    throw UsageError("--leave-one-out needs the features themselves, " + command.learned.front() +
                     " holds their sums only");
  Source source;
  source.statistics.emplace(Statistics::load(engine, std::filesystem::path(command.learned.front())));
  return source;
}

Source learn(PredictCommand& command, Engine& engine, ProgressLine& progress) {
  if (command.data.labels.empty())
    throw UsageError("--labels is missing (only a statistics file made by `culogme stats add` goes without)");
  resolve_classes(command.data);
  Source source;
  source.features = open_features(command.learned, command.data.read_options);
  FeatureReader& features = *source.features;
  source.labels = read_labels(command.data.labels, labels_of(command.data.label_options, features));
  const StatisticsOptions options = {source.labels.task, command.measure.precision.value_or(Precision::f64),
                                     source.labels.target_names};
  source.statistics.emplace(engine, features.cols(), source.labels.targets(), options);
  add_rows(*source.statistics, features, source.labels, 0, progress.callback());
  return source;
}

void append(PredictReport& report, std::int64_t first, const Prediction& prediction, const Posterior& posterior) {
  const auto targets = static_cast<std::size_t>(prediction.targets);
  ClassPrediction classes;
  if (report.score.task == Task::classification) classes = posterior.classes(prediction);
  for (std::size_t i = 0; i < static_cast<std::size_t>(prediction.rows); ++i) {
    PredictedRow row;
    row.row = first + static_cast<std::int64_t>(i);
    const auto begin = static_cast<std::ptrdiff_t>(i * targets), end = begin + static_cast<std::ptrdiff_t>(targets);
    row.mean.assign(prediction.mean.begin() + begin, prediction.mean.begin() + end);
    if (!prediction.deviation.empty())
      row.deviation.assign(prediction.deviation.begin() + begin, prediction.deviation.begin() + end);
    if (!classes.label.empty()) {
      row.label = classes.label[i];
      if (row.label >= 0) row.probability = classes.probability[i * targets + static_cast<std::size_t>(row.label)];
    }
    report.rows.push_back(std::move(row));
  }
}

/// Calls work(block, first row) for all rows; errors get the file's name.
template <class Work>
void each_block(FeatureReader& features, const std::function<void(const Progress&)>& progress, const Work& work) {
  for (std::int64_t row = 0; row < features.rows();) {
    progress({"prediction", row, features.rows(), features.bytes_read()});
    const MatrixView block = features.next(block_rows);
    if (block.rows == 0)
      throw FileError(features.name() + " ended after " + std::to_string(row) + " of " +
                      std::to_string(features.rows()) + " rows");
    try {
      work(block, row);
    } catch (const NumericalError& error) {
      throw NumericalError(features.name() + ", rows from " + std::to_string(row) + " on: " + error.what());
    }
    row += block.rows;
  }
}

void predict_rows(const PredictCommand& command, const Posterior& posterior, ProgressLine& progress,
                  PredictReport& report) {
  const std::unique_ptr<FeatureReader> rows = open_features(command.rows, command.data.read_options);
  if (rows->cols() != posterior.features())
    throw InvalidArgument(rows->name() + " has " + counted(rows->cols(), "column") + ", but " + report.name + " has " +
                          std::to_string(posterior.features()));
  report.of = rows->name();
  each_block(*rows, progress.callback(), [&](const MatrixView& block, std::int64_t first) {
    append(report, first, posterior.predict(block), posterior);
  });
}

/// Sums for the errors of one target.
struct Errors {
  double squares = 0, sum = 0, total = 0;
  std::int64_t rows = 0;
};

void leave_out(Source& source, const Posterior& posterior, ProgressLine& progress, PredictReport& report) {
  FeatureReader& features = *source.features;
  const Labels& labels = source.labels;
  if (!features.rewind())
    throw FileError(features.name() + " cannot be read a second time, which --leave-one-out needs");
  report.of = "each row without itself";
  report.left_out = true;
  const bool classes = labels.task == Task::classification;
  const std::int64_t targets = labels.targets();
  std::vector<Errors> errors(static_cast<std::size_t>(targets));
  std::int64_t right = 0, counted_rows = 0;
  each_block(features, progress.callback(), [&](const MatrixView& block, std::int64_t first) {
    Prediction prediction{block.rows, targets, {}, {}};
    std::vector<std::int32_t> ids;
    if (classes)
      for (std::int64_t i = 0; i < block.rows; ++i)
        ids.push_back(std::max(0, labels.ids[static_cast<std::size_t>(first + i)]));  // ignored ones are dropped below
    const double* const responses = classes ? nullptr : labels.responses.data() + first * targets;
    prediction.mean = classes
                          ? posterior.leave_one_out(block, label_view(Memory::host, ids.data(), block.rows))
                          : posterior.leave_one_out(block, matrix_view(Memory::host, responses, block.rows, targets));
    for (std::int64_t i = 0; i < block.rows * targets; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const double truth = classes ? (ids[static_cast<std::size_t>(i / targets)] == i % targets ? 1 : 0) : responses[i];
      Errors& e = errors[static_cast<std::size_t>(i % targets)];
      e.squares += prediction.mean[at] * prediction.mean[at];
      e.sum += truth;
      e.total += truth * truth;
      ++e.rows;
      prediction.mean[at] = truth - prediction.mean[at];
    }
    const std::size_t before = report.rows.size();
    append(report, first, prediction, posterior);
    if (!classes) return;
    const auto ignored = [&](const PredictedRow& row) { return labels.ids[static_cast<std::size_t>(row.row)] < 0; };
    report.rows.erase(
        std::remove_if(report.rows.begin() + static_cast<std::ptrdiff_t>(before), report.rows.end(), ignored),
        report.rows.end());
    for (std::size_t i = before; i < report.rows.size(); ++i, ++counted_rows)
      right += report.rows[i].label == labels.ids[static_cast<std::size_t>(report.rows[i].row)] ? 1 : 0;
  });
  if (classes)
    report.accuracy = static_cast<double>(right) / static_cast<double>(std::max<std::int64_t>(1, counted_rows));
  for (const Errors& e : errors) {
    if (classes) break;
    const double n = static_cast<double>(e.rows), spread = e.total - e.sum * e.sum / n;
    report.error.push_back(std::sqrt(e.squares / n));
    report.determined.push_back(1 - e.squares / spread);
  }
}

int run_predict(PredictCommand& command) {
  if (command.learned.empty())
    throw UsageError("nothing to learn from is given, expected a statistics file, or features with --labels");
  if (command.rows.empty() == !command.leave_one_out)
    throw UsageError(command.leave_one_out ? "--leave-one-out predicts for the features themselves: leave out --rows"
                                           : "--rows is missing: the features of the rows to predict for");
  if (command.measure.measures != "logme")
    throw UsageError("--measure is " + command.measure.measures + "; only logme has a posterior to predict with");
  if (command.measure.score.procedure == Procedure::reference)
    throw UsageError("--procedure reference maximises no evidence: predictions need the maximum");
  std::vector<std::string> inputs = command.learned;
  inputs.insert(inputs.end(), command.rows.begin(), command.rows.end());
  inputs.push_back(command.data.labels);
  check_files(command.output, inputs);
  Output output(command.output);
  ProgressLine progress(command.output);
  Engine engine = make_engine(command.engine);
  const bool file = std::any_of(command.learned.begin(), command.learned.end(), is_statistics_file);
  Source source = file ? load_statistics(command, engine) : learn(command, engine, progress);
  command.measure.score.progress = progress.callback();
  const Posterior posterior(*source.statistics, command.measure.score);
  PredictReport report;
  report.name = file ? command.learned.front() : source.features->name();
  report.score = posterior.score();
  if (command.leave_one_out)
    leave_out(source, posterior, progress, report);
  else
    predict_rows(command, posterior, progress, report);
  progress.wipe();
  check_interrupted();
  write_report(
      output, command.output.format, [&] { return predict_table(report, command.output.quiet); },
      [&] { return predict_json(report, command.all_targets); },
      [&] { return predict_csv(report, command.all_targets); }, report.score.warnings);
  return ExitCode::done;
}

}  // namespace

Run setup_predict(CLI::App& app) {
  const auto command = std::make_shared<PredictCommand>();
  app.add_option("LEARNED", command->learned,
                 "what to learn from: one statistics file, or features (files, shards or a folder) with --labels")
      ->type_name("");
  app.add_option("--labels", command->data.labels, "Labels of the features to learn from")->type_name("FILE");
  app.add_option("--rows", command->rows, "Features of the rows to predict for")->type_name("FILE...");
  app.add_flag("--leave-one-out", command->leave_one_out,
               "Predict each row that is learned from without itself, and tell how good that is");
  app.add_flag("--all-targets", command->all_targets, "Means and deviations of all classes too (json and csv)");
  add_data_options(app, command->data);
  add_measure_options(app, command->measure);
  add_engine_options(app, command->engine);
  add_output_options(app, command->output);
  app.footer(
      "Examples:\n"
      "  culogme predict collected.stats --rows new.npy --format csv\n"
      "  culogme predict features.npy --labels labels.npy --rows new.npy\n"
      "  culogme predict features.npy --labels sizes.npy --task regression --leave-one-out");
  return [command] { return run_predict(*command); };
}

}  // namespace culogme::command
