#pragma once

#include "cuda/device_moments.hpp"
#include "cuda/row_triangle.hpp"
#include "cuda/spectrum.hpp"
#include "row_sample.hpp"

namespace culogme::detail {

// Sampled rows of a device spectrum: prepared on the host, where they were gathered, and projected on the device. Only
// scores with a standard error come here; all of it waits.

/// Rows and values of a primal spectrum; the moments are complete, with the sums of the columns, and not moved yet.
void prepare_sample(CudaSpectrum& spectrum, const DeviceMoments& moments, bool intercept, const SampledRows& sample);

/// The same of a dual spectrum of either route, from its targets as dense columns [targets][N].
void prepare_sample(CudaSpectrum& spectrum, const Buffer<double>& dense, bool intercept, const SampledRows& sample);

/// The same of a triangle's singular values; the spectrum has taken over the rows' state.
void prepare_sample(CudaSpectrum& spectrum, const CudaTriangle& rows, const DeviceTriangle& triangle,
                    const SampledRows& sample);

/// What was projected, in host memory.
RowCoordinates coordinates_on_host(CudaSpectrum& spectrum);

}  // namespace culogme::detail
