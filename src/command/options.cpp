#include "options.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <system_error>

#include <culogme/error.hpp>

#include "io/text.hpp"
#include "measures.hpp"
#include "source_measures.hpp"

namespace culogme::command {
namespace {

const char* const output_group = "Output";
const char* const engine_group = "Engine";
const char* const data_group = "Data";
const char* const measure_group = "Measure";

/// Puts the options added while it lives under a heading of the help text.
class Group {
 public:
  Group(CLI::App& app, const char* name) : app_(app), before_(app.option_defaults()->get_group()) {
    app_.option_defaults()->group(name);
  }
  ~Group() { app_.option_defaults()->group(before_); }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

 private:
  CLI::App& app_;
  std::string before_;
};

}  // namespace

std::int64_t parse_integer(const std::string& option, const std::string& text, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end || value < least || value > most) {
    throw UsageError(option + " is " + text + ", expected a whole number of at least " + std::to_string(least) +
                     (most < std::numeric_limits<std::int32_t>::max() ? " and at most " + std::to_string(most) : ""));
  }
  return value;
}

namespace {

/// NaN where the text is no finite number.
double number_of(const std::string& text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, value);
  return result.ec == std::errc() && result.ptr == end && std::isfinite(value) ? value : std::nan("");
}

}  // namespace

double parse_positive(const std::string& option, const std::string& text) {
  const double value = number_of(text);
  if (!(value > 0)) throw UsageError(option + " is " + text + ", expected a number above 0");
  return value;
}

double parse_not_negative(const std::string& option, const std::string& text) {
  const double value = number_of(text);
  if (!(value >= 0)) throw UsageError(option + " is " + text + ", expected a number of at least 0");
  return value;
}

std::size_t parse_size(const std::string& option, const std::string& text) {
  static const std::map<std::string, int> powers = {{"", 0},    {"B", 0},  {"K", 1},   {"KB", 1}, {"KIB", 1},
                                                    {"M", 2},   {"MB", 2}, {"MIB", 2}, {"G", 3},  {"GB", 3},
                                                    {"GIB", 3}, {"T", 4},  {"TB", 4},  {"TIB", 4}};
  const char* const end = text.data() + text.size();
  double value = 0;
  const std::from_chars_result result = std::from_chars(text.data(), end, value);
  std::string unit(result.ptr, end);
  for (char& c : unit) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const auto power = powers.find(unit);
  const double bytes = power == powers.end() ? 0 : std::ldexp(value, 10 * power->second);
  if (result.ec != std::errc() || !(bytes >= 1) || bytes >= std::ldexp(1.0, 62)) {
    throw UsageError(option + " is " + text + ", expected a size such as 512M or 2G");
  }
  return static_cast<std::size_t>(bytes);
}

void add_file_option(CLI::App& app, const std::string& option, std::string& target, const std::string& help) {
  const auto take = [option, &target](const std::string& text) {
    if (text.empty()) throw UsageError(option + " is empty, expected the name of a file");
    if (text == "-")
      throw UsageError(option +
                       " is -, expected the name of a file (the result goes to standard output without --output)");
    target = text;
  };
  app.add_option_function<std::string>(option, take, help)->type_name("FILE");
}

void add_output_options(CLI::App& app, OutputOptions& options) {
  const Group group(app, output_group);
  add_choice<Format>(app, "--format", options.format,
                     {{"table", Format::table}, {"json", Format::json}, {"csv", Format::csv}},
                     "How the result is written (default table)");
  add_file_option(app, "--output", options.file, "Write the result to FILE, whole or not at all");
  app.add_flag("--quiet", options.quiet, "No progress and no warnings beside the result");
}

