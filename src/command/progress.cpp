#include "progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "output.hpp"
#include "signals.hpp"

namespace culogme::command {
namespace {

constexpr std::chrono::milliseconds interval{200};

std::size_t terminal_columns() {
  struct winsize size {};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// Progress is a courtesy: a terminal that went away must not end the work.
void write_line(const std::string& text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole / 60 % 60) + " min";
}

ProgressLine::ProgressLine(const OutputOptions& options)
    : enabled_(!options.quiet && ::isatty(STDERR_FILENO) == 1), stage_start_(Clock::now()), last_(stage_start_) {}

ProgressLine::~ProgressLine() { wipe(); }

void ProgressLine::label(std::string text) {
  label_ = std::move(text);
  stage_.clear();
}

void ProgressLine::update(const Progress& progress) {
  check_interrupted();
  if (!enabled_) return;
  const Clock::time_point now = Clock::now();
  const bool new_stage = stage_ != progress.stage;
  if (new_stage) {
    stage_ = progress.stage;
    stage_start_ = now;
  } else if (now - last_ < interval) {
    return;
  }
  last_ = now;
  const double elapsed = std::chrono::duration<double>(now - stage_start_).count();
  std::string text = label_.empty() ? stage_ : label_ + " " + stage_;
  if (progress.rows > 0) {
    text += "  " + std::to_string(progress.rows);
    if (progress.rows_total > 0) text += " of " + std::to_string(progress.rows_total);
    text += " rows";
    if (!new_stage && elapsed > 0) {
      const double rate = static_cast<double>(progress.rows) / elapsed;
      text += "  " + general(rate, 3) + " rows/s";
      if (progress.bytes > 0) text += "  " + fixed(static_cast<double>(progress.bytes) / elapsed / 1e6, 0) + " MB/s";
      if (progress.rows_total > progress.rows) {
        text += "  " + duration_text(static_cast<double>(progress.rows_total - progress.rows) / rate) + " left";
      }
    }
  }
  text = printable(text);
  text.resize(std::min(text.size(), terminal_columns() - 1));
  write_line("\r" + text + "\x1b[K");
  shown_ = true;
}

std::function<void(const Progress&)> ProgressLine::callback() {
  return [this](const Progress& progress) { update(progress); };
}

void ProgressLine::wipe() {
  if (shown_) write_line("\r\x1b[K");
  shown_ = false;
}

}  // namespace culogme::command
