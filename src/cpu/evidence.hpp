#pragma once

#include <vector>

#include "backend.hpp"

namespace culogme::detail {

/// The global maximum of the evidence of every target (docs/method.md, section "The maximum"): a grid in ln t shared by
/// all targets, evaluated by one matrix product; then safeguarded Newton in every bracket; then the best of all
/// interior maxima, the null limit and, where rank = dof, the interpolation limit. O(targets rank) per grid point and
/// step. Fields are in units of the original features and targets.
std::vector<TargetFit> maximise_evidence(const Spectrum& spectrum, int threads);

/// The fixed point of the published implementation: alpha = beta = 1 at the start, at most 11 steps, stop at a relative
/// change of 1e-3 in alpha / beta, guards of 1e-5, D / 2 ln alpha beside min(N, D) eigenvalues, and m2 and res2 of the
/// step before in the evidence. Only for comparison with published numbers: see docs/method.md for what is wrong in it.
std::vector<TargetFit> reference_evidence(const Spectrum& spectrum);

}  // namespace culogme::detail