void add_engine_options(CLI::App& app, EngineOptions& options) {
  const Group group(app, engine_group);
  add_choice<std::optional<Backend>>(
      app, "--backend", options.backend, {{"auto", std::nullopt}, {"cpu", Backend::cpu}, {"cuda", Backend::cuda}},
      "Where the work runs (default auto: the variable CULOGME_BACKEND, else a usable GPU, else the CPU)");
  const auto device = [&options](const std::string& text) {
    options.device = static_cast<int>(parse_integer("--device", text, 0, std::numeric_limits<std::int32_t>::max()));
  };
  app.add_option_function<std::string>("--device", device, "Number of the CUDA device (default 0)")->type_name("K");
  const auto threads = [&options](const std::string& text) {
    options.threads = static_cast<int>(parse_integer("--threads", text, 0, std::numeric_limits<std::int32_t>::max()));
  };
  app.add_option_function<std::string>("--threads", threads, "CPU threads (default 0: all that the process may run on)")
      ->type_name("N");
  const auto workspace = [&options](const std::string& text) {
    options.workspace_limit = parse_size("--workspace", text);
  };
  app.add_option_function<std::string>("--workspace", workspace,
                                       "Memory for tiles and scratch, such as 512M or 2G (default: a quarter of what "
                                       "is free)")
      ->type_name("SIZE");
}

void add_data_options(CLI::App& app, DataOptions& options) {
  const Group group(app, data_group);
  add_choice<std::optional<Task>>(app, "--task", options.label_options.task,
                                  {{"auto", std::nullopt},
                                   {"classification", Task::classification},
                                   {"regression", Task::regression},
                                   {"multilabel", Task::multilabel}},
                                  "What the labels are (default auto: told from their values)");
  app.add_option("--classes", options.classes,
                 "The set of classes: a number C for 0 ... C-1, or a text file of names, one a line (default: the "
                 "values present)")
      ->type_name("C|FILE");
  app.add_option("--ignore-label", options.label_options.ignore_label,
                 "Leave out the rows with this label (may be given several times)")
      ->type_name("X")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--bf16", options.read_options.bfloat16, "Read V2 and uint16 features as bfloat16");
}

LabelOptions labels_of(LabelOptions options, const FeatureReader& features) {
  options.rows = features.rows();
  options.rows_of = features.name();
  return options;
}

void add_precision_option(CLI::App& app, std::optional<Precision>& precision, bool rows_at_hand) {
  const Group group(app, measure_group);
  if (!rows_at_hand) {
    add_choice<Precision>(app, "--precision", precision,
                          {{"auto", Precision::automatic},
                           {"f32", Precision::f32},
                           {"f64", Precision::f64},
                           {"tf32", Precision::tf32},
                           {"half", Precision::half}},
                          "Precision of the products (default auto: f32 but for f64 features); tf32 and half round the "
                          "features to 11 bits for tensor cores");
    return;
  }
  add_choice<Precision>(
      app, "--precision", precision,
      {{"auto", Precision::automatic},
       {"f32", Precision::f32},
       {"f64", Precision::f64},
       {"tf32", Precision::tf32},
       {"half", Precision::half},
       {"svd", Precision::svd}},
      "Precision of the products, or svd: singular values without products (default auto: the first "
      "of f32, f64, svd that is accurate enough); tf32 and half round the features to 11 bits for tensor cores");
}

namespace {

/// What copies of the published implementation change in it.
void add_reference_options(CLI::App& app, MeasureOptions& options) {
  ReferenceOptions& reference = options.score.reference;
  const auto add = [&](const char* name, const char* type, const char* text, const auto& take) {
    const auto given = [&options, name, take](const std::string& value) {
      options.reference_option = name;
      take(value);
    };
    app.add_option_function<std::string>(name, given, text)->type_name(type);
  };
  add("--reference-tolerance", "X",
      "Of --procedure reference: stop when alpha/beta changes by no more than X of itself (default 1e-3; some copies: "
      "1e-2)",
      [&reference](const std::string& text) {
        reference.tolerance = parse_not_negative("--reference-tolerance", text);
      });
  add("--reference-iterations", "K", "Of --procedure reference: steps at most (default 11)",
      [&reference](const std::string& text) {
        reference.iterations = static_cast<std::int32_t>(
            parse_integer("--reference-iterations", text, 1, std::numeric_limits<std::int32_t>::max()));
      });
  add("--reference-guard", "X",
      "Of --procedure reference: what is added to both denominators (default 1e-5; 0: nothing, as some copies)",
      [&reference](const std::string& text) { reference.guard = parse_not_negative("--reference-guard", text); });
}

}  // namespace

