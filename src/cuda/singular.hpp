#pragma once

#include <cstdint>

#include "cuda/buffer.hpp"
#include "cuda/spectrum.hpp"
#include "probe_vectors.hpp"

namespace culogme::detail {

/// Rows behind the targets in the right sides of decompose_singular.
inline constexpr std::int64_t singular_probes = most_probes + 1;

/// Singular values of `matrix` ([n][n], destroyed) by cuSOLVER's gesvd and the targets' coordinates along its left
/// singular vectors, with a check by test vectors; the spectrum's `outside` and `steps` are set before.
///   right_sides [targets + singular_probes][n]; the last rows are scratch     column_square [n]: their sum is |A|_F^2
/// gesvd, since gesvdp moves small singular values by a perturbation and makes the host wait for its size. Throws
/// OutOfMemory for vectors and workspaces, NumericalError where cuSOLVER refuses the problem.
void decompose_singular(CudaSpectrum& spectrum, const Buffer<double>& matrix, const Buffer<double>& right_sides,
                        const Buffer<double>& column_square);

/// Throws NumericalError if one of the calls or the check failed.
///   info [5]: of launch_end_tile, then gesvd's
void check_singular(const CudaSpectrum& spectrum, const kernels::DeviceSpectrum& found, const int* info);

}  // namespace culogme::detail
