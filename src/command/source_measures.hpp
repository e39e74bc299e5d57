#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <culogme/io.hpp>
#include <culogme/score.hpp>
#include <culogme/source.hpp>

#include "options.hpp"

namespace culogme::command {

/// What LEEP and NCE read of one model.
struct SourceFiles {
  std::string probabilities;  ///< spec for open_features; empty where there are none
  std::string source_labels;  ///< spec for read_labels; empty: NCE takes the arg-max
};

/// LEEP and NCE of one model, as far as they were asked for.
struct SourceMeasures {
  std::optional<SourceScore> leep, nce;
  double seconds = 0;

  /// Of the first of them that is there.
  std::int64_t source_classes() const;
};

/// Whether `measures` holds LogME, which reads features; LEEP or NCE, which read what a source head says.
bool reads_features(const std::vector<std::string>& measures);
bool reads_sources(const std::vector<std::string>& measures);

/// Whether a model with these files has what the measure reads.
bool can_measure(const std::string& measure, bool has_features, const SourceFiles& files);

/// Computes those of `measures` that are LEEP or NCE and have their files. Throws as source_scores and read_labels.
SourceMeasures measure_sources(Engine& engine, const std::vector<std::string>& measures, const SourceFiles& files,
                               bool softmax, const Labels& labels, const ReadOptions& read_options,
                               const std::function<void(const Progress&)>& progress);

/// The value of a measure; NaN where it was not computed. `logme` null: no LogME.
double measure_value(const std::string& measure, const Score* logme, const SourceMeasures& sources);

}  // namespace culogme::command
