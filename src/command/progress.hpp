#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include <culogme/score.hpp>

#include "options.hpp"

namespace culogme::command {

/// One line on standard error that tells the stage, rows, rate and time left; nothing unless standard error is a
/// terminal and --quiet is not given. The line is wiped when the object goes.
class ProgressLine {
 public:
  explicit ProgressLine(const OutputOptions& options);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Words in front of the next stages: "[2/8] minilm".
  void label(std::string text);

  /// Shows the state and throws Interrupted after a signal. For ScoreOptions::progress; refers to this object.
  void update(const Progress& progress);
  std::function<void(const Progress&)> callback();

  /// Removes the line, before anything else is written to the terminal.
  void wipe();

 private:
  using Clock = std::chrono::steady_clock;

  bool enabled_ = false;
  bool shown_ = false;
  std::string label_, stage_;
  Clock::time_point stage_start_, last_;
};

/// "12 s", "3 min 5 s", "2 h 10 min".
std::string duration_text(double seconds);

}  // namespace culogme::command
