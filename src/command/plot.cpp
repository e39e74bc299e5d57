#include "plot.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "output.hpp"
#include "plot_text.hpp"
#include "signals.hpp"

extern "C" char** environ;

namespace culogme::command {
namespace {

constexpr std::size_t longest_name = 56;

/// A gnuplot string: in single quotes nothing is special but the quote itself.
std::string quoted(const std::string& text) {
  std::string clean = "'";
  for (const char c : drawable(text)) {
    clean += c;
    if (c == '\'') clean += c;
  }
  return clean + "'";
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File temporary(const std::string& text) {
  File file(std::tmpfile(), &std::fclose);
  if (!file || std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() || std::fflush(file.get()) != 0 ||
      std::fseek(file.get(), 0, SEEK_SET) != 0)
    throw FileError("a temporary file for gnuplot cannot be written: " + std::generic_category().message(errno));
  return file;
}

std::string contents(std::FILE* file) {
  std::string text;
  std::array<char, 4096> buffer{};
  std::rewind(file);
  for (std::size_t size = 0; (size = std::fread(buffer.data(), 1, buffer.size(), file)) > 0;)
    text.append(buffer.data(), size);
  return text;
}

/// A started program, ended and waited for whatever happens.
class Child {
 public:
  Child(const std::string& program, int in, int out, int err) {
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    std::string name = program;
    std::array<char*, 2> words = {name.data(), nullptr};
    const int error = ::posix_spawn(&process_, program.c_str(), &actions, nullptr, words.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw FileError(program + " cannot be started: " + std::generic_category().message(error));
  }
  ~Child() {
    if (process_ > 0) {
      ::kill(process_, SIGKILL);
      wait();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Whether it ended well.
  bool wait() {
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  pid_t process_ = -1;
};

struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
      throw FileError("no pipe for gnuplot: " + std::generic_category().message(errno));
  }
  ~Pipe() {
    close(0);
    close(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close(std::size_t end) {
    if (ends[end] >= 0) ::close(ends[end]);
    ends[end] = -1;
  }
};

std::string read_all(int descriptor) {
  std::string bytes;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t size = ::read(descriptor, buffer.data(), buffer.size());
    if (size == 0) return bytes;
    if (size < 0 && errno != EINTR)
      throw FileError("what gnuplot writes cannot be read: " + std::generic_category().message(errno));
    check_interrupted();
    if (size > 0) bytes.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

struct Row {
  std::string name, value_text;
  double value = 0, error = 0;
  bool tied = false;
};

struct Rows {
  std::vector<Row> list;
  bool have_errors = false, have_ties = false;
};

Rows plot_rows(const RankReport& report) {
  Rows rows;
  std::vector<std::string> names;
  for (const RankedModel& model : report.models) {
    if (rows.list.size() == plotted_models) break;
    const bool known = has_standard_error(report, model);
    rows.have_errors = rows.have_errors || known;
    rows.have_ties = rows.have_ties || model.tied_with_best;
    const double value = model.values.front();
    rows.list.push_back({"", fixed(value, 4), value, known ? model.score.standard_error : 0, model.tied_with_best});
    names.push_back(model.name);
  }
  names = shortened(names, longest_name);
  for (std::size_t i = 0; i < names.size(); ++i) rows.list[i].name = names[i];
  return rows;
}

/// A data block: place (1 for the best), value, least and most of the error bar. Points without a number are left out.
std::string data_block(const char* name, const std::vector<Row>& rows, bool tied) {
  std::string text = std::string("$") + name + " << END\n";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    if (row.tied != tied || !std::isfinite(row.value)) continue;
    text.append(std::to_string(i + 1)).append(" ").append(exact(row.value)).append(" ");
    text.append(exact(row.value - row.error)).append(" ").append(exact(row.value + row.error)).append("\n");
  }
  return text + "END\n";
}

/// "'a' 1, 'b' 2"
template <class Text>
std::string tics(const std::vector<Row>& rows, const Text& text) {
  std::string list;
  for (std::size_t i = 0; i < rows.size(); ++i)
    list.append(i == 0 ? "" : ", ").append(quoted(text(rows[i]))).append(" ").append(std::to_string(i + 1));
  return list;
}

std::string size_text(double width, double height) { return fixed(width, 0) + "," + fixed(height, 0); }

/// Where what stands in the picture, in its units. gnuplot's own margins guess widths of texts too high, and captions
/// that it centres on the axis run out of the picture where long names leave a short one.
struct Layout {
  static constexpr double width = 900, row = 24, top = 44, character = 8.4, pad = 18;
  double height, left, right, bottom;

  Layout(const Rows& rows, bool has_notes) {
    std::size_t names = 0, values = 0;
    for (const Row& each : rows.list) {
      names = std::max(names, text_columns(each.name));
      values = std::max(values, each.value_text.size());
    }
    left = 2 * pad + character * static_cast<double>(names);
    right = 2 * pad + character * static_cast<double>(values);
    bottom = has_notes ? 84 : 62;
    height = top + bottom + row * static_cast<double>(std::max<std::size_t>(rows.list.size(), 1));
  }

  std::string margins() const {
    const auto at = [](const char* side, double part) {
      return std::string("set ") + side + "margin at screen " + fixed(part, 5) + "\n";
    };
    return at("l", left / width) + at("r", 1 - right / width) + at("t", 1 - top / height) + at("b", bottom / height);
  }
  /// A line across the picture, so far above its bottom.
  std::string caption(const std::string& text, double up, const char* colour) const {
    return "set label " + quoted(text) + " at screen 0.5,screen " + fixed(up / height, 5) + " center textcolor rgb '" +
           colour + "'\n";
  }
  /// Characters that fit along the axis.
  double room() const { return (width - left - right) / character; }
};

/// The range of the values and error bars, and ticks whose texts stand apart.
std::string value_axis(const std::vector<Row>& rows, double room) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Row& row : rows) {
    if (!std::isfinite(row.value)) continue;
    low = std::min(low, row.value - row.error);
    high = std::max(high, row.value + row.error);
  }
  const double size = std::max(std::fabs(low), std::fabs(high));
  const double pad = high - low > 1e-9 * size ? 0.04 * (high - low) : size > 0 ? 0.01 * size : 1;
  std::string list;
  for (const Tick& tick : axis_ticks(low - pad, high + pad, room))
    list.append(list.empty() ? "" : ", ").append(quoted(tick.text)).append(" ").append(exact(tick.at));
  return "set xrange [" + exact(low - pad) + ":" + exact(high + pad) + "]\nset xtics nomirror (" + list +
         ") textcolor rgb '#57606a'\n";
}

std::string title_text(const RankReport& report) {
  std::string title = "Ranking by " + report.measures.front() + ", best first";
  if (report.models.size() > plotted_models)
    title += " (" + std::to_string(plotted_models) + " of " +
             counted(static_cast<std::int64_t>(report.models.size()), "model") + ")";
  return title;
}

/// What the picture shows, for those who cannot see it; with whole names.
std::string description(const RankReport& report) {
  if (report.models.empty()) return "No model could be scored.";
  std::string text = report.measures.front() + ", higher is better.";
  for (std::size_t i = 0; i < std::min(report.models.size(), plotted_models); ++i) {
    const RankedModel& model = report.models[i];
    text += " " + std::to_string(i + 1) + ". " + drawable(model.name) + ": " + fixed(model.values.front(), 4);
    if (has_standard_error(report, model)) text += ", standard error " + general(model.score.standard_error, 2);
    if (i > 0 && model.tied_with_best) text += ", not told from the best";
    text += ".";
  }
  return text;
}

std::string plot_script(const RankReport& report, PlotFormat format) {
  const Rows rows = plot_rows(report);
  std::string notes = rows.have_errors ? "bars: one standard error" : "";
  if (rows.have_ties) notes += std::string(notes.empty() ? "" : ", ") + "hollow: not told from the best";
  const Layout layout(rows, !notes.empty());
  std::string text = "set encoding utf8\n";
  if (format == PlotFormat::svg) {
    text += "set terminal svg size " + size_text(Layout::width, layout.height) +
            " dynamic noenhanced font 'sans-serif,14' background '#ffffff'\n";
  } else {
    text += "set terminal pngcairo size " + size_text(2 * Layout::width, 2 * layout.height) +
            " noenhanced font 'Sans,11' fontscale 2 linewidth 2 pointscale 2 background '#ffffff'\n";
  }
  const char *const ink = "#1f2328", *const soft = "#57606a";
  text += layout.margins() + layout.caption(title_text(report), layout.height - 22, ink);
  text += "set xlabel " +
          quoted(report.measures.front() == "logme" ? "log evidence per row" : "log likelihood per row") +
          " textcolor rgb '" + soft + "'\n";
  if (!notes.empty()) text += layout.caption(notes, 18, soft);
  text += "unset key\nset border 1 linecolor rgb '#8c959f'\nset grid xtics linetype 1 linecolor rgb '#e3e6ea'\n";
  const std::string places = "range [" + std::to_string(rows.list.size()) + ".6:0.4]\n";
  text += "set y" + places + "set ytics scale 0 (" + tics(rows.list, [](const Row& row) { return row.name; }) +
          ") textcolor rgb '" + ink + "'\n";
  text += "set y2" + places + "set y2tics scale 0 (" + tics(rows.list, [](const Row& row) { return row.value_text; }) +
          ") textcolor rgb '" + soft + "'\n";
  text += data_block("apart", rows.list, false) + data_block("tied", rows.list, true);
  const auto finite = [](const Row& row) { return std::isfinite(row.value); };
  if (std::none_of(rows.list.begin(), rows.list.end(), finite))
    return text + "set xrange [0:1]\nunset xtics\nplot 1/0 notitle\n";
  text += value_axis(rows.list, layout.room());
  const std::string bars =
      " using 2:1:3:4 with xerrorbars linecolor rgb '#0b5cad' linewidth 1.5 pointsize 0.9 pointtype ";
  text += "plot $apart" + bars + "7";
  if (rows.have_ties) text += ", $tied" + bars + "6";
  return text + "\n";
}

/// Runs gnuplot on the script and gives the picture's bytes.
std::string draw(const std::string& plotter, const std::string& script) {
  const File in = temporary(script), err = temporary("");
  Pipe out;
  Child child(plotter, ::fileno(in.get()), out.ends[1], ::fileno(err.get()));
  out.close(1);
  std::string picture = read_all(out.ends[0]);
  const bool well = child.wait();
  if (well && !picture.empty()) return picture;
  std::string complaint = printable(contents(err.get()));
  constexpr std::size_t most = 300;
  if (complaint.size() > most) complaint.erase(0, complaint.size() - most);
  throw Error("gnuplot drew nothing for --plot" + (complaint.empty() ? "" : ": " + complaint));
}

}  // namespace

PlotFormat plot_format(const std::string& path) {
  if (path.ends_with(".svg")) return PlotFormat::svg;
  if (path.ends_with(".png")) return PlotFormat::png;
  throw UsageError("--plot is " + path + ", expected a name that ends in .svg or .png");
}

std::string find_plotter() {
  const char* const path = std::getenv("PATH");
  std::string folders = path == nullptr ? "" : path;
  while (!folders.empty()) {
    const std::size_t end = folders.find(':');
    const std::string folder = folders.substr(0, end);
    folders.erase(0, end == std::string::npos ? end : end + 1);
    // Relative folders of PATH would let the data's folder choose the program.
    if (folder.empty() || folder.front() != '/') continue;
    std::string program = folder + "/gnuplot";
    if (::access(program.c_str(), X_OK) == 0) return program;
  }
  return "";
}

std::string require_plotter() {
  std::string program = find_plotter();
  if (program.empty())
    throw UsageError("--plot needs the program gnuplot (Debian's package gnuplot-nox), and PATH has none");
  return program;
}

std::string draw_plot(const std::string& plotter, const RankReport& report, PlotFormat format) {
  std::string picture = draw(plotter, plot_script(report, format));
  if (format == PlotFormat::png) return picture;
  return described(std::move(picture), title_text(report), description(report));
}

}  // namespace culogme::command
