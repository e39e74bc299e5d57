#pragma once

#include "evidence_result.hpp"
#include "spectrum_scalars.hpp"

namespace culogme::detail {

struct ErrorBounds {
  double bound = 0;
  double estimate = 0;  ///< at most the bound: errors of independent signs average out in a trace, at six deviations
};

/// First-order bound on |evidence - exact evidence| per row (docs/numerics.md): the evidence is stationary in alpha and
/// beta, so only errors of the Gram matrix, of y'y - sum x2 and of the sums themselves count. Infinite where the first
/// order is not enough. `smallest` and `largest` are the extreme kept eigenvalues.
ErrorBounds error_bounds(const SpectrumScalars& spectrum, double smallest, double largest,
                         const EvidenceResult& result);

}  // namespace culogme::detail
