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
#include <memory>
#include <system_error>
#include <vector>

#include "output.hpp"
#include "signals.hpp"

extern "C" char** environ;

namespace culogme::command {
namespace {

constexpr std::size_t longest_name = 44;

/// A gnuplot string: in single quotes nothing is special but the quote itself. Long text is cut between characters.
std::string quoted(const std::string& text, std::size_t longest) {
  std::string clean = "'";
  std::size_t characters = 0;
  for (const char c : printable(text)) {
    const bool starts = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    if (starts && ++characters > longest) {
      clean += "\xE2\x80\xA6";  // an ellipsis
      break;
    }
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
  std::string name;
  double value = 0, error = 0;
  bool tied = false;
};

std::vector<Row> plot_rows(const RankReport& report, bool& has_errors, bool& has_ties) {
  std::vector<Row> rows;
  for (const RankedModel& model : report.models) {
    if (rows.size() == plotted_models) break;
    const bool known = has_standard_error(report, model);
    has_errors = has_errors || known;
    has_ties = has_ties || model.tied_with_best;
    rows.push_back({model.name, model.values.front(), known ? model.score.standard_error : 0, model.tied_with_best});
  }
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
    list.append(i == 0 ? "" : ", ").append(text(rows[i])).append(" ").append(std::to_string(i + 1));
  return list;
}

std::string size_text(double width, double height) { return fixed(width, 0) + "," + fixed(height, 0); }

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

std::string plot_script(const RankReport& report, PlotFormat format) {
  bool has_errors = false, has_ties = false;
  const std::vector<Row> rows = plot_rows(report, has_errors, has_ties);
  const double width = 900, height = 110 + 24 * static_cast<double>(rows.size());
  std::string text = "set encoding utf8\n";
  if (format == PlotFormat::svg) {
    text += "set terminal svg size " + size_text(width, height) +
            " dynamic noenhanced font 'sans-serif,14' background '#ffffff'\n";
  } else {
    text += "set terminal pngcairo size " + size_text(2 * width, 2 * height) +
            " noenhanced font 'Sans,11' fontscale 2 linewidth 2 pointscale 2 background '#ffffff'\n";
  }
  const std::string measure = report.measures.front();
  std::string title = "Ranking by " + measure + ", best first";
  if (rows.size() < report.models.size())
    title += " (" + std::to_string(rows.size()) + " of " +
             counted(static_cast<std::int64_t>(report.models.size()), "model") + ")";
  std::string label = measure == "logme" ? "log evidence per row" : "log likelihood per row";
  if (has_errors) label += ", bars: one standard error";
  if (has_ties) label += ", hollow: not told from the best";
  text += "set title " + quoted(title, 200) + " textcolor rgb '#1f2328'\n";
  text += "set xlabel " + quoted(label, 200) + " textcolor rgb '#57606a'\n";
  text += "unset key\nset border 1 linecolor rgb '#8c959f'\nset grid xtics linetype 1 linecolor rgb '#e3e6ea'\n";
  text += "set xtics nomirror textcolor rgb '#57606a'\n";
  text += "set offsets graph 0.02, graph 0.02, 0, 0\n";
  text += "set yrange [" + std::to_string(rows.size()) + ".6:0.4]\n";
  text += "set ytics scale 0 (" + tics(rows, [](const Row& row) { return quoted(row.name, longest_name); }) +
          ") textcolor rgb '#1f2328'\n";
  text += "set y2range [" + std::to_string(rows.size()) + ".6:0.4]\n";
  text += "set y2tics scale 0 (" + tics(rows, [](const Row& row) { return "'" + fixed(row.value, 4) + "'"; }) +
          ") textcolor rgb '#57606a'\n";
  text += data_block("apart", rows, false) + data_block("tied", rows, true);
  const bool finite = std::any_of(rows.begin(), rows.end(), [](const Row& row) { return std::isfinite(row.value); });
  if (!finite) return text + "set xrange [0:1]\nunset xtics\nplot 1/0 notitle\n";
  const std::string bars =
      " using 2:1:3:4 with xerrorbars linecolor rgb '#0b5cad' linewidth 1.5 pointsize 0.9 pointtype ";
  text += "plot $apart" + bars + "7";
  if (std::any_of(rows.begin(), rows.end(), [](const Row& row) { return row.tied; })) text += ", $tied" + bars + "6";
  return text + "\n";
}

std::string draw_plot(const std::string& plotter, const std::string& script) {
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

}  // namespace culogme::command
