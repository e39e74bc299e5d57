#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <culogme/engine.hpp>
#include <culogme/io.hpp>
#include <culogme/score.hpp>
#include <culogme/statistics.hpp>

#include "errors.hpp"

namespace culogme::command {

enum class Format : std::uint8_t { table, json, csv };

struct OutputOptions {
  Format format = Format::table;
  std::string file;  ///< empty: standard output
  bool quiet = false;
};

/// How features and labels are read.
struct DataOptions {
  std::string labels;
  std::string classes;  ///< a number or a file of names; empty: the values present
  LabelOptions label_options;
  ReadOptions read_options;
};

struct MeasureOptions {
  std::string measures = "logme";
  bool softmax = false;  ///< the probabilities are logits
  std::optional<Precision> precision;
  std::string reference_option;  ///< the last --reference-... that was given
  ScoreOptions score;
};

/// An option whose value is the name of a file to write. Many mean standard output by "-": a file of that name would be
/// a surprise.
void add_file_option(CLI::App& app, const std::string& option, std::string& target, const std::string& help);
/// --format, --output, --quiet
void add_output_options(CLI::App& app, OutputOptions& options);
/// --backend, --device, --threads, --workspace
void add_engine_options(CLI::App& app, EngineOptions& options);
/// --task, --classes, --ignore-label, --bf16 (and not --labels, which subcommands read differently)
void add_data_options(CLI::App& app, DataOptions& options);
/// The options for labels of these features.
LabelOptions labels_of(LabelOptions options, const FeatureReader& features);
/// --precision; svd only where the rows are read (`rows_at_hand`), not for statistics
void add_precision_option(CLI::App& app, std::optional<Precision>& precision, bool rows_at_hand);
/// The value of --precision.
const char* precision_name(Precision precision);
/// --measure, --softmax, --procedure, --reference-..., --intercept, --precision, --accuracy
void add_measure_options(CLI::App& app, MeasureOptions& options);

/// An Engine; a bad option or an unknown CULOGME_BACKEND is a UsageError.
Engine make_engine(const EngineOptions& options);

/// What no file can change: the published procedure with an intercept, a result that would replace one of its `inputs`
/// (specs or paths), standard input named twice. Throws UsageError.
void check_measure_options(const MeasureOptions& options);
void check_files(const OutputOptions& options, const std::vector<std::string>& inputs);

/// Throws UsageError where the result `file` of `option` would replace one of the inputs (specs or paths).
void check_replaces(const std::string& option, const std::string& file, const std::vector<std::string>& inputs);

/// Throws FileError for a path that is not there (FILE:ARRAY: the file), so that a mistyped name is called that.
void require_present(const std::string& spec);

/// Reads the class list of --classes, if any, into label_options.
void resolve_classes(DataOptions& options);

/// Bytes of "512M", "2G", "1.5GiB" (powers of 1024). Throws UsageError naming `option`.
std::size_t parse_size(const std::string& option, const std::string& text);

/// Whole numbers of at least `least`; others are a UsageError that names the option.
std::int64_t parse_integer(const std::string& option, const std::string& text, std::int64_t least,
                           std::int64_t most = std::numeric_limits<std::int64_t>::max());
double parse_positive(const std::string& option, const std::string& text);
double parse_not_negative(const std::string& option, const std::string& text);

template <class T>
using Choices = std::vector<std::pair<std::string, T>>;

/// The value whose name is `text`. Throws UsageError: "--format is xml, expected table, json or csv".
template <class T>
T choose(const std::string& option, const std::string& text, const Choices<T>& choices) {
  std::string names;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (choices[i].first == text) return choices[i].second;
    names += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + choices[i].first;
  }
  throw UsageError(option + " is " + text + ", expected " + names);
}

/// An option with a fixed set of values; its help shows them.
template <class T, class Target>
void add_choice(CLI::App& app, const std::string& option, Target& target, const Choices<T>& choices,
                const std::string& help) {
  std::string names;
  for (const auto& choice : choices) names += (names.empty() ? "" : "|") + choice.first;
  app.add_option_function<std::string>(
         option, [&target, option, choices](const std::string& text) { target = choose(option, text, choices); }, help)
      ->type_name(names);
}

}  // namespace culogme::command
