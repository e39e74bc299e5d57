#include "error_bound.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "rounding.hpp"

namespace culogme::detail {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Relative size of a perturbation up to which its square is negligible beside it.
constexpr double first_order = 0.1;

double gram_size(const Spectrum& s) {
  return static_cast<double>(s.route == Route::dual_gram ? s.rows_total : s.features);
}

/// Summing the terms of the evidence and stopping Newton.
double own_rounding(const Spectrum& s, const EvidencePoint& point) {
  return 16 * u64 * (1 + std::fabs(point.evidence) + std::fabs(point.log_det) / s.dof);
}

double interior_bound(const Spectrum& s, std::int64_t target, const EvidencePoint& point) {
  // G + t has no eigenvalue below this: what matters is how large the errors of G are beside it.
  const double least = point.t + (static_cast<double>(s.rank) >= gram_size(s) ? s.eigenvalues.front() : 0);
  if (s.norm_error > first_order * least) return infinity;
  const double relative = s.square_scale[static_cast<std::size_t>(target)] / point.error;  // y'y / E
  const double weights = point.gamma / (s.dof * point.t);                                  // |m|^2 / E
  const double inverse = (gram_size(s) - point.gamma) / point.t;                           // tr (G + t)^-1
  const double gram =
      (s.gram_error * inverse + s.trace_error / least) / s.dof + (s.gram_error + s.entry_error) * weights;
  // F'y (or u'y) is known to the precision of the decomposition; rows rounded to f32 move the residual along m.
  const double cross = s.route == Route::dual_gram
                           ? f64_gram_error(s.rows_total) * std::sqrt(relative)
                           : f64_gram_error(s.features) * std::sqrt(s.eigenvalues.back() * weights * relative);
  const double rounded = s.rounded_row * std::sqrt(weights);
  return 0.5 * (gram + s.square_error * relative) + cross + rounded + own_rounding(s, point);
}

double interpolation_bound(const Spectrum& s, const EvidencePoint& point, const double* x2) {
  double inverse = 0, weights = 0;
  for (std::int64_t i = 0; i < s.rank; ++i) {
    const double sigma = s.eigenvalues[static_cast<std::size_t>(i)];
    inverse += 1 / sigma;
    weights += x2[i] / (sigma * sigma);
  }
  if (s.norm_error > first_order * s.eigenvalues.front()) return infinity;
  const double change = weights / point.error + inverse / s.dof;
  return 0.5 * (s.gram_error + s.trace_error) * change + own_rounding(s, point);
}

}  // namespace

double error_bound(const Spectrum& spectrum, std::int64_t target, const EvidencePoint& point, const double* x2) {
  if (!point.known) return infinity;
  const auto at = static_cast<std::size_t>(target);
  switch (point.status) {
    case TargetStatus::interior:
      return interior_bound(spectrum, target, point);
    case TargetStatus::interpolation_limit:
      return interpolation_bound(spectrum, point, x2);
    case TargetStatus::null_limit:
      return 0.5 * spectrum.square_error * spectrum.square_scale[at] / spectrum.square[at] +
             own_rounding(spectrum, point);
    // An infinite evidence that f32 products found is a question for f64 products, not an answer.
    case TargetStatus::unbounded:
      return spectrum.trace_error > 0 ? infinity : 0;
    case TargetStatus::empty:
      return 0;
  }
  return infinity;
}

}  // namespace culogme::detail
