#include <algorithm>
#include <chrono>
#include <memory>

#include <nlohmann/json.hpp>

#include "measures.hpp"
#include "options.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "rank_models.hpp"
#include "rank_report.hpp"
#include "signals.hpp"
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
};

/// A model that cannot be scored must not keep the others from being ranked.
void score_models(RankCommand& command, Engine& engine, const Labels& labels, const std::vector<ModelFiles>& models,
                  RankReport& report) {
  ProgressLine progress(command.output);
  command.measure.score.progress = progress.callback();
  command.measure.score.precision = command.measure.precision.value_or(Precision::automatic);
  for (std::size_t i = 0; i < models.size(); ++i) {
    check_interrupted();
    progress.label("[" + std::to_string(i + 1) + "/" + std::to_string(models.size()) + "] " + models[i].name);
    try {
      const std::unique_ptr<FeatureReader> features = open_features(models[i].features, command.data.read_options);
      report.models.push_back({models[i].name, score(engine, *features, labels, command.measure.score)});
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
    for (const std::string& warning : model.score.warnings) {
      const auto has = [&warning](const RankedModel& other) {
        const std::vector<std::string>& theirs = other.score.warnings;
        return std::find(theirs.begin(), theirs.end(), warning) != theirs.end();
      };
      const bool shared = models.size() > 1 && std::all_of(models.begin(), models.end(), has);
      std::string text = shared ? warning : model.name + ": " + warning;
      if (std::find(warnings.begin(), warnings.end(), text) == warnings.end()) warnings.push_back(std::move(text));
    }
  }
  return warnings;
}

void compare_with_accuracies(RankReport& report) {
  if (!report.accuracies || report.models.empty()) return;
  std::vector<std::string> names;
  std::vector<double> scores;
  for (const RankedModel& model : report.models) {
    names.push_back(model.name);
    scores.push_back(model.score.value);
  }
  report.comparison = compare(report.measures.front(), names, scores, *report.accuracies, report.evaluate_options);
  // Failed models are listed as such already.
  std::erase_if(report.comparison->without_row, [&report](const std::string& name) {
    return std::any_of(report.failed.begin(), report.failed.end(),
                       [&name](const FailedModel& model) { return model.name == name; });
  });
  for (std::string& warning : comparison_warnings(*report.comparison, report.accuracies->column)) {
    report.warnings.push_back(std::move(warning));
  }
}

int run_rank(RankCommand& command) {
  const auto started = std::chrono::steady_clock::now();
  RankReport report;
  report.measures = parse_measures(command.measure.measures);
  report.procedure = command.measure.score.procedure;
  report.evaluate_options = command.evaluate;
  check_measure_options(command.measure);
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
  for (const ModelFiles& model : candidates.models)
    inputs.insert(inputs.end(), model.features.begin(), model.features.end());
  check_files(command.output, inputs);
  Output output(command.output);
  Engine engine = make_engine(command.engine);
  report.engine = engine.description();
  const Labels labels = read_labels(candidates.labels, command.data.label_options);
  report.task = labels.task;
  report.ignored = labels.ignored;
  score_models(command, engine, labels, candidates.models, report);
  check_interrupted();

  sort_models(report.models);
  report.warnings = model_warnings(report.models);
  if (std::string warning = close_calls(report.models); !warning.empty()) report.warnings.push_back(std::move(warning));
  compare_with_accuracies(report);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  switch (command.output.format) {
    case Format::table:
      output.write(rank_table(report, command.output.quiet));
      break;
    case Format::json:
      output.write(json_text(rank_json(report)));
      break;
    case Format::csv:
      output.write(rank_csv(report));
      for (const FailedModel& model : report.failed)
        report.warnings.push_back("failed: " + printable(model.name) + ": " + printable(model.error));
      output.warn(report.warnings);
      break;
  }
  return report.failed.empty() ? ExitCode::done : ExitCode::unscorable;
}

}  // namespace

Run setup_rank(CLI::App& app) {
  const auto command = std::make_shared<RankCommand>();
  app.add_option("MODELS", command->models,
                 "NAME=FEATURES pairs; or one folder with labels.* and NAME.npy, .npz or .safetensors per model; or "
                 "one manifest .csv with the columns name, features and optionally accuracy")
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
  app.footer(
      "Examples:\n"
      "  culogme rank --labels labels.npy resnet=resnet.npy vit=vit.safetensors:pooled\n"
      "  culogme rank models/\n"
      "  culogme rank manifest.csv --labels labels.txt --format json\n"
      "  culogme rank models/ --format csv --output scores.csv");
  return [command] { return run_rank(*command); };
}

}  // namespace culogme::command
