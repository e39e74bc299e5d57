#include <algorithm>
#include <filesystem>
#include <memory>

#include "options.hpp"
#include "output.hpp"
#include "signals.hpp"
#include "statistics_files.hpp"
#include "subcommand.hpp"

namespace culogme::command {
namespace {

struct StatsCommand {
  std::string file;  ///< the file to write or to show
  std::string whole;
  std::vector<std::string> parts;
  bool force = false;
  EngineOptions engine;
  OutputOptions output;
};

/// A slip such as `stats merge a.stats b.stats` would replace what it was meant to extend.
void check_replaceable(const StatsCommand& command, const std::vector<std::string>& inputs) {
  std::error_code error;
  if (command.force || !std::filesystem::is_regular_file(command.file, error)) return;
  const bool among_inputs = std::any_of(inputs.begin(), inputs.end(), [&command](const std::string& input) {
    std::error_code missing;
    return std::filesystem::equivalent(command.file, input, missing);
  });
  if (!among_inputs) {
    throw UsageError(command.file + " exists already: give --force to replace it, or name it among the inputs too");
  }
}

using Combine = void (Statistics::*)(const Statistics&);

/// Combines the first input with each of the others and saves the result.
int run_combine(StatsCommand& command, const std::string& name, const std::vector<std::string>& inputs,
                Combine combine) {
  check_replaceable(command, inputs);
  Output output(command.output);
  Engine engine = make_engine(command.engine);
  Statistics sum = Statistics::load(engine, std::filesystem::path(inputs.front()));
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    check_interrupted();
    const Statistics next = Statistics::load(engine, std::filesystem::path(inputs[i]));
    if (sum.task() == Task::classification && combine == &Statistics::merge) {
      const std::string note = naming_note(inputs[i], next.target_names(), inputs.front(), sum.target_names());
      if (!note.empty()) output.warn({note});
    }
    try {
      (sum.*combine)(next);
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(inputs[i] + " does not fit " + inputs.front() + ": " + error.what());
    }
  }
  check_interrupted();
  sum.save(std::filesystem::path(command.file));
  output.write(statistics_text(name, command.file, sum, command.output.format));
  return ExitCode::done;
}

int run_merge(StatsCommand& command) {
  if (command.parts.empty()) throw UsageError("stats merge needs OUT and at least one IN");
  return run_combine(command, "stats merge", command.parts, &Statistics::merge);
}

int run_subtract(StatsCommand& command) {
  if (command.parts.empty()) throw UsageError("stats subtract needs OUT, WHOLE and at least one PART");
  std::vector<std::string> inputs = {command.whole};
  inputs.insert(inputs.end(), command.parts.begin(), command.parts.end());
  return run_combine(command, "stats subtract", inputs, &Statistics::subtract);
}

int run_show(StatsCommand& command) {
  if (command.file.empty()) throw UsageError("stats show needs a statistics file");
  Output output(command.output);
  Engine engine = make_engine(command.engine);
  if (is_source_file(command.file)) {
    const SourceStatistics statistics = SourceStatistics::load(engine, std::filesystem::path(command.file));
    output.write(source_statistics_text(command.file, statistics, command.output.format));
    return ExitCode::done;
  }
  const Statistics statistics = Statistics::load(engine, std::filesystem::path(command.file));
  output.write(statistics_text("stats show", command.file, statistics, command.output.format));
  return ExitCode::done;
}

void add_common_options(CLI::App& app, StatsCommand& command) {
  add_engine_options(app, command.engine);
  add_output_options(app, command.output);
}

void add_force(CLI::App& app, StatsCommand& command) {
  app.add_flag("--force", command.force, "Replace OUT where it exists and is none of the inputs");
}

}  // namespace

Run setup_stats_merge(CLI::App& app) {
  const auto command = std::make_shared<StatsCommand>();
  app.add_option("OUT", command->file, "The statistics file to write")->type_name("");
  app.add_option("IN", command->parts, "The statistics files to join")->type_name("");
  add_force(app, *command);
  add_common_options(app, *command);
  app.footer(
      "Classes are matched by name. OUT is written whole or not at all.\n\n"
      "Examples:\n"
      "  culogme stats merge all.stats part1.stats part2.stats\n"
      "  culogme stats merge all.stats all.stats new.stats");
  return [command] { return run_merge(*command); };
}

Run setup_stats_subtract(CLI::App& app) {
  const auto command = std::make_shared<StatsCommand>();
  app.add_option("OUT", command->file, "The statistics file to write")->type_name("");
  app.add_option("WHOLE", command->whole, "The statistics file to take from")->type_name("");
  app.add_option("PART", command->parts, "The statistics files to take out")->type_name("");
  add_force(app, *command);
  add_common_options(app, *command);
  app.footer(
      "What remains is as if the parts had never been added, up to rounding.\n\n"
      "Examples:\n"
      "  culogme stats subtract rest.stats all.stats part2.stats\n"
      "  culogme stats subtract all.stats all.stats wrong.stats");
  return [command] { return run_subtract(*command); };
}

Run setup_stats_show(CLI::App& app) {
  const auto command = std::make_shared<StatsCommand>();
  app.add_option("FILE", command->file, "The statistics file")->type_name("");
  add_common_options(app, *command);
  app.footer(
      "Examples:\n"
      "  culogme stats show all.stats\n"
      "  culogme stats show all.stats --format json");
  return [command] { return run_show(*command); };
}

}  // namespace culogme::command
