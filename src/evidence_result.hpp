#pragma once

#include <cstdint>

#include <culogme/score.hpp>

namespace culogme::detail {

/// Sums over the eigenvalues at one t = alpha / beta, with a = sigma / (sigma + t) and w = t / (sigma + t) = 1 - a.
/// d/du is the derivative with respect to u = ln t. Symbols as in docs/method.md.
struct EvidenceTerms {
  double gamma = 0;        ///< sum a, effective number of parameters
  double gamma_slope = 0;  ///< sum a w = -d gamma / du
  double error = 0;        ///< sum x2 w; r0 + this is E(t)
  double error_slope = 0;  ///< sum x2 a w = dE / du = t ||m||^2
  double error_curve = 0;  ///< sum x2 a w (a - w) = d2E / du2
};

/// The maximum of one target, in the scaled units of the spectrum.
struct EvidencePoint {
  TargetStatus status = TargetStatus::empty;
  double evidence = 0, t = 0;
  double error = 0;  ///< E(t); A = y'K^-1 y at the interpolation limit
  double gamma = 0, log_det = 0;
  bool known = true;  ///< false where the errors of the spectrum may hide a better maximum
};

/// What the search for the maximum of one target leaves, on either backend: all that make_fit needs.
struct EvidenceResult {
  EvidencePoint point;
  std::int32_t iterations = 0;
  double square = 0, square_scale = 0;     ///< of TargetScalars
  double lost = 0, residual_noise = 0;     ///< the same
  double inverse_sum = 0, weight_sum = 0;  ///< sum 1 / sigma, sum x2 / sigma^2: where there is an interpolation limit
  /// What the maximum was preferred to, by less than their errors perhaps: the best of the other interior maxima, and
  /// the interpolation limit; empty where there is none.
  EvidencePoint other, limit;
};

}  // namespace culogme::detail
