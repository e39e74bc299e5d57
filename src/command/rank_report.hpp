#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <culogme/score.hpp>

#include "evaluation.hpp"
#include "source_measures.hpp"

namespace culogme::command {

struct RankedModel {
  std::string name;
  Score score;  ///< without LogME only rows and engine
  SourceMeasures sources;
  std::string sources_error = {};          ///< why `sources` has nothing, where their files cannot be used
  std::vector<double> values = {};         ///< of the measures, in their order; NaN where the model lacks the files
  std::vector<std::string> warnings = {};  ///< of all measures
  /// Probability that the model is better than the next one; NaN of the last one and where nothing is known.
  double beats_next = std::numeric_limits<double>::quiet_NaN();
  bool tied_with_best = false;  ///< of a model other than the best: the order could well be the reverse
};

struct FailedModel {
  std::string name;
  std::string error;
};

struct RankReport {
  std::vector<std::string> measures;
  Task task = Task::classification;
  Procedure procedure = Procedure::maximum;
  std::string engine;
  std::int64_t ignored = 0;
  double seconds = 0;
  std::vector<RankedModel> models;  ///< best first after `sort_models`
  std::vector<FailedModel> failed;
  std::vector<std::string> warnings;
  std::optional<Accuracies> accuracies;
  std::vector<Comparison> comparisons;  ///< of each measure with the accuracies, where at least one model is ranked
  EvaluateOptions evaluate_options;
};

/// The model's value is a LogME whose standard error is known.
bool has_standard_error(const RankReport& report, const RankedModel& model);

/// Best first; equal scores in the order of the names.
void sort_models(std::vector<RankedModel>& models);

/// A sentence that names the neighbours whose scores are nearer than their error bounds; empty where there are none.
std::string close_calls(const std::vector<RankedModel>& models);

/// A sentence that names the best models of each measure among those that have all measures; empty where one model is
/// the best by all, or as good as the best.
std::string disagreement(const RankReport& report);

std::string rank_table(const RankReport& report, bool quiet);
nlohmann::ordered_json rank_json(const RankReport& report);
/// "name,MEASURES...,status,task,intercept": the only numeric columns are the measures, so that `evaluate` reads
/// them; the cell of a measure that a model has no files for is empty.
std::string rank_csv(const RankReport& report);

}  // namespace culogme::command
