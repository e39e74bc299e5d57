#include "rank_ties.hpp"

#include <cmath>

#include "output.hpp"

namespace culogme::command {
namespace {

constexpr std::size_t named_models = 10;

}  // namespace

void compare_models(std::vector<RankedModel>& models) {
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (i + 1 < models.size())
      models[i].beats_next = score_difference(models[i].score, models[i + 1].score).probability;
    // NaN is no tie: an infinite score is ahead of any other, and nothing is known without standard errors.
    models[i].tied_with_best =
        i > 0 && score_difference(models.front().score, models[i].score).probability < certain_probability;
  }
}

std::string ties(const std::vector<RankedModel>& models) {
  std::string names;
  std::size_t count = 0;
  for (const RankedModel& model : models)
    if (model.tied_with_best && ++count <= named_models) names += (names.empty() ? "" : ", ") + model.name;
  if (count == 0) return "";
  if (count > named_models) names += " and " + std::to_string(count - named_models) + " more";
  return "tied with the best, " + models.front().name + " (other rows could well reverse the order): " + names;
}

}  // namespace culogme::command
