#pragma once

#include <span>
#include <vector>

#include "culogme/evaluate.hpp"

namespace culogme::detail {

/// Percentile interval of the sample: the (1 -+ level)/2 quantiles with linear interpolation (Hyndman and Fan's type
/// 7). NaN values are left out; {NaN, NaN} if none remains. Reorders the sample.
Interval percentile_interval(std::vector<double>& sample, double level);

/// Fills the intervals of `evaluation` from options.resamples draws of n models with replacement. The accuracies hold
/// no NaN.
void bootstrap(std::span<const double> scores, std::span<const double> accuracies, const EvaluateOptions& options,
               Evaluation& evaluation);

}  // namespace culogme::detail
