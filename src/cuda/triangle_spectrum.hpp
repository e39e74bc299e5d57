#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cuda/row_triangle.hpp"
#include "cuda/spectrum.hpp"

namespace culogme::detail {

/// Spectrum of the singular values of the features, from their triangle, which is of no use afterwards.
/// `sample`, here and below: rows that are projected too, or null.
std::unique_ptr<CudaSpectrum> triangle_device_spectrum(CudaTriangle& rows, const SampledRows* sample);

/// The same from all rows, for N < D: QR of tiles of columns. `limit`: bytes for the stack.
std::unique_ptr<CudaSpectrum> dual_triangle_device_spectrum(const std::shared_ptr<CudaContext>& context,
                                                            const MatrixView& features, const TargetView& targets,
                                                            const std::vector<std::string>& names, Task task,
                                                            bool intercept, std::size_t limit,
                                                            const SampledRows* sample);

}  // namespace culogme::detail
