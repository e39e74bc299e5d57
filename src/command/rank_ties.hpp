#pragma once

#include <string>
#include <vector>

#include "rank_report.hpp"

namespace culogme::command {

/// A model is tied with the best one where the best one is the better of the two with a lower probability.
constexpr double certain_probability = 0.95;

/// Sets `beats_next` and `tied_with_best` of models that are sorted by LogME, by their differences row by row.
void compare_models(std::vector<RankedModel>& models);

/// A sentence that names the models tied with the best; empty where there are none.
std::string ties(const std::vector<RankedModel>& models);

}  // namespace culogme::command
