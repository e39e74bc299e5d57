#pragma once

#include <cstdint>

#include <culogme/score.hpp>

#include "backend.hpp"

namespace culogme::detail {

/// The maximum of one target, in the scaled units of the spectrum.
struct EvidencePoint {
  TargetStatus status = TargetStatus::empty;
  double evidence = 0, t = 0;
  double error = 0;  ///< E(t); A = y'K^-1 y at the interpolation limit
  double gamma = 0, log_det = 0;
  bool known = true;  ///< false where the errors of the spectrum may hide a better maximum
};

/// First-order bound on |evidence - exact evidence| per row (docs/numerics.md): the evidence is stationary in alpha and
/// beta, so only errors of the Gram matrix, of y'y - sum x2 and of the sums themselves count. Infinite where the first
/// order is not enough. For the interpolation limit `x2` ([rank]) enters too.
double error_bound(const Spectrum& spectrum, std::int64_t target, const EvidencePoint& point, const double* x2);

}  // namespace culogme::detail
