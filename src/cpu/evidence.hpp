#pragma once

#include <vector>

#include "backend.hpp"

namespace culogme::detail {

/// The global maximum of the evidence of every target (docs/method.md, section "The maximum"): a grid in ln t shared by
/// all targets, whose sums are added up for many of them at once; then safeguarded Newton in every bracket; then the
/// best of all interior maxima, the null limit and, where rank = dof, the interpolation limit. O(targets rank) per grid
/// point and step. Fields are in units of the original features and targets.
std::vector<TargetFit> maximise_evidence(const Spectrum& spectrum, int threads);

/// The fixed point of the published implementation: alpha = beta = 1 at the start, D / 2 ln alpha beside min(N, D)
/// eigenvalues, and m2 and res2 of the step before in the evidence. Classes without rows and targets of zeros are
/// scored like others; only classes behind the last one that has rows do not exist for it. Only for comparison with
/// published numbers: see docs/method.md for what is wrong in it. Throws NumericalError where a target has no finite
/// value.
std::vector<TargetFit> reference_evidence(const Spectrum& spectrum, const ReferenceOptions& options);

}  // namespace culogme::detail
