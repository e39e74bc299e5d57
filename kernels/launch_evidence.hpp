#pragma once

#include <cstddef>
#include <cstdint>

#include "src/evidence_result.hpp"
#include "src/evidence_solver.hpp"
#include "src/spectrum_scalars.hpp"

struct CUstream_st;  // cudaStream_t without a CUDA header

namespace culogme::kernels {

// From a decomposition to the maximum of the evidence. The general rules of launch.hpp hold.

/// What the evidence and the host need of a spectrum beside the eigenvalues. Only kernels write it; the host reads it
/// with the results, at the end.
struct DeviceSpectrum {
  detail::SpectrumScalars scalars;
  detail::EvidenceGrid grid;
  double smallest = 0;   ///< first eigenvalue above the noise; 0 where there is none
  double largest = 0;    ///< last eigenvalue
  double residual = 0;   ///< norm of (matrix probe - V L V' probe); NaN where the decomposition gave any
  double frobenius = 0;  ///< norm of the matrix
  double turned = 0;     ///< route svd: change of a probe's length
  double column = 0;     ///< route svd: detail::column_share of F
};

/// Rank, noise and bounds of a spectrum.
///   eigenvalues [n], increasing, all of them: n = gram_size of the source
///   source      by value; its traces and energies are not read, they come from
///   traces [4]  trace_before, trace_after, energy_trace, energy_entry (the last two only where source.f32), and [5]
///   with
///               rounding_trace where source.narrow
///   image, rebuilt [n]: matrix probe and V L V' probe, and frobenius_square [1]; null: residual and frobenius stay 0
///   out         written
/// One block; O(n).
struct SpectrumScalarsArguments {
  const double* eigenvalues = nullptr;
  detail::SpectrumSource source;
  const double* traces = nullptr;
  const double* image = nullptr;
  const double* rebuilt = nullptr;
  const double* frobenius_square = nullptr;
  std::int64_t size = 0;  ///< n
  DeviceSpectrum* out = nullptr;
};
void launch_spectrum_scalars(const SpectrumScalarsArguments& arguments, CUstream_st* stream);

/// The global maximum of the evidence of every target, one block a target, of one warp where there are few eigenvalues,
/// in one launch (docs/method.md, "The maximum"): the solver of src/evidence_solver.hpp, which the CPU backend runs
/// too.
///   spectrum                of launch_spectrum_scalars, in stream order before
///   eigenvalues [n]         as there
///   projected [targets][n]  u_i'F'y (primal) or u_i'y (dual and svd), those of the noise too
///   square [targets]        y'y     square_scale [targets]: or null, then y'y
///   rows [targets]          0: the target is empty; null: none is
///   results [targets]       written; every byte of the members is defined
///   shared_limit            bytes of shared memory that a block may opt in to on this device (host); where eigenvalues
///                           and x2 of a target fit, every projected value is read once, else some forty times
///   outside [targets]       route svd: the part of y'y beside all directions; null: other routes
/// O(targets n) for each of some forty points of t, up to eighty on the route svd.
struct EvidenceArguments {
  const DeviceSpectrum* spectrum = nullptr;
  const double* eigenvalues = nullptr;
  const double* projected = nullptr;
  const double* square = nullptr;
  const double* square_scale = nullptr;
  const std::int64_t* rows = nullptr;
  detail::EvidenceResult* results = nullptr;
  std::int64_t size = 0;  ///< n
  std::int64_t targets = 0;
  std::size_t shared_limit = 0;
  const double* outside = nullptr;
};
void launch_evidence(const EvidenceArguments& arguments, CUstream_st* stream);

}  // namespace culogme::kernels
