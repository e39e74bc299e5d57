#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include <culogme/error.hpp>

#include "cpu/evidence.hpp"

namespace culogme::detail {
namespace {

/// The published loop on one target. `sigma` are the eigenvalues of the unscaled features, because the guards and the
/// start make the result depend on the scale.
TargetFit fit_published(const std::vector<double>& sigma, const double* x2, double residual, double rows,
                        double features, double zeros, const ReferenceOptions& options) {
  TargetFit fit;
  double alpha = 1, beta = 1;
  for (int step = 0; step < options.iterations; ++step) {
    const double t = alpha / beta;
    double gamma = 0, weights = 0, error = residual;
    for (std::size_t i = 0; i < sigma.size(); ++i) {
      gamma += sigma[i] / (sigma[i] + t);
      weights += sigma[i] * x2[i] / ((t + sigma[i]) * (t + sigma[i]));
      error += x2[i] / ((1 + sigma[i] / t) * (1 + sigma[i] / t));
    }
    alpha = gamma / (weights + options.guard);
    beta = (rows - gamma) / (error + options.guard);
    double log_det = zeros * std::log(alpha);
    for (const double value : sigma) log_det += std::log(alpha + beta * value);
    fit.evidence = (features / 2 * std::log(alpha) + rows / 2 * std::log(beta) - 0.5 * log_det - beta / 2 * error -
                    alpha / 2 * weights - rows / 2 * std::log(2 * std::numbers::pi)) /
                   rows;
    fit.gamma = gamma;
    fit.iterations = step + 1;
    if (std::fabs(alpha / beta - t) <= options.tolerance * t) break;
  }
  fit.alpha = alpha;
  fit.beta = beta;
  fit.status = TargetStatus::interior;
  return fit;
}

}  // namespace

std::vector<TargetFit> reference_evidence(const Spectrum& s, const ReferenceOptions& options) {
  std::vector<double> sigma = s.eigenvalues;
  for (double& value : sigma) value = std::ldexp(value, 2 * s.exponent);
  const double rows = static_cast<double>(s.rows_total), features = static_cast<double>(s.features);
  const double zeros = std::min(rows, features) - static_cast<double>(s.rank);
  std::vector<TargetFit> fits(s.targets.size());
  // Its classes are 0 ... the largest label.
  std::size_t count = fits.size();
  while (count > 0 && s.rows[count - 1] == 0) --count;
  for (std::size_t k = 0; k < count; ++k) {
    const int f = s.target_exponent.empty() ? 0 : s.target_exponent[k];
    std::vector<double> x2(s.projections.begin() + static_cast<std::ptrdiff_t>(k) * s.rank,
                           s.projections.begin() + static_cast<std::ptrdiff_t>(k + 1) * s.rank);
    for (double& value : x2) value = std::ldexp(value, 2 * f);
    const double residual = std::ldexp(std::max(s.targets[k].residual, 0.0), 2 * f);
    fits[k] = fit_published(sigma, x2.data(), residual, rows, features, zeros, options);
    const double square = std::ldexp(s.targets[k].square, 2 * f);
    if (!std::isfinite(fits[k].evidence))
      throw NumericalError("the published procedure has no finite value for target " + std::to_string(k) +
                           ": its logarithms do not exist for these features");
    // Its stopping rule has no error bound; rounding by f32 products would come on top without a word.
    using Limits = std::numeric_limits<double>;
    fits[k].error_bound = fits[k].error_estimate = s.trace_error > 0 ? Limits::infinity() : Limits::quiet_NaN();
    fits[k].null_evidence = -0.5 * (std::log(2 * std::numbers::pi * square / rows) + 1);
  }
  return fits;
}

}  // namespace culogme::detail
