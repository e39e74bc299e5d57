#include "error_bound.hpp"

#include <cmath>

#include "evidence_solver.hpp"
#include "rounding.hpp"

namespace culogme::detail {
namespace {

/// Relative size of a perturbation up to which its square is negligible beside it.
constexpr double first_order = 0.1;

/// Summing the terms of the evidence and stopping Newton.
double own_rounding(const SpectrumScalars& s, const EvidencePoint& point) {
  return 16 * u64 * (1 + std::fabs(point.evidence) + std::fabs(point.log_det) / s.dof);
}

double interior_bound(const SpectrumScalars& s, double smallest, double largest, const EvidenceResult& result) {
  const EvidencePoint& point = result.point;
  const double size = static_cast<double>(gram_size(s));
  // G + t has no eigenvalue below this: what matters is how large the errors of G are beside it.
  const double least = point.t + (s.rank >= gram_size(s) ? smallest : 0);
  if (s.norm_error > first_order * least) return infinite;
  const double relative = result.square_scale / point.error;  // y'y / E
  const double weights = point.gamma / (s.dof * point.t);     // |m|^2 / E
  const double inverse = (size - point.gamma) / point.t;      // tr (G + t)^-1
  const double gram =
      (s.gram_error * inverse + s.trace_error / least) / s.dof + (s.gram_error + s.entry_error) * weights;
  // F'y (or u'y) is known to the precision of the decomposition; rows rounded to f32 move the residual along m.
  const double cross = f64_gram_error(gram_size(s)) * std::sqrt(s.dual ? relative : largest * weights * relative);
  const double rounded = s.rounded_row * std::sqrt(weights);
  return 0.5 * (gram + s.square_error * relative) + cross + rounded + own_rounding(s, point);
}

double interpolation_bound(const SpectrumScalars& s, double smallest, const EvidenceResult& result) {
  if (s.norm_error > first_order * smallest) return infinite;
  const double change = result.weight_sum / result.point.error + result.inverse_sum / s.dof;
  return 0.5 * (s.gram_error + s.trace_error) * change + own_rounding(s, result.point);
}

}  // namespace

double error_bound(const SpectrumScalars& spectrum, double smallest, double largest, const EvidenceResult& result) {
  const EvidencePoint& point = result.point;
  if (!point.known) return infinite;
  switch (point.status) {
    case TargetStatus::interior:
      return interior_bound(spectrum, smallest, largest, result);
    case TargetStatus::interpolation_limit:
      return interpolation_bound(spectrum, smallest, result);
    case TargetStatus::null_limit:
      return 0.5 * spectrum.square_error * result.square_scale / result.square + own_rounding(spectrum, point);
    // An infinite evidence that f32 products found is a question for f64 products, not an answer.
    case TargetStatus::unbounded:
      return spectrum.trace_error > 0 ? infinite : 0;
    case TargetStatus::empty:
      return 0;
  }
  return infinite;
}

}  // namespace culogme::detail
