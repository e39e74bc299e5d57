#include <algorithm>
#include <filesystem>
#include <memory>

#include "measures.hpp"
#include "options.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "score_report.hpp"
#include "signals.hpp"
#include "source_measures.hpp"
#include "statistics_files.hpp"
#include "subcommand.hpp"

namespace culogme::command {
namespace {

struct ScoreCommand {
  std::vector<std::string> features;
  SourceFiles sources;
  DataOptions data;
  MeasureOptions measure;
  EngineOptions engine;
  OutputOptions output;
  TargetOrder order = TargetOrder::given;
};

std::string joined(const std::vector<std::string>& specs) {
  return specs.size() == 1 ? specs.front() : specs.front() + " and " + std::to_string(specs.size() - 1) + " more";
}

/// Statistics hold their labels already, so every option about labels or precision would be silently without effect.
void refuse_data_options(const ScoreCommand& command) {
  const LabelOptions& labels = command.data.label_options;
  if (!command.data.labels.empty() || !command.data.classes.empty() || !labels.ignore_label.empty() ||
      command.data.read_options.bfloat16) {
    throw UsageError(command.features.front() +
                     " is a statistics file, which holds its labels: leave out --labels, --classes, --ignore-label "
                     "and --bf16");
  }
}

ScoreReport score_statistics(ScoreCommand& command, ProgressLine& progress) {
  refuse_data_options(command);
  Engine engine = make_engine(command.engine);
  const Statistics statistics = Statistics::load(engine, std::filesystem::path(command.features.front()));
  const std::optional<Task> task = command.data.label_options.task;
  if (task && *task != statistics.task()) {
    throw UsageError("--task is " + std::string(task_name(*task)) + ", but " + command.features.front() +
                     " holds statistics of a " + task_name(statistics.task()) + " task");
  }
  if (command.measure.precision) {
    throw UsageError("--precision is without effect on " + command.features.front() +
                     ", whose sums were taken before: it belongs to `culogme stats add`");
  }
  command.measure.score.progress = progress.callback();
  try {
    return {command.features.front(), {}, 0, score(statistics, command.measure.score), {}, {}};
  } catch (const InvalidArgument& error) {
    throw InvalidArgument(command.features.front() + ": " + error.what());
  } catch (const NumericalError& error) {
    throw NumericalError(command.features.front() + ": " + error.what());
  }
}

ScoreReport score_files(ScoreCommand& command, const std::vector<std::string>& measures, ProgressLine& progress) {
  if (command.data.labels.empty() && command.features.empty()) throw UsageError("--labels is missing");
  if (command.data.labels.empty()) {
    throw UsageError("--labels is missing (only a statistics file made by `culogme stats add` goes without; " +
                     command.features.front() + " does not start with the magic bytes of one)");
  }
  resolve_classes(command.data);
  Engine engine = make_engine(command.engine);
  std::unique_ptr<FeatureReader> features;
  if (reads_features(measures)) features = open_features(command.features, command.data.read_options);
  const LabelOptions& given = command.data.label_options;
  const Labels labels = read_labels(command.data.labels, features != nullptr ? labels_of(given, *features) : given);
  command.measure.score.progress = progress.callback();
  command.measure.score.precision = command.measure.precision.value_or(Precision::automatic);
  ScoreReport report;
  report.ignored = labels.ignored;
  if (features != nullptr) {
    report.name = joined(command.features);
    report.score = score(engine, *features, labels, command.measure.score);
  } else {
    report.score.task = labels.task;
    report.score.rows = labels.rows - labels.ignored;
    report.score.engine = engine.description();
    report.score.warnings = labels.notes;
    for (const std::string& name : labels.target_names) report.score.targets.emplace_back().name = name;
  }
  if (reads_sources(measures)) {
    const SourceFiles& files = command.sources;
    report.source_name = files.probabilities.empty() ? files.source_labels : files.probabilities;
    if (features == nullptr) report.name = report.source_name;
    report.sources = measure_sources(engine, measures, files, command.measure.softmax, labels,
                                     command.data.read_options, command.measure.score.progress);
  }
  return report;
}

/// Measures without their files, and files or options without their measure.
void check_sources(const ScoreCommand& command, const std::vector<std::string>& measures) {
  const SourceFiles& files = command.sources;
  for (const std::string& measure : measures)
    if (measure != "logme" && !can_measure(measure, false, files))
      throw UsageError("--measure " + measure + " needs --probabilities FILE" +
                       (measure == "nce" ? " or --source-labels FILE" : ""));
  const bool nce = std::find(measures.begin(), measures.end(), "nce") != measures.end(),
             leep = std::find(measures.begin(), measures.end(), "leep") != measures.end();
  if (!files.source_labels.empty() && !nce)
    throw UsageError("--source-labels is given, but only nce reads it: add it to --measure");
  if (!files.probabilities.empty() && !leep && !(nce && files.source_labels.empty()))
    throw UsageError("--probabilities is given, but no measure reads it: add leep or nce to --measure");
  if (command.measure.softmax && files.probabilities.empty())
    throw UsageError("--softmax is given, but there are no --probabilities");
  if (!command.features.empty() && !reads_features(measures))
    throw UsageError("features are given, but only logme reads them: add it to --measure");
}

int run_score(ScoreCommand& command) {
  const std::vector<std::string> measures = parse_measures(command.measure.measures);
  check_sources(command, measures);
  if (command.features.empty() && reads_features(measures)) {
    throw UsageError(
        "no features are given, expected a file, several shards, a folder of shards or - for standard input");
  }
  const auto statistics = std::find_if(command.features.begin(), command.features.end(), is_statistics_file);
  if (statistics != command.features.end() && command.features.size() > 1) {
    throw UsageError(*statistics + " is a statistics file, which goes alone: join several with `culogme stats merge`");
  }
  if (statistics != command.features.end() && reads_sources(measures)) {
    throw UsageError(*statistics +
                     " is a statistics file, but leep and nce need the labels of each row: score them by a command "
                     "of their own");
  }
  check_measure_options(command.measure);
  if (command.measure.score.standard_error && !reads_features(measures))
    throw UsageError("--standard-error is that of the evidence, which only --measure logme has");
  if (command.order != TargetOrder::given && !reads_features(measures))
    throw UsageError("--sort orders targets by their evidence, which only --measure logme has");
  std::vector<std::string> inputs = command.features;
  inputs.insert(inputs.end(), {command.data.labels, command.sources.probabilities, command.sources.source_labels});
  check_files(command.output, inputs);
  if (command.data.labels.empty() && !command.features.empty()) require_present(command.features.front());
  Output output(command.output);
  ProgressLine progress(command.output);
  ScoreReport report = statistics != command.features.end() ? score_statistics(command, progress)
                                                            : score_files(command, measures, progress);
  report.measures = measures;
  sort_targets(report, command.order);
  progress.wipe();
  check_interrupted();
  write_report(
      output, command.output.format, [&] { return score_table(report, command.output.quiet); },
      [&] { return score_json(report); }, [&] { return score_csv(report); }, report.warnings());
  return ExitCode::done;
}

}  // namespace

Run setup_score(CLI::App& app) {
  const auto command = std::make_shared<ScoreCommand>();
  app.add_option("FEATURES", command->features,
                 "FILE.npy, FILE.npz[:ARRAY], FILE.safetensors[:TENSOR], several of them or a folder as shards of one "
                 "matrix, - for .npy on standard input, or one statistics file")
      ->type_name("");
  app.add_option("--labels", command->data.labels,
                 "FILE.npy, .npz[:ARRAY], .safetensors[:TENSOR], .txt (one a line) or .csv:COLUMN")
      ->type_name("FILE");
  app.add_option("--probabilities", command->sources.probabilities,
                 "For leep and nce: what the model's own head says, rows x source classes, files as FEATURES")
      ->type_name("FILE");
  app.add_option("--source-labels", command->sources.source_labels,
                 "For nce: one source class per row, files as --labels (default: the arg-max of the probabilities)")
      ->type_name("FILE");
  add_data_options(app, command->data);
  add_measure_options(app, command->measure);
  add_engine_options(app, command->engine);
  app.add_flag("--standard-error", command->measure.score.standard_error,
               "Tell the standard error of the score and of each target too (rank always does)");
  add_choice<TargetOrder>(
      app, "--sort", command->order,
      {{"given", TargetOrder::given}, {"evidence", TargetOrder::evidence}, {"excess", TargetOrder::excess}},
      "Order of the targets in table and json: as given (default), or by evidence or its excess over the null "
      "evidence, those first that the features tell least about");
  add_output_options(app, command->output);
  app.footer(
      "Examples:\n"
      "  culogme score features.npy --labels labels.npy\n"
      "  culogme score shards/ --labels labels.csv:species --format json\n"
      "  extract | culogme score - --labels labels.npy --task regression\n"
      "  culogme score collected.stats\n"
      "  culogme score --measure leep,nce --probabilities head.npy --labels labels.npy");
  return [command] { return run_score(*command); };
}

}  // namespace culogme::command
