#include "culogme/evaluate.hpp"

#include <cmath>
#include <string>
#include <vector>

#include "culogme/error.hpp"
#include "evaluate/bootstrap.hpp"
#include "evaluate/check.hpp"

namespace culogme {
namespace {

void check_options(const EvaluateOptions& options) {
  if (options.resamples < 0) {
    throw InvalidArgument("evaluate: resamples is " + std::to_string(options.resamples) +
                          ", 0 (no intervals) or more was expected");
  }
  if (!(options.level > 0 && options.level < 1)) {
    throw InvalidArgument("evaluate: level is " + std::to_string(options.level) +
                          ", a number above 0 and below 1 was expected");
  }
  for (const std::int64_t k : options.top) {
    if (k < 1) throw InvalidArgument("evaluate: top holds " + std::to_string(k) + ", at least 1 was expected");
  }
}

}  // namespace

Evaluation evaluate(const std::string& measure, std::span<const double> scores, std::span<const double> accuracies,
                    const EvaluateOptions& options) {
  detail::check_sizes("evaluate", "scores", scores.size(), "accuracies", accuracies.size());
  check_options(options);
  Evaluation result;
  result.measure = measure;
  std::vector<double> x, y;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(accuracies[i])) continue;
    x.push_back(scores[i]);
    y.push_back(accuracies[i]);
    if (std::isnan(scores[i])) ++result.nan_scores;
  }
  result.models = static_cast<std::int64_t>(x.size());
  result.weighted_kendall = weighted_kendall(x, y);
  result.kendall = kendall_tau_b(x, y);
  result.spearman = spearman(x, y);
  result.pearson = pearson(x, y);
  for (const std::int64_t k : options.top) {
    result.relative_at.push_back(relative_at(x, y, k));
    result.regret_at.push_back(regret_at(x, y, k));
  }
  detail::bootstrap(x, y, options, result);
  return result;
}

}  // namespace culogme
