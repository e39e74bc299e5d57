#include "error_bound.hpp"

#include <cmath>
#include <numbers>

#include "evidence_solver.hpp"
#include "minmax.hpp"
#include "rounding.hpp"

namespace culogme::detail {
namespace {

/// Relative size of a perturbation up to which its square is negligible beside it.
constexpr double first_order = 0.1;

/// 1 - gamma / total, not below what rounding leaves of it. Of n it is |r|^2 / E with the residual r = y - F m at a
/// maximum, of the number of eigenvalues t tr (G + t)^-1 over that number.
double share_left(const SpectrumScalars& s, const EvidencePoint& point, double total) {
  return larger_of(1 - point.gamma / total, f64_gram_error(gram_size(s)));
}

ErrorBounds alike(double bound) { return {bound, bound}; }

/// Summing the terms of the evidence and stopping Newton.
double own_rounding(const SpectrumScalars& s, const EvidencePoint& point) {
  return 16 * u64 * (1 + std::fabs(point.evidence) + std::fabs(point.log_det) / s.dof);
}

/// Singular values: the result is that of F + dF and y + dy (docs/numerics.md, section "Singular values").
double singular_interior_bound(const SpectrumScalars& s, const EvidenceResult& result) {
  const EvidencePoint& point = result.point;
  const double root = std::sqrt(point.t), weights = std::sqrt(point.gamma / (s.dof * point.t));  // |m| / sqrt(E)
  const double turned = s.factor_error / root + s.factor_error * s.factor_error / point.t;
  // What turns y and F m alike turns the residual; the rest is independent from column to column, and y is one of them.
  // In the dual form the columns are rows of F, and y is none of them.
  const double of_target = s.target_error * std::sqrt(result.square / point.error),
               of_columns = s.column_error * weights,
               rest = s.dual ? of_target + of_columns : std::hypot(of_target, of_columns);
  // It meets r row by row along U, where r_i = (t / s_i) m_i.
  const double unexpected = smaller_of(s.unexpected * weights, s.unexpected_part * point.gamma / s.dof);
  const double unexpected_turn = smaller_of(s.unexpected / root, s.unexpected_part);
  const double moved = s.target_error + rest + unexpected;
  if (!(turned <= first_order && unexpected_turn <= first_order && moved <= first_order)) return infinite;
  const double rank = static_cast<double>(s.rank), kept = smaller_of(point.gamma, rank * share_left(s, point, rank));
  const double log_det = s.factor_error * std::sqrt(kept) / root + turned * turned +
                         smaller_of(s.unexpected * std::sqrt(kept) / root, s.unexpected_part * std::sqrt(point.gamma)) +
                         unexpected_turn * unexpected_turn;
  // Where all of y lies in the kept directions E misses what it lost of them: a reflector made of what rounding left of
  // a column lies anywhere.
  return log_det / s.dof + moved * (1 + moved) + 0.5 * result.lost / point.error + own_rounding(s, point);
}

double singular_interpolation_bound(const SpectrumScalars& s, double smallest, const EvidenceResult& result) {
  const double root = std::sqrt(smallest), unexpected_turn = smaller_of(s.unexpected / root, s.unexpected_part);
  if (!(s.factor_error <= first_order * root && unexpected_turn <= first_order)) return infinite;
  const double a = result.point.error;
  const double weights = std::sqrt(result.weight_sum / a);  // |z| / |m|
  const double moved = weights * (s.target_error * std::sqrt(result.square / a) + s.factor_error) +
                       smaller_of(s.unexpected * weights, s.unexpected_part);
  if (!(moved <= first_order)) return infinite;
  const double inverse = std::sqrt(result.inverse_sum);
  const double log_det = s.factor_error * inverse +
                         smaller_of(s.unexpected * inverse, s.unexpected_part * std::sqrt(s.dof)) +
                         unexpected_turn * unexpected_turn;
  return moved * (1 + moved) + log_det / s.dof + own_rounding(s, result.point);
}

/// Rows rounded to 11 bits are those of F + dF, whose sums may have shrunk by `drift` (docs/numerics.md, "Tensor
/// cores").
double narrow_bound(const SpectrumScalars& s, const EvidencePoint& point, double relative) {
  if (s.drift == 0) return 0;
  constexpr double largest_turn = 0.3;  // the second-order terms below hold up to here
  const double turned = s.row_error / std::sqrt(point.t);
  const double moved = s.row_error * std::sqrt(point.gamma / (s.dof * point.t));
  if (!(turned <= largest_turn && moved <= largest_turn)) return infinite;
  const double kept = larger_of(smaller_of(point.gamma, static_cast<double>(s.rank) - point.gamma), 0.0);
  const double log_det = turned * std::sqrt(kept) + 5.5 * turned * turned;
  return log_det / s.dof + moved * (1 + moved) + 0.5 * s.drift * relative;
}

/// ln det / 2n of G + t, whose inverse has the trace `inverse` and whose smallest eigenvalue is `least`: the trace of
/// (G + t)^-1 dG with errors of one sign, or of independent ones. gram_error and entry_error are some three deviations
/// of an error themselves; dG is symmetric, so most of its entries count twice.
ErrorBounds log_det_bounds(const SpectrumScalars& s, double inverse, double least) {
  const double six_deviations = 2 * std::numbers::sqrt2 * std::sqrt(inverse / least);  // at least of |(G + t)^-1|_F
  // Either the smallest eigenvalue weighs all of the diagonal, or its largest element all eigenvalues.
  const double any = s.trace_error / least, largest = s.entry_error * larger_of(inverse, six_deviations);
  const double trace = s.gram_error * inverse + (s.drift > 0 ? any : smaller_of(any, largest));
  const double random = (s.gram_error + s.entry_error) * six_deviations;
  return {0.5 * trace / s.dof, 0.5 * smaller_of(trace, random) / s.dof};
}

ErrorBounds interior_bounds(const SpectrumScalars& s, double smallest, double largest, const EvidenceResult& result) {
  const EvidencePoint& point = result.point;
  if (s.factor_error > 0) return alike(singular_interior_bound(s, result));
  const double size = static_cast<double>(gram_size(s));
  // G + t has no eigenvalue below this: what matters is how large the errors of G are beside it.
  const double least = point.t + (s.rank >= gram_size(s) ? smallest : 0);
  if (s.norm_error > first_order * least) return alike(infinite);
  const double relative = result.square_scale / point.error;           // y'y / E
  const double weights = point.gamma / (s.dof * point.t);              // |m|^2 / E
  const double residual = share_left(s, point, s.dof);                 // |r|^2 / E
  const double inverse = size * share_left(s, point, size) / point.t;  // tr (G + t)^-1
  // What the error of the matrix meets: m of F'F, r / t of FF'.
  const double met = s.dual ? residual / point.t : weights;
  double gram = (s.gram_error + s.entry_error) * met;
  // Eigenvalues that were left out though they need not be 0 are a change of the matrix too.
  const double left_out = static_cast<double>(s.cut) - larger_of(size - s.dof, 0.0);
  if (left_out > 0) gram += s.cut_error * (left_out / (s.dof * point.t) + met);
  // F'y (or u'y) is known to the precision of the decomposition; rows rounded to f32 move the residual along m.
  const double known = f64_gram_error(gram_size(s));
  const double cross = known * std::sqrt((s.dual ? residual : largest * weights) * relative);
  // Where all of y must lie in the kept directions, what they lost of it by turning towards the mean is in no sum.
  if (result.lost > 0) {
    const double lost = std::sqrt(result.lost / point.error) + known * std::sqrt(relative);
    if (!(lost * lost <= first_order)) return alike(infinite);
    gram += lost * lost;
  }
  const double rounded = s.rounded_row * std::sqrt(weights * residual);
  const double others = 0.5 * (gram + s.square_error * (s.dual ? 1 : relative)) + cross * (1 + cross) + rounded +
                        narrow_bound(s, point, relative) + own_rounding(s, point);
  const ErrorBounds of_log_det = log_det_bounds(s, inverse, least);
  return {others + of_log_det.bound, others + of_log_det.estimate};
}

ErrorBounds interpolation_bounds(const SpectrumScalars& s, double smallest, double largest,
                                 const EvidenceResult& result) {
  if (s.factor_error > 0) return alike(singular_interpolation_bound(s, smallest, result));
  if (s.norm_error > first_order * smallest) return alike(infinite);
  const double a = result.point.error, met = result.weight_sum / a;  // |z|^2 / A, z = K^-1 y
  double others = own_rounding(s, result.point);
  if (s.dual) {
    others += 0.5 * (s.gram_error + s.entry_error) * met;
  } else {
    // A = |m|^2 with m = G^-1 F'y: the error of G meets G^-1 m, and so does that of F'y.
    const double turned = std::sqrt(met / smallest);  // at least |G^-1 m| / |m|
    others += (s.gram_error + s.trace_error) * turned +
              f64_gram_error(gram_size(s)) * std::sqrt(largest * result.square_scale / a) * turned;
    // Above the limit E has the noise of r0, which may hide a maximum: one that is better by up to t |z|^2 / 2A at a t
    // where the noise takes that away, up to noise / (2 t A).
    others += 0.5 * std::sqrt(result.residual_noise / a * met);
  }
  if (s.row_error > 0) {
    const double moved = s.row_error * (std::sqrt(met) + std::sqrt(result.inverse_sum) / s.dof);
    if (!(s.row_error <= first_order * std::sqrt(smallest) && moved <= first_order)) return alike(infinite);
    others += moved * (1 + moved);
  }
  const ErrorBounds of_log_det = log_det_bounds(s, result.inverse_sum, smallest);
  return {others + of_log_det.bound, others + of_log_det.estimate};
}

ErrorBounds bounds_at(const SpectrumScalars& spectrum, double smallest, double largest, const EvidenceResult& result) {
  const EvidencePoint& point = result.point;
  if (!point.known) return alike(infinite);
  switch (point.status) {
    case TargetStatus::interior:
      return interior_bounds(spectrum, smallest, largest, result);
    case TargetStatus::interpolation_limit:
      return interpolation_bounds(spectrum, smallest, largest, result);
    case TargetStatus::null_limit:
      return alike((spectrum.target_error + 0.5 * (spectrum.square_error + spectrum.drift)) * result.square_scale /
                       result.square +
                   own_rounding(spectrum, point));
    // An infinite evidence that a Gram matrix found is a question for singular values, not an answer.
    case TargetStatus::unbounded:
      return alike(spectrum.factor_error > 0 ? 0 : infinite);
    case TargetStatus::empty:
      return {};
  }
  return alike(infinite);
}

}  // namespace

ErrorBounds error_bounds(const SpectrumScalars& spectrum, double smallest, double largest,
                         const EvidenceResult& result) {
  ErrorBounds bounds = bounds_at(spectrum, smallest, largest, result);
  EvidenceResult beside = result;
  for (const EvidencePoint& other : {result.other, result.limit}) {
    if (other.status == TargetStatus::empty) continue;
    beside.point = other;
    const ErrorBounds of_other = bounds_at(spectrum, smallest, largest, beside);
    // A limit lies below the errors of most spectra; EvidenceSolver has looked what is promised there.
    if (other.status == TargetStatus::interpolation_limit && !std::isfinite(of_other.bound)) continue;
    const double behind = result.point.evidence - other.evidence;
    bounds.bound = larger_of(bounds.bound, of_other.bound - behind);
    bounds.estimate = larger_of(bounds.estimate, of_other.estimate - behind);
  }
  return bounds;
}

}  // namespace culogme::detail
