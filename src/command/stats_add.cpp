#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "atomic_file.hpp"
#include "options.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "row_stream.hpp"
#include "signals.hpp"
#include "statistics_files.hpp"
#include "statistics_state.hpp"
#include "subcommand.hpp"

namespace culogme::command {
namespace {

struct AddCommand {
  std::string file;
  std::vector<std::string> positional, features, labels;
  DataOptions data;
  std::optional<Precision> precision;
  EngineOptions engine;
  OutputOptions output;
};

/// Features that are added and saved together, with their rows of the labels.
struct Shard {
  std::string features;
  std::string labels;
  std::shared_ptr<const Labels> all_labels;  ///< empty: one labels file per shard, read when its turn comes
  std::int64_t first_row = 0;
  std::unique_ptr<FeatureReader> reader;  ///< kept open where it cannot be opened twice (a pipe)
};

std::int64_t shard_rows(Shard& shard, const ReadOptions& options) {
  std::unique_ptr<FeatureReader> reader = open_features(shard.features, options);
  const std::int64_t rows = reader->rows();
  // Hundreds of shards must not hold a file and a buffer each while the first is being read.
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(shard.features, error);
  const bool pipe =
      shard.features == "-" || (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status) &&
                                !std::filesystem::is_directory(status));
  if (pipe) shard.reader = std::move(reader);
  return rows;
}

std::vector<Shard> make_shards(const AddCommand& command, LabelOptions label_options) {
  std::vector<std::string> features = command.positional;
  features.insert(features.end(), command.features.begin(), command.features.end());
  if (features.empty()) throw UsageError("no features are given, expected FILE FEATURES... --labels LABELS");
  if (command.labels.empty()) throw UsageError("--labels is missing");
  if (command.labels.size() != 1 && command.labels.size() != features.size()) {
    throw UsageError(counted(static_cast<std::int64_t>(command.labels.size()), "labels file") + " for " +
                     std::to_string(features.size()) +
                     " features, expected one for all of them or one for each in the same order");
  }
  std::vector<Shard> shards(features.size());
  for (std::size_t i = 0; i < shards.size(); ++i) shards[i].features = features[i];
  if (command.labels.size() > 1) {
    for (std::size_t i = 0; i < shards.size(); ++i) shards[i].labels = command.labels[i];
    return shards;
  }
  std::int64_t rows = 0;
  for (Shard& shard : shards) {
    shard.first_row = rows;
    rows += shard_rows(shard, command.data.read_options);
    check_interrupted();
  }
  label_options.rows = rows;
  label_options.rows_of =
      shards.size() == 1 ? features.front() : "the matrix of " + std::to_string(shards.size()) + " shards";
  const auto labels = std::make_shared<const Labels>(read_labels(command.labels.front(), label_options));
  for (Shard& shard : shards) shard.all_labels = labels;
  return shards;
}

/// Statistics of no rows for the first shard of a new file.
Statistics make_statistics(Engine& engine, const FeatureReader& features, const Labels& labels, Precision precision) {
  return Statistics(engine, features.cols(), labels.targets(), {labels.task, precision, labels.target_names});
}

/// Collects shards into one file and saves it after each, so that a kill loses at most the shard being added.
class Collector {
 public:
  Collector(AddCommand& command, Engine& engine) : command_(command), engine_(engine) {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(command.file, error);
    if (std::filesystem::exists(status) && std::filesystem::is_regular_file(status)) {
      statistics_.emplace(Statistics::load(engine, std::filesystem::path(command.file)));
    }
    if (std::filesystem::is_fifo(status)) throw FileError(command.file + " is a pipe, no statistics file to add to");
    // A place that cannot be written must be found out before hours of work; making the temporary file tells.
    if (!std::filesystem::is_other(status)) const detail::AtomicFile probe(command.file);
    identity_ = file_identity(command.file);
  }

  const std::optional<Statistics>& statistics() const { return statistics_; }

  /// Where sentences about the labels go, each once and before their rows are added: what comes later may fail.
  std::function<void(const std::string&)> tell;

