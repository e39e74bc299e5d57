#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend.hpp"
#include "cuda/buffer.hpp"
#include "cuda/context.hpp"
#include "cuda/sums.hpp"
#include "kernels/launch.hpp"
#include "kernels/launch_evidence.hpp"

namespace culogme::detail {

/// A spectrum in device memory, most of it not computed yet when the object is there: the host learns of rank, noise,
/// bad values and failed decompositions with the results, at the one place where it waits.
struct CudaSpectrum final : AnySpectrum {
  CudaSpectrum() = default;
  CudaSpectrum(const CudaSpectrum&) = delete;
  CudaSpectrum& operator=(const CudaSpectrum&) = delete;
  /// Waits where nobody did, after an exception: cuSOLVER may still use the workspace on the host.
  ~CudaSpectrum() override;

  std::shared_ptr<CudaContext> context;
  Route route = Route::gram_f64;
  std::int64_t size = 0, targets = 0, rows = 0, features = 0;
  std::vector<std::string> names;
  SpectrumSource source;
  Buffer<double> traces;                    ///< [4] or [5] of launch_spectrum_scalars
  Buffer<double> eigenvalues;               ///< [size] increasing
  Buffer<double> projected;                 ///< [targets + 1][size] and more; behind the targets is what the check left
  Buffer<double> square;                    ///< [targets] y'y
  Buffer<double> square_scale;              ///< [targets]
  Buffer<unsigned long long> counts;        ///< [targets], classification only
  Buffer<std::int32_t> target_exponent;     ///< [targets], other tasks only
  Buffer<kernels::SumsState> state;         ///< [1]
  Buffer<kernels::DeviceSpectrum> scalars;  ///< [1]
  Buffer<double> singular;                  ///< route svd: [size] singular values, decreasing
  Buffer<double> outside;                   ///< route svd: [targets] part of y'y beside all directions
  std::int64_t steps = 0;                   ///< route svd: tiles that the triangle took in
  Buffer<int> info;                         ///< [1] of cuSOLVER; route svd: [5] of check_singular
  std::vector<std::vector<char>> host_workspaces;  ///< cuSOLVER may use them until its work is done
  std::int64_t sampled = 0;
  Buffer<double> sampled_rows;           ///< [sampled][size] of a standard error; projected by the decomposition
  AlignedVector<double> sampled_values;  ///< [targets][sampled] on the host
  mutable bool waited = false;
  const CudaSums* sums = nullptr;  ///< told of bad values; null: `origins` knows the rows
  RowOrigins origins;
  bool timed_alone = true;  ///< the time of the statistics runs from `started`, else from the sums' first event
  Event started{true}, summed{true}, solved{true};
};

/// Decomposes `matrix` ([n][n] lower, destroyed) by cuSOLVER and projects `right_sides` ([targets + 1][n]; the last row
/// is scratch) and the sampled rows on the eigenvectors, with a check by a vector of signs; the spectrum's traces are
/// set before. Throws OutOfMemory for the workspaces, NumericalError where cuSOLVER refuses the problem.
void decompose_on_device(CudaSpectrum& spectrum, const Buffer<double>& matrix, const Buffer<double>& right_sides);

/// Primal spectrum of sums.
std::unique_ptr<CudaSpectrum> primal_device_spectrum(const CudaSums& sums, bool keep, bool intercept,
                                                     const SampledRows* sample);

/// Dual spectrum of all rows; features and targets in host or device memory. `limit`: bytes for chunks of columns.
std::unique_ptr<CudaSpectrum> dual_device_spectrum(const std::shared_ptr<CudaContext>& context,
                                                   const MatrixView& features, const TargetView& targets,
                                                   const std::vector<std::string>& names, Task task, bool f32_products,
                                                   bool intercept, std::size_t limit, const SampledRows* sample);

/// Launches the evidence of all targets and waits: the host's one synchronisation per score. Throws BadData,
/// NumericalError, CudaError.
Fits maximise_on_device(const CudaSpectrum& spectrum, std::size_t shared_limit);

/// Of the kept directions, decreasing, in units of the original features; waits. Throws as maximise_on_device.
std::vector<double> eigenvalues_on_host(const CudaSpectrum& spectrum);

/// The spectrum in host memory, for the published procedure; waits.
Spectrum to_host(const CudaSpectrum& spectrum);

}  // namespace culogme::detail
