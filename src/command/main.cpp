#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <new>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <culogme/error.hpp>
#include <culogme/version.hpp>

#include "blas_kernel.hpp"
#include "command_line.hpp"
#include "edit_distance.hpp"
#include "errors.hpp"
#include "io/cancel.hpp"
#include "output.hpp"
#include "signals.hpp"
#include "subcommand.hpp"

namespace culogme::command {
namespace {

/// A closed standard descriptor would be given to the next file that is opened, and the result written into it. The
/// place is taken by a descriptor that cannot be written, so that writing stays an error.
void occupy_standard_descriptors() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) < 0 && errno == EBADF) ::open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);
  }
}

/// Breaks lines at spaces: the parser's own help does not.
std::string wrapped(const std::string& text) {
  constexpr std::size_t width = 88;
  std::string lines;
  std::size_t column = 0;
  std::istringstream words(text);
  for (std::string word; words >> word; column += word.size()) {
    if (column > 0 && column + 1 + word.size() > width) {
      lines += "\n";
      column = 0;
    } else if (column > 0) {
      lines += " ";
      ++column;
    }
    lines += word;
  }
  return lines;
}

/// The parser and what to run for each of its subcommands.
struct Parser {
  CLI::App app{
      "Tells which pre-trained model will transfer best to a data set, from the features that each model\n"
      "gives and the labels, by LogME (the log of maximum evidence)."};
  std::map<const CLI::App*, Run> runs;

  CLI::App& add(CLI::App& parent, const std::string& name, const std::string& description, Run (*setup)(CLI::App&)) {
    CLI::App& sub = *parent.add_subcommand(name, description);
    prepare(sub);
    if (setup != nullptr) runs[&sub] = setup(sub);
    for (CLI::Option* option : sub.get_options()) option->description(wrapped(option->get_description()));
    return sub;
  }

  static void prepare(CLI::App& one) {
    one.set_help_flag("-h,--help", "Print this help and exit");
    one.set_version_flag("--version", std::string("culogme ") + version(), "Print the version and exit");
    one.get_formatter()->column_width(28);
    // Names of later files may equal subcommands: only the first word is looked at.
    one.require_subcommand(0, 1);
  }

  Parser() {
    app.name("culogme");
    prepare(app);
    add(app, "score", "Score the features of one model, or one statistics file", setup_score);
    add(app, "rank", "Score several models and rank them, best first", setup_rank);
    add(app, "predict", "Predict labels or responses of new rows, with their uncertainty", setup_predict);
    CLI::App& stats = add(app, "stats", "Accumulate, join and look at statistics files", nullptr);
    add(stats, "add", "Add rows to a statistics file, making it where it is missing", setup_stats_add);
    add(stats, "merge", "Join statistics files", setup_stats_merge);
    add(stats, "subtract", "Take statistics files out of another", setup_stats_subtract);
    add(stats, "show", "Show what a statistics file holds", setup_stats_show);
    add(app, "evaluate", "Tell how well scores order the models whose accuracies are known", setup_evaluate);
    add(app, "info", "Show version, backends, BLAS kernel and threads", setup_info);
    stats.footer("See `culogme stats add --help` and so on.");
    app.footer(
        "Examples:\n"
        "  culogme score features.npy --labels labels.npy\n"
        "  culogme rank --labels labels.npy resnet=resnet.npy vit=vit.npy\n"
        "  culogme rank models/\n"
        "See `culogme score --help` and so on for the options of each.\n\n"
        "Exit codes: 0 done, 1 the data cannot be scored, 2 wrong usage, 3 a file cannot be read or written,\n"
        "4 the backend or device is not there, 130 interrupted.");
  }

  /// The innermost subcommand on the command line.
  const CLI::App& selected() const {
    const CLI::App* one = &app;
    while (!one->get_subcommands().empty()) one = one->get_subcommands().front();
    return *one;
  }

