#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend.hpp"
#include "cpu/singular.hpp"

namespace culogme::detail {

/// QR of row tiles on up to `threads` workers, each with a triangle of its own: tile i goes to worker i modulo their
/// number, so the bits depend on that number and on the workspace, but on nothing that the clock decides.
std::unique_ptr<Triangle> make_cpu_triangle(std::int64_t features, std::vector<std::string> names,
                                            const TriangleOptions& options, int threads, std::size_t workspace_limit);

/// What the singular values of a square matrix say: sigma, x2, r0, rank and bounds; the values are destroyed. Sizes,
/// exponents and rows of `spectrum` and `square` of its targets are set before; `outside` is the part of each target
/// beside the matrix, `column` the column_share of F, 1 in the dual form, `steps` the tiles that it took in.
void set_singular(Spectrum& spectrum, SingularValues& found, const std::vector<double>& outside, double column,
                  std::int64_t steps);

/// Means of features and targets, in scaled units.
struct LeadMeans {
  std::vector<double> features, targets;
};

/// Those that a triangle took out: its column of ones holds what the pilots left of them. `first`: of the first row of
/// R, `features` and `targets` the rest of that row and of Q'Y's; `target_pilot` is empty for classes.
LeadMeans lead_means(double first, std::span<const double> features, std::span<const double> targets,
                     std::span<const double> pilot, std::span<const double> target_pilot);

/// Sampled rows [S][D], times 2^-exponent, less `means` [D].
AlignedVector<double> rows_about(const std::vector<double>& means, std::int32_t exponent, const SampledRows& sample);

/// Combines the workers' triangles in order and takes the singular values: sigma = s^2, x2 = (u'y)^2 with the left
/// singular vectors, r0 from the rows that the triangle leaves over, without cancellation. O(D^3 + targets D^2).
Spectrum triangle_spectrum(Triangle& triangle, const SampledRows* sample);

/// The same for N < D: QR of tiles of F' (columns of F are its rows), then the targets along the singular vectors of
/// the N x N triangle. O(N^2 D + N^3). Throws BadData.
Spectrum dual_triangle_spectrum(const MatrixView& features, const TargetView& targets,
                                const std::vector<std::string>& names, Task task, bool intercept, int threads,
                                const SampledRows* sample);

}  // namespace culogme::detail
