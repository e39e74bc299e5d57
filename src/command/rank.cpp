#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "measures.hpp"
#include "options.hpp"
#include "output.hpp"
#include "pictures.hpp"
#include "progress.hpp"
#include "rank_models.hpp"
#include "rank_report.hpp"
#include "rank_ties.hpp"
#include "signals.hpp"
#include "source_measures.hpp"
#include "subcommand.hpp"

namespace culogme::command {
namespace {

struct RankCommand {
  std::vector<std::string> models;
  std::string accuracies, column;
  DataOptions data;
  MeasureOptions measure;
  EvaluateOptions evaluate;
  EngineOptions engine;
  OutputOptions output;
  PictureOptions pictures;
};

/// All measures of a model. A measure that it has no usable files for is left out with a warning, unless it is the
/// score.
RankedModel measure_model(const RankCommand& command, Engine& engine, const Labels& labels, const ModelFiles& files,
                          const std::vector<std::string>& measures) {
  RankedModel model{files.name, {}, {}};
  const SourceFiles sources{files.probabilities, files.source_labels};
  std::vector<std::string> possible;
  for (const std::string& measure : measures) {
    if (can_measure(measure, !files.features.empty(), sources)) {
      possible.push_back(measure);
      continue;
    }
    if (measure == measures.front())
      throw InvalidArgument("no " + measure + ": there are no " + (measure == "logme" ? "features" : "probabilities"));
  }
  if (reads_features(possible)) {
    const std::unique_ptr<FeatureReader> features = open_features(files.features, command.data.read_options);
    model.score = score(engine, *features, labels, command.measure.score);
  } else {
    model.score.task = labels.task;
    model.score.rows = labels.rows - labels.ignored;
  }
  try {
    model.sources = measure_sources(engine, possible, sources, command.measure.softmax, labels,
                                    command.data.read_options, command.measure.score.progress);
  } catch (const Error& error) {
    // The score stands without them.
    if (measures.front() != "logme") throw;
    model.sources_error = error.what();
    std::string names;
    for (const std::string& measure : possible)
      if (measure != "logme") names += (names.empty() ? "" : " and ") + measure;
    model.warnings.push_back("no " + names + ": " + model.sources_error);
  }
  for (const std::string& measure : measures)
    model.values.push_back(measure_value(measure, reads_features(possible) ? &model.score : nullptr, model.sources));
  model.warnings.insert(model.warnings.end(), model.score.warnings.begin(), model.score.warnings.end());
  for (const std::optional<SourceScore>* part : {&model.sources.leep, &model.sources.nce})
    if (*part) model.warnings.insert(model.warnings.end(), (*part)->warnings.begin(), (*part)->warnings.end());
  return model;
}

/// A model that cannot be scored must not keep the others from being ranked.
void score_models(RankCommand& command, Engine& engine, const Labels& labels, const std::vector<ModelFiles>& models,
                  RankReport& report) {
  ProgressLine progress(command.output);
  command.measure.score.progress = progress.callback();
  command.measure.score.standard_error = command.measure.score.procedure == Procedure::maximum;
  command.measure.score.precision = command.measure.precision.value_or(Precision::automatic);
  for (std::size_t i = 0; i < models.size(); ++i) {
    check_interrupted();
    progress.label("[" + std::to_string(i + 1) + "/" + std::to_string(models.size()) + "] " + models[i].name);
    try {
      report.models.push_back(measure_model(command, engine, labels, models[i], report.measures));
    } catch (const Error& error) {
      report.failed.push_back({models[i].name, error.what()});
    } catch (const std::bad_alloc&) {
      report.failed.push_back({models[i].name, "out of memory"});
    }
  }
}

/// The models' own warnings; one that several models share is given once, without a name.
std::vector<std::string> model_warnings(const std::vector<RankedModel>& models) {
  std::vector<std::string> warnings;
  for (const RankedModel& model : models) {
    for (const std::string& warning : model.warnings) {
      const auto has = [&warning](const RankedModel& other) {
        const std::vector<std::string>& theirs = other.warnings;
        return std::find(theirs.begin(), theirs.end(), warning) != theirs.end();
      };
      const bool shared = models.size() > 1 && std::all_of(models.begin(), models.end(), has);
      std::string text = shared ? warning : model.name + ": " + warning;
      if (std::find(warnings.begin(), warnings.end(), text) == warnings.end()) warnings.push_back(std::move(text));
    }
  }
  return warnings;
}

/// One sentence for each measure that some models have no files for.
std::vector<std::string> missing_measures(const RankReport& report) {
  constexpr std::size_t named_models = 10;
  std::vector<std::string> warnings;
  for (std::size_t i = 0; i < report.measures.size(); ++i) {
    std::string names;
    std::size_t count = 0;
    for (const RankedModel& model : report.models)
      if (std::isnan(model.values[i]) && model.sources_error.empty() && ++count <= named_models)
        names += (names.empty() ? "" : ", ") + model.name;
    if (count > named_models) names += " and " + std::to_string(count - named_models) + " more";
    if (count > 0)
      warnings.push_back("no " + report.measures[i] + " for " + names + ": there are no " +
                         (report.measures[i] == "logme" ? "features" : "probabilities"));
  }
  return warnings;
}

void compare_with_accuracies(RankReport& report) {
  if (!report.accuracies || report.models.empty()) return;
  for (std::size_t i = 0; i < report.measures.size(); ++i) {
    std::vector<std::string> names;
    std::vector<double> scores;
    std::vector<std::string> without;  // said when they were measured
    for (const RankedModel& model : report.models) {
      if (std::isnan(model.values[i])) {
        without.push_back(model.name);
        continue;
      }
      names.push_back(model.name);
      scores.push_back(model.values[i]);
    }
    if (names.empty()) continue;
    Comparison comparison = compare(report.measures[i], names, scores, *report.accuracies, report.evaluate_options);
    // Failed models are listed as such already.
    for (const FailedModel& model : report.failed) without.push_back(model.name);
    std::erase_if(comparison.without_row, [&without](const std::string& name) {
      return std::find(without.begin(), without.end(), name) != without.end();
    });
    for (std::string& warning : comparison_warnings(comparison, report.accuracies->column))
      if (std::find(report.warnings.begin(), report.warnings.end(), warning) == report.warnings.end())
        report.warnings.push_back(std::move(warning));
    report.comparisons.push_back(std::move(comparison));
  }
}

bool is_stream(const std::string& path) {
  std::error_code error;
  return path == "-" || std::filesystem::is_fifo(path, error) || std::filesystem::is_character_file(path, error);
}

/// Labels that come as a stream may have no end: more than the rows of the longest matrix are not read. Nothing limits
/// them where the rows of a model are not known before its files are read.
LabelOptions stream_labels_of(const RankCommand& command, const std::string& labels,
                              const std::vector<ModelFiles>& models) {
  LabelOptions options = command.data.label_options;
  if (!is_stream(labels)) return options;
  const auto count = [&](const std::vector<std::string>& files) {
    try {
      options.most_rows =
          std::max(options.most_rows.value_or(0), open_features(files, command.data.read_options)->rows());
    } catch (const Error&) {
      // Said of the model when it is measured.
    }
  };
  for (const ModelFiles& model : models) {
    // A stream can be opened only once.
    const bool unknown = !model.source_labels.empty() || is_stream(model.probabilities) ||
                         std::any_of(model.features.begin(), model.features.end(), is_stream);
    if (unknown) return command.data.label_options;
    if (!model.features.empty()) count(model.features);
    if (!model.probabilities.empty()) count({model.probabilities});
  }
  return options;
}

int run_rank(RankCommand& command) {
  const auto started = std::chrono::steady_clock::now();
  RankReport report;
  report.measures = parse_measures(command.measure.measures);
  report.procedure = command.measure.score.procedure;
  report.evaluate_options = command.evaluate;
  check_measure_options(command.measure);
  if (command.measure.softmax && !reads_sources(report.measures))
    throw UsageError("--softmax is given, but no measure reads probabilities: add leep or nce to --measure");
  resolve_classes(command.data);
  if (command.models.size() == 1 && command.models.front().find('=') == std::string::npos)
    require_present(command.models.front());
  Candidates candidates = find_candidates(command.models);
  if (!command.data.labels.empty()) candidates.labels = command.data.labels;
  if (candidates.labels.empty()) throw UsageError("--labels is missing");
  if (!command.accuracies.empty()) candidates.accuracies = read_table(command.accuracies);
  if (candidates.accuracies) {
    report.accuracies = pick_accuracies(*candidates.accuracies, command.column);
  } else if (!command.column.empty()) {
    throw UsageError("--accuracy-column is given, but there are no accuracies: give --accuracies FILE");
  }
  std::vector<std::string> inputs = {candidates.labels, command.accuracies};
  for (const ModelFiles& model : candidates.models) {
    if (reads_features(report.measures)) inputs.insert(inputs.end(), model.features.begin(), model.features.end());
    if (reads_sources(report.measures)) inputs.insert(inputs.end(), {model.probabilities, model.source_labels});
  }
  check_files(command.output, inputs);
  Output output(command.output);
  Pictures pictures(command.pictures, command.output, inputs);
  command.measure.score.eigenvalues = pictures.needs_eigenvalues();
  Engine engine = make_engine(command.engine);
  report.engine = engine.description();
  const Labels labels = read_labels(candidates.labels, stream_labels_of(command, candidates.labels, candidates.models));
  report.task = labels.task;
  report.ignored = labels.ignored;
  score_models(command, engine, labels, candidates.models, report);
  check_interrupted();

  sort_models(report.models);
  if (report.measures.front() == "logme") compare_models(report.models);
  report.warnings = model_warnings(report.models);
  for (std::string& warning : missing_measures(report)) report.warnings.push_back(std::move(warning));
  if (report.measures.front() == "logme")
    if (std::string warning = close_calls(report.models); !warning.empty())
      report.warnings.push_back(std::move(warning));
  compare_with_accuracies(report);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  std::vector<std::string> beside_csv = report.warnings;
  for (const FailedModel& model : report.failed)
    beside_csv.push_back("failed: " + printable(model.name) + ": " + printable(model.error));
  write_report(
      output, command.output.format, [&] { return rank_table(report, command.output.quiet); },
      [&] { return rank_json(report); }, [&] { return rank_csv(report); }, beside_csv);
  pictures.write(report);
  return report.failed.empty() ? ExitCode::done : ExitCode::unscorable;
}

}  // namespace

Run setup_rank(CLI::App& app) {
  const auto command = std::make_shared<RankCommand>();
  app.add_option("MODELS", command->models,
                 "NAME=FEATURES pairs; or one folder with labels.* and NAME.npy, .npz or .safetensors per model, and "
                 "for leep and nce NAME.probabilities.npy; or one manifest .csv with the columns name, features and "
                 "optionally probabilities, source_labels, accuracy")
      ->type_name("");
  app.add_option("--labels", command->data.labels, "Labels of the rows (default: labels.* of the folder)")
      ->type_name("FILE");
  app.add_option("--accuracies", command->accuracies,
                 "Known accuracies, CSV by name (default: accuracies.csv of the folder, or the manifest's column)")
      ->type_name("FILE");
  add_evaluate_options(app, command->evaluate, command->column);
  add_data_options(app, command->data);
  add_measure_options(app, command->measure);
  add_engine_options(app, command->engine);
  add_output_options(app, command->output);
  add_picture_options(app, command->pictures);
  app.footer(
      "Examples:\n"
      "  culogme rank --labels labels.npy resnet=resnet.npy vit=vit.safetensors:pooled\n"
      "  culogme rank models/\n"
      "  culogme rank manifest.csv --labels labels.txt --format json\n"
      "  culogme rank models/ --format csv --output scores.csv\n"
      "  culogme rank models/ --measure logme,leep,nce\n"
      "  culogme rank models/ --report ranking.html --plot ranking.svg");
  return [command] { return run_rank(*command); };
}

}  // namespace culogme::command
