#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <culogme/score.hpp>

#include "source_measures.hpp"

namespace culogme::command {

/// A score and what the command knows beside it.
struct ScoreReport {
  std::string name;                   ///< of the features or of the statistics file
  std::vector<std::string> measures;  ///< as asked for
  std::int64_t ignored = 0;           ///< rows left out by --ignore-label
  Score score;                        ///< without LogME among the measures only task, rows and engine
  SourceMeasures sources;
  std::string source_name;  ///< of the probabilities or source labels

  bool has_logme() const { return reads_features(measures); }
  double value(const std::string& measure) const;
  /// Of the scores and of LEEP and NCE.
  std::vector<std::string> warnings() const;
};

/// In which order targets are listed: as they are, or by what the features say about each, the least first.
enum class TargetOrder : std::uint8_t { given, evidence, excess };

/// Puts the targets of a report with LogME, and their LEEP and NCE, into this order; empty ones last.
void sort_targets(ScoreReport& report, TargetOrder order);

/// The object of docs/command.md, "score".
nlohmann::ordered_json score_json(const ScoreReport& report);
/// For people: the score with its error bound, then the first targets.
std::string score_table(const ScoreReport& report, bool quiet);
/// One line "name,MEASURES...,status,task,intercept", as `rank --format csv` writes and `evaluate` reads.
std::string score_csv(const ScoreReport& report);

/// "ok", or "unbounded" where the score is infinite.
std::string score_status(const Score& score);
/// The same of any measure.
std::string value_status(double value);
/// ",classification,off": the end of a CSV line, the task and whether there was an intercept; nothing for the latter
/// where `score` is null, since only LogME has one.
std::string task_cells(Task task, const Score* score);

/// The keys that score and rank share: command, version, engine, task, procedure, intercept, measure.
nlohmann::ordered_json json_header(const std::string& command, const Score& score, const std::string& measure);

/// "classification, 26 classes, no intercept, procedure maximum".
std::string task_line(const Score& score);

}  // namespace culogme::command