  void add(Shard& shard, const LabelOptions& label_options, const std::function<void(const Progress&)>& progress) {
    std::shared_ptr<const Labels> labels = shard.all_labels;
    if (!shard.reader) shard.reader = open_features(shard.features, command_.data.read_options);
    FeatureReader& features = *shard.reader;
    if (!labels) labels = std::make_shared<const Labels>(read_labels(shard.labels, labels_of(label_options, features)));
    if (!statistics_)
      statistics_.emplace(
          make_statistics(engine_, features, *labels, command_.precision.value_or(Precision::automatic)));
    if (features.cols() != statistics_->features()) {
      throw InvalidArgument(features.name() + " has " + counted(features.cols(), "column") +
                            ", but the statistics in " + command_.file + " were made for " +
                            std::to_string(statistics_->features()));
    }
    if (labels->task == Task::classification)
      note(naming_note(labels->name, labels->target_names, command_.file, statistics_->target_names()));
    // Of a shard's own labels nobody can say what is missing: other shards may have it.
    if (shard.all_labels)
      for (const std::string& text : labels->notes) note(text);
    add_rows(*statistics_, features, *labels, shard.first_row, progress);
    shard.reader.reset();
    check_interrupted();
    save();
  }

 private:
  void note(const std::string& text) {
    if (text.empty() || std::find(notes_.begin(), notes_.end(), text) != notes_.end()) return;
    notes_.push_back(text);
    tell(text);
  }

  void save() {
    if (file_identity(command_.file) != identity_) {
      throw FileError(command_.file +
                      " was changed by another process meanwhile: give each process its own file and join them with "
                      "`culogme stats merge`");
    }
    statistics_->save(std::filesystem::path(command_.file));
    identity_ = file_identity(command_.file);
  }

  AddCommand& command_;
  Engine& engine_;
  std::optional<Statistics> statistics_;
  FileIdentity identity_;
  std::vector<std::string> notes_;
};

int run_add(AddCommand& command) {
  if (command.file.empty()) throw UsageError("no statistics file is given, expected FILE FEATURES... --labels LABELS");
  resolve_classes(command.data);
  Output output(command.output);
  Engine engine = make_engine(command.engine);
  Collector collector(command, engine);
  LabelOptions label_options = command.data.label_options;
  if (collector.statistics()) {
    const Task task = collector.statistics()->task();
    if (label_options.task && *label_options.task != task) {
      throw UsageError("--task is " + std::string(task_name(*label_options.task)) + ", but " + command.file +
                       " holds statistics of a " + task_name(task) + " task");
    }
    label_options.task = task;
    const Precision precision = collector.statistics()->state().precision;
    if (command.precision && *command.precision != precision) {
      throw UsageError("--precision is " + std::string(precision_name(*command.precision)) + ", but " + command.file +
                       " was made with " + precision_name(precision));
    }
  }
  std::vector<Shard> shards = make_shards(command, label_options);
  ProgressLine progress(command.output);
  collector.tell = [&](const std::string& text) {
    progress.wipe();
    output.warn({text});
  };
  for (std::size_t i = 0; i < shards.size(); ++i) {
    if (shards.size() > 1) {
      progress.label("[" + std::to_string(i + 1) + "/" + std::to_string(shards.size()) + "] " + shards[i].features);
    }
    try {
      collector.add(shards[i], label_options, progress.callback());
    } catch (const NumericalError& error) {
      if (i == 0) throw;
      throw NumericalError(std::string(error.what()) + "; " + command.file + " holds the " +
                           counted(static_cast<std::int64_t>(i), "shard") + " before it");
    }
  }
  progress.wipe();
  output.write(statistics_text("stats add", command.file, *collector.statistics(), command.output.format));
  return ExitCode::done;
}

}  // namespace

Run setup_stats_add(CLI::App& app) {
  const auto command = std::make_shared<AddCommand>();
  app.add_option("FILE", command->file, "The statistics file: extended where it exists, else made")->type_name("");
  app.add_option("FEATURES", command->positional, "Features as for `culogme score`; the file is saved after each")
      ->type_name("");
  app.add_option("--features", command->features, "Another way to give FEATURES (may be given several times)")
      ->type_name("FEATURES")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--labels", command->labels,
                 "Labels of all FEATURES together, or given as often as there are FEATURES, in the same order")
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_data_options(app, command->data);
  add_precision_option(app, command->precision, false);
  add_engine_options(app, command->engine);
  add_output_options(app, command->output);
  app.footer(
      "The file grows with the square of the number of features, not with the rows. Adding goes on where the file\n"
      "ends; a kill at any time loses at most the FEATURES being added.\n\n"
      "Examples:\n"
      "  culogme stats add all.stats features.npy --labels labels.npy\n"
      "  culogme stats add all.stats day1.npy day2.npy --labels day1_labels.npy --labels day2_labels.npy\n"
      "  extract | culogme stats add all.stats - --labels labels.npy");
  return [command] { return run_add(*command); };
}

}  // namespace culogme::command
