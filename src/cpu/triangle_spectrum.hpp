#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "backend.hpp"

namespace culogme::detail {

/// QR of row tiles on up to `threads` workers, each with a triangle of its own: tile i goes to worker i modulo their
/// number, so the bits depend on that number and on the workspace, but on nothing that the clock decides.
std::unique_ptr<Triangle> make_cpu_triangle(std::int64_t features, std::vector<std::string> names,
                                            const TriangleOptions& options, int threads, std::size_t workspace_limit);

/// Combines the workers' triangles in order and takes the singular values: sigma = s^2, x2 = (u'y)^2 with the left
/// singular vectors, r0 from the rows that the triangle leaves over, without cancellation. O(D^3 + targets D^2).
Spectrum triangle_spectrum(Triangle& triangle);

/// The same for N < D: QR of tiles of F' (columns of F are its rows), then the targets along the singular vectors of
/// the N x N triangle. O(N^2 D + N^3). Throws BadData.
Spectrum dual_triangle_spectrum(const MatrixView& features, const TargetView& targets,
                                const std::vector<std::string>& names, Task task, bool intercept, int threads);

}  // namespace culogme::detail
