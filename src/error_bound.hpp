#pragma once

#include "evidence_result.hpp"
#include "spectrum_scalars.hpp"

namespace culogme::detail {

/// First-order bound on |evidence - exact evidence| per row (docs/numerics.md): the evidence is stationary in alpha and
/// beta, so only errors of the Gram matrix, of y'y - sum x2 and of the sums themselves count. Infinite where the first
/// order is not enough. `smallest` and `largest` are the extreme kept eigenvalues.
double error_bound(const SpectrumScalars& spectrum, double smallest, double largest, const EvidenceResult& result);

}  // namespace culogme::detail
