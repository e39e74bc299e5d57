#include "target_fit.hpp"

#include <cmath>
#include <numbers>

#include "error_bound.hpp"
#include "evidence_solver.hpp"

namespace culogme::detail {

TargetFit make_fit(const SpectrumScalars& s, double smallest, double largest, Exponents exponents,
                   const EvidenceResult& result) {
  TargetFit fit;
  const EvidencePoint& point = result.point;
  if (point.status == TargetStatus::empty) return fit;
  fit.status = point.status;
  fit.iterations = result.iterations;
  fit.gamma = point.gamma;
  const ErrorBounds bounds = error_bounds(s, smallest, largest, result);
  fit.error_bound = bounds.bound;
  fit.error_estimate = bounds.estimate;
  double evidence = point.evidence, alpha = infinite, beta = s.dof / point.error;
  switch (point.status) {
    case TargetStatus::interior:
      alpha = point.t * beta;
      break;
    // E = t A, so beta = n / (t A) grows without limit while alpha = t beta stays.
    case TargetStatus::interpolation_limit:
      alpha = s.dof / point.error;
      beta = infinite;
      break;
    case TargetStatus::unbounded:
      evidence = infinite;
      alpha = point.gamma / point.error;
      beta = infinite;
      break;
    case TargetStatus::null_limit:
    case TargetStatus::empty:
      break;
  }
  // alpha, beta and the evidence of the original features and targets: F = 2^e F', y = 2^f y'.
  const int f = exponents.target;
  fit.evidence = evidence - f * std::numbers::ln2;
  fit.null_evidence = evidence_value(result.square, 0, s.dof) - f * std::numbers::ln2;
  fit.alpha = std::ldexp(alpha, 2 * (exponents.features - f));
  fit.beta = std::ldexp(beta, -2 * f);
  return fit;
}

}  // namespace culogme::detail