  /// "culogme stats add"
  std::string selected_name() const {
    std::string name = app.get_name();
    for (const CLI::App* one = &app; !one->get_subcommands().empty();) {
      one = one->get_subcommands().front();
      name += " " + one->get_name();
    }
    return name;
  }
};

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> subcommand_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// One sentence for arguments that no option or positional takes; options first, since a misspelt option leaves its
/// value behind as well.
std::string explain_extras(const Parser& parser) {
  const CLI::App& selected = parser.selected();
  const std::vector<std::string> extras = parser.app.remaining(true);
  for (const std::string& extra : extras) {
    if (extra.size() < 2 || extra[0] != '-') continue;
    const std::string name = extra.substr(0, extra.find('='));
    const std::string near = nearest_word(name, option_names(selected));
    return "unknown option " + name + (near.empty() ? "" : ", did you mean " + near + "?");
  }
  const std::string& extra = extras.front();
  const std::vector<std::string> commands = subcommand_names(selected);
  if (commands.empty()) return "unexpected argument " + extra;
  const std::string near = nearest_word(extra, commands);
  return "unknown command " + extra + (near.empty() ? "" : ", did you mean " + near + "?") + " (there are " +
         joined(commands) + ")";
}

std::string explain(const CLI::ParseError& error) {
  const std::string text = error.what();
  const std::string option = text.substr(0, text.find(':'));
  if (error.get_name() == "ArgumentMismatch" && option.starts_with("--")) {
    return option + (text.find("At Most") == std::string::npos ? " needs a value" : " is given more than once");
  }
  return printable(text);
}

int report(const std::string& sentence, int code) {
  std::string line = "culogme: " + printable(sentence) + "\n";
  try {
    write_all(STDERR_FILENO, line, "standard error");
  } catch (const FileError&) {
    return code;  // nobody can be told; the exit code still says it
  }
  return code;
}

int report_usage(const Parser& parser, const std::string& sentence) {
  return report(sentence + " (see `" + parser.selected_name() + " --help`)", ExitCode::usage);
}

int report_interruption() {
  report_interrupted();
  return ExitCode::interrupted;
}

int parse_and_run(Parser& parser, int argc, char** argv) {
  try {
    parser.app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    write_all(STDOUT_FILENO, parser.app.help(), "standard output");
    return ExitCode::done;
  } catch (const CLI::CallForVersion& version_call) {
    write_all(STDOUT_FILENO, std::string(version_call.what()) + "\n", "standard output");
    return ExitCode::done;
  } catch (const CLI::ExtrasError&) {
    return report_usage(parser, explain_extras(parser));
  } catch (const CLI::ParseError& error) {
    return report_usage(parser, explain(error));
  }
  const CLI::App& selected = parser.selected();
  const auto run = parser.runs.find(&selected);
  if (run == parser.runs.end()) {
    return report_usage(parser, "no command is given, expected one of " + joined(subcommand_names(selected)));
  }
  return run->second();
}

int run(int argc, char** argv) {
  Parser parser;
  try {
    return parse_and_run(parser, argc, argv);
  } catch (const UsageError& error) {
    return report_usage(parser, error.what());
  } catch (const Interrupted&) {
    return report_interruption();
  } catch (const detail::Cancelled&) {
    return report_interruption();
  } catch (const BackendUnavailable& error) {
    return report(error.what(), ExitCode::backend);
  } catch (const FileError& error) {
    return report(error.what(), ExitCode::file);
  } catch (const Error& error) {
    return report(error.what(), ExitCode::unscorable);
  } catch (const std::bad_alloc&) {
    return report("out of memory: the machine or its limits do not allow what this input needs", ExitCode::unscorable);
  } catch (const std::filesystem::filesystem_error& error) {
    return report(error.what(), ExitCode::file);
  } catch (const std::exception& error) {
    return report(error.what(), ExitCode::unscorable);
  }
}

}  // namespace
}  // namespace culogme::command

int main(int argc, char** argv) {
  // `info` shows what OpenBLAS chose; help and versions need no products.
  if (argc > 1 && std::string_view(argv[1]) != "info" && argv[1][0] != '-')
    culogme::command::start_with_better_kernel(argv);
  culogme::command::occupy_standard_descriptors();
  culogme::command::remember_command_line(argc, argv);
  culogme::command::install_signal_handlers();
  return culogme::command::run(argc, argv);
}