void add_measure_options(CLI::App& app, MeasureOptions& options) {
  {
    const Group group(app, measure_group);
    app.add_option("--measure", options.measures,
                   "Measures, separated by commas: logme, leep, nce (default logme); the first one is the score")
        ->type_name("LIST");
    app.add_flag("--softmax", options.softmax, "The probabilities are logits: take their softmax");
    add_choice<Procedure>(app, "--procedure", options.score.procedure,
                          {{"maximum", Procedure::maximum}, {"reference", Procedure::reference}},
                          "maximum: the global maximum of the evidence (default); reference: the numbers of the "
                          "published implementation");
    add_reference_options(app, options);
    add_choice<Intercept>(app, "--intercept", options.score.intercept,
                          {{"auto", Intercept::automatic}, {"on", Intercept::on}, {"off", Intercept::off}},
                          "A free intercept (default auto: on for regression and multilabel, off for classification "
                          "and for --procedure reference); scores with and without are not comparable");
  }
  add_precision_option(app, options.precision, true);
  const Group group(app, measure_group);
  const auto accuracy = [&options](const std::string& text) {
    options.score.accuracy = parse_positive("--accuracy", text);
  };
  app.add_option_function<std::string>("--accuracy", accuracy,
                                       "Error estimate that --precision auto must meet (default 1e-5)")
      ->type_name("X");
}

const char* precision_name(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return "f32";
    case Precision::f64:
      return "f64";
    case Precision::svd:
      return "svd";
    case Precision::tf32:
      return "tf32";
    case Precision::half:
      return "half";
    case Precision::automatic:
      return "auto";
  }
  return "unknown";
}

Engine make_engine(const EngineOptions& options) {
  try {
    return Engine(options);
  } catch (const InvalidArgument& error) {
    throw UsageError(error.what());
  }
}

void check_measure_options(const MeasureOptions& options) {
  if (!reads_features(parse_measures(options.measures))) {
    const ScoreOptions& score = options.score;
    const char* const given = score.procedure != Procedure::maximum       ? "--procedure"
                              : score.intercept != Intercept::automatic   ? "--intercept"
                              : options.precision.has_value()             ? "--precision"
                              : score.accuracy != ScoreOptions{}.accuracy ? "--accuracy"
                                                                          : nullptr;
    if (given != nullptr) throw UsageError(std::string(given) + " is of the evidence, which only --measure logme has");
  }
  if (options.score.procedure == Procedure::reference && options.score.intercept == Intercept::on)
    throw UsageError("--procedure reference has no intercept: leave out --intercept on");
  if (options.score.procedure != Procedure::reference && !options.reference_option.empty())
    throw UsageError(options.reference_option + " is of --procedure reference: the maximum is not iterated that way");
}

namespace {

/// FILE of FILE:ARRAY, or the whole where that is a file.
std::filesystem::path file_of(const std::string& spec) {
  std::error_code error;
  if (std::filesystem::exists(spec, error)) return spec;
  return spec.substr(0, spec.rfind(':'));
}

}  // namespace

void check_files(const OutputOptions& options, const std::vector<std::string>& inputs) {
  if (std::count(inputs.begin(), inputs.end(), "-") > 1)
    throw UsageError("standard input is named twice, but it can be read once");
  check_replaces("--output", options.file, inputs);
}

void check_replaces(const std::string& option, const std::string& file, const std::vector<std::string>& inputs) {
  if (file.empty()) return;
  for (const std::string& input : inputs) {
    std::error_code error;
    if (std::filesystem::equivalent(file, file_of(input), error))
      throw UsageError(option + " " + file + " would replace the input " + input);
  }
}

void require_present(const std::string& spec) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(file_of(spec), error);
  if (spec != "-" && status.type() == std::filesystem::file_type::not_found)
    throw FileError("cannot open " + detail::shown_name(spec) + ": " + std::generic_category().message(ENOENT));
}

void resolve_classes(DataOptions& options) {
  if (options.classes.empty()) return;
  try {
    options.label_options.classes = read_classes(options.classes);
  } catch (const InvalidArgument& error) {
    throw UsageError(error.what());
  }
}

}  // namespace culogme::command
