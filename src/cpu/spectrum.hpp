#pragma once

#include <span>
#include <string>
#include <vector>

#include "backend.hpp"

namespace culogme::detail {

/// Gram matrix and F'Y of the features themselves, or with an intercept of features and targets about their means.
/// Returns y'y of every target.
std::vector<double> move_origin(Moments& moments, bool intercept);

/// F'F in fp64 with the pilot's mean put back (or centred, with an intercept), decomposed; projections x2 = (v'F'y)^2 /
/// sigma and the residual r0 = y'y - sum x2 of every target. O(D^3 + targets D^2).
Spectrum primal_spectrum(Moments moments, bool intercept, int threads);

/// The same from FF' for N < D: x2 = (u'y)^2 with the eigenvectors u of FF', r0 the part of y in its null space, which
/// has no cancellation. O(N^2 D + N^3). Throws BadData.
Spectrum dual_spectrum(const MatrixView& features, const TargetView& targets, const std::vector<std::string>& names,
                       Task task, bool f32_products, bool intercept, int threads);

/// What a decomposition gives: scalars, kept eigenvalues, x2 and what is known of every target. `square` and
/// `square_scale` of `targets` are set before.
///   eigenvalues [n], increasing     projected [targets][n], u_i'F'y (primal) or u_i'y (dual)
void set_projections(Spectrum& spectrum, const SpectrumSource& source, std::span<const double> eigenvalues,
                     std::span<const double> projected);

}  // namespace culogme::detail
