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
/// sigma and the residual r0 = y'y - sum x2 of every target; the sampled rows, if any, are projected with the targets.
/// O(D^3 + (targets + S) D^2).
Spectrum primal_spectrum(Moments moments, bool intercept, int threads, const SampledRows* sample = nullptr);

/// The same from FF' for N < D: x2 = (u'y)^2 with the eigenvectors u of FF', r0 the part of y in its null space, which
/// has no cancellation. O(N^2 D + N^3). Throws BadData.
Spectrum dual_spectrum(const MatrixView& features, const TargetView& targets, const std::vector<std::string>& names,
                       Task task, bool f32_products, bool intercept, int threads, const SampledRows* sample);

/// Means of the targets in the scaled units of the moments; zeros without an intercept.
std::vector<double> target_means(const MomentSides& moments, bool intercept);

/// Sampled rows [S][D] in the units of the moments, about the features' mean with an intercept.
AlignedVector<double> shifted_rows(const MomentSides& moments, bool intercept, const SampledRows& sample);

/// Sampled rows of n as unit vectors [S][n], about their mean with an intercept.
AlignedVector<double> unit_rows(const SampledRows& sample, std::int64_t n, bool intercept);

/// Values of the sampled rows [targets][S] out of dense targets [targets][n].
AlignedVector<double> values_at(const SampledRows& sample, std::int64_t n, std::int64_t targets,
                                const AlignedVector<double>& dense);

/// Sets `sampled` of a spectrum that is otherwise complete. `projected` [targets][n], `rows` [S][n]: coordinates along
/// the eigenvectors of F'F where `divide_...`, else along left singular vectors.
void set_coordinates(Spectrum& spectrum, std::int64_t n, std::span<const double> projected, bool divide_projected,
                     std::span<const double> rows, bool divide_rows, AlignedVector<double> values);

/// What a decomposition gives: scalars, kept eigenvalues, x2 and what is known of every target. `square` and
/// `square_scale` of `targets` are set before.
///   eigenvalues [n], increasing     projected [targets][n], u_i'F'y (primal) or u_i'y (dual)
void set_projections(Spectrum& spectrum, const SpectrumSource& source, std::span<const double> eigenvalues,
                     std::span<const double> projected);

}  // namespace culogme::detail
