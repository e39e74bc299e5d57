#pragma once

#include <cstddef>
#include <memory>
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

/// Combines the workers' triangles in order and takes the singular values: sigma = s^2, x2 = (u'y)^2 with the left
/// singular vectors, r0 from the rows that the triangle leaves over, without cancellation. O(D^3 + targets D^2).
Spectrum triangle_spectrum(Triangle& triangle);

/// The same for N < D: QR of tiles of F' (columns of F are its rows), then the targets along the singular vectors of
/// the N x N triangle. O(N^2 D + N^3). Throws BadData.
Spectrum dual_triangle_spectrum(const MatrixView& features, const TargetView& targets,
                                const std::vector<std::string>& names, Task task, bool intercept, int threads);

}  // namespace culogme::detail
