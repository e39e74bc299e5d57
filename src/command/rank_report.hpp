#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <culogme/score.hpp>

#include "evaluation.hpp"

namespace culogme::command {

struct RankedModel {
  std::string name;
  Score score;
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
  std::optional<Comparison> comparison;  ///< with the accuracies, where at least one model is ranked
  EvaluateOptions evaluate_options;
};

/// Best first; equal scores in the order of the names.
void sort_models(std::vector<RankedModel>& models);

/// A sentence that names the neighbours whose scores are nearer than their error bounds; empty where there are none.
std::string close_calls(const std::vector<RankedModel>& models);

std::string rank_table(const RankReport& report, bool quiet);
nlohmann::ordered_json rank_json(const RankReport& report);
/// "name,logme,status": the only numeric column is the measure, so that `evaluate` reads it.
std::string rank_csv(const RankReport& report);

}  // namespace culogme::command
