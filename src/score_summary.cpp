#include <cmath>
#include <cstdio>
#include <limits>

#include <culogme/error.hpp>

#include "products.hpp"
#include "score_stages.hpp"

namespace culogme::detail {
std::string bound_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1e", value);
  return text;
}

namespace {

/// "3 targets (a, b, c)" with at most five names.
std::string name_some(const Score& score, TargetStatus status, std::int64_t& count) {
  constexpr std::int64_t most = 5;
  std::string names;
  count = 0;
  for (const TargetFit& fit : score.targets) {
    if (fit.status != status) continue;
    if (count < most) names += (count == 0 ? "" : ", ") + fit.name;
    ++count;
  }
  if (count > most) names += ", ...";
  const bool classes = score.task == Task::classification;
  return std::to_string(count) +
         (classes      ? count == 1 ? " class (" : " classes ("
          : count == 1 ? " target ("
                       : " targets (") +
         names + ")";
}

}  // namespace

std::string nothing_to_explain(bool intercept) {
  return intercept ? "no target varies: with an intercept there is nothing to explain"
                   : "every target is empty or zero: there is nothing to explain";
}

void summarise(Score& score) {
  double count = 0, with_null = 0;
  score.value = score.null_value = score.error_bound = score.error_estimate = 0;
  for (const TargetFit& fit : score.targets) {
    if (fit.status == TargetStatus::empty) continue;
    score.value += fit.evidence;
    // A target of zeros, which the published procedure scores, has none.
    if (std::isfinite(fit.null_evidence)) {
      score.null_value += fit.null_evidence;
      ++with_null;
    }
    score.error_bound += fit.error_bound;
    score.error_estimate += fit.error_estimate;
    ++count;
  }
  if (with_null == 0) throw NumericalError(nothing_to_explain(score.intercept));
  score.value /= count;
  score.null_value /= with_null;
  score.error_bound /= count;
  score.error_estimate /= count;
}

namespace {

/// What is wrong with the published numbers of these features.
void add_published_warnings(Score& score) {
  double above = 0, count = 0;
  std::int64_t zeros = 0;
  std::string names;
  for (const TargetFit& fit : score.targets) {
    if (fit.status == TargetStatus::empty) continue;
    above += std::log(fit.alpha);
    ++count;
    if (std::isfinite(fit.null_evidence)) continue;
    names.append(zeros == 0 ? "" : ", ").append(fit.name);
    ++zeros;
  }
  if (score.rows < score.features) {
    const double missing = static_cast<double>(score.features - score.rows);
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", missing * above / (2 * static_cast<double>(score.rows) * count));
    score.warnings.push_back(
        "the published procedure has a known defect with fewer rows than features: it leaves (D - N) ln alpha out of "
        "the determinant, so its score is off by " +
        std::string(text) + " here and rises with the number of features, signal or not");
  }
  if (zeros > 0)
    score.warnings.push_back("the published procedure scores targets without rows or of zeros too (" + names +
                             "): their evidence comes from its guards alone, and it is part of the mean");
}

}  // namespace

void add_warnings(Score& score, const ScoreOptions& options) {
  if (score.procedure == Procedure::reference) add_published_warnings(score);
  std::int64_t unbounded = 0, null = 0, empty = 0;
  const std::string unbounded_names = name_some(score, TargetStatus::unbounded, unbounded);
  name_some(score, TargetStatus::null_limit, null);
  const std::string empty_names = name_some(score, TargetStatus::empty, empty);
  if (unbounded > 0)
    score.warnings.push_back(unbounded_names + (unbounded == 1 ? " is" : " are") +
                             " an exact linear function of the features: the evidence has no upper bound, and these "
                             "rows decide nothing");
  if (empty > 0)
    score.warnings.push_back(empty_names + (score.task == Task::classification && !score.intercept
                                                ? ": no rows, skipped"
                                                : ": no rows or no variation, skipped"));
  if (null == static_cast<std::int64_t>(score.targets.size()) - empty && score.error_estimate <= options.accuracy)
    score.warnings.push_back(
        "no signal: no target beats its null evidence; are the rows of features and labels in the same order? "
        "(A loader that shuffles changes it.)");
  const Products products = products_of(score.route);
  const bool has_none = score.procedure == Procedure::reference && std::isnan(score.error_estimate);
  if (!has_none && !(score.error_estimate <= options.accuracy))
    score.warnings.push_back(
        "the error estimate " + bound_text(score.error_estimate) + " is above the accuracy asked for, " +
        bound_text(options.accuracy) +
        (products != Products::f64
             ? ": the products were taken in " + std::string(products_name(products)) + "; use f64 products"
         : score.route == Route::svd ? ": the features are too ill-conditioned for fp64"
                                     : ": the features are too ill-conditioned for the Gram matrix; score the features "
                                       "themselves with precision svd"));
}

}  // namespace culogme::detail
