#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <culogme/posterior.hpp>

namespace culogme::command {

/// What is predicted for one row.
struct PredictedRow {
  std::int64_t row = 0;           ///< of the features, from 0
  std::int32_t label = -1;        ///< classification: the class; -1 elsewhere
  double probability = 0;         ///< of that class
  std::vector<double> mean;       ///< [targets]
  std::vector<double> deviation;  ///< [targets]; empty for leave-one-out
};

struct PredictReport {
  std::string name;  ///< what was learned from
  std::string of;    ///< what is predicted
  Score score;       ///< of what was learned from
  std::vector<PredictedRow> rows;
  bool left_out = false;           ///< each row is predicted without itself
  double accuracy = 0;             ///< left out, classification: the fraction of right labels
  std::vector<double> error;       ///< left out, other tasks: root of the mean squared residual of each target
  std::vector<double> determined;  ///< the same: each target's R^2
};

/// "row", then "label" and "probability" (classification) or "mean:NAME" and "deviation:NAME" of every target.
std::string predict_csv(const PredictReport& report, bool all_targets);
nlohmann::ordered_json predict_json(const PredictReport& report, bool all_targets);
/// For people: the first rows.
std::string predict_table(const PredictReport& report, bool quiet);

}  // namespace culogme::command
