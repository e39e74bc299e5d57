#include "cuda/spectrum.hpp"

#include <cmath>
#include <cstring>
#include <utility>

#include <culogme/error.hpp>

#include "cpu/singular.hpp"
#include "cpu/spectrum.hpp"
#include "cpu/triangle_spectrum.hpp"
#include "cuda/check.hpp"
#include "cuda/device.hpp"
#include "cuda/row_coordinates.hpp"
#include "cuda/singular.hpp"
#include "cuda/triangle.hpp"
#include "kernels/launch_spectrum.hpp"
#include "memory.hpp"
#include "rounding.hpp"
#include "target_fit.hpp"

namespace culogme::detail {
namespace {

std::string problem_text(std::int64_t n) { return "the eigenproblem of size " + std::to_string(n); }

void solve(CudaSpectrum& s, const Buffer<double>& matrix) {
  CudaContext& context = *s.context;
  const std::int64_t n = s.size;
  std::size_t device_bytes = 0, host_bytes = 0;
  check_solver(cusolverDnXsyevd_bufferSize(context.solver(), context.solver_parameters(), CUSOLVER_EIG_MODE_VECTOR,
                                           CUBLAS_FILL_MODE_LOWER, n, CUDA_R_64F, matrix.data(), n, CUDA_R_64F,
                                           s.eigenvalues.data(), CUDA_R_64F, &device_bytes, &host_bytes),
               "cusolverDnXsyevd_bufferSize", problem_text(n));
  const DeviceBytes workspace(context, static_cast<double>(device_bytes), problem_text(n) + "'s workspace");
  require_memory(static_cast<double>(host_bytes), problem_text(n) + "'s workspace on the host");
  s.host_workspaces.emplace_back(host_bytes);
  check_solver(
      cusolverDnXsyevd(context.solver(), context.solver_parameters(), CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER,
                       n, CUDA_R_64F, matrix.data(), n, CUDA_R_64F, s.eigenvalues.data(), CUDA_R_64F, workspace.data(),
                       device_bytes, s.host_workspaces.back().data(), host_bytes, s.info.data()),
      "cusolverDnXsyevd", problem_text(n));
}

/// What comes back to the host at the end of a score, side by side in page-locked memory.
class Returned {
 public:
  Returned(CudaContext& context, std::size_t bytes) : context_(context), memory_(context.result_memory(bytes)) {}

  template <class T>
  const T* fetch(const T* device, std::int64_t count) {
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
    T* const host = reinterpret_cast<T*>(memory_ + used_);
    if (bytes > 0) CULOGME_CHECK(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, context_.stream()));
    used_ += padded(bytes);
    return host;
  }

  static std::size_t padded(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

 private:
  CudaContext& context_;
  char* memory_;
  std::size_t used_ = 0;
};

void check_decomposition(const CudaSpectrum& s, const kernels::DeviceSpectrum& found, const int* info) {
  if (s.route == Route::svd) {
    check_singular(s, found, info);
    return;
  }
  if (*info != 0)
    throw NumericalError(problem_text(s.size) + " failed: cusolverDnXsyevd answers info " + std::to_string(*info));
  if (!std::isfinite(found.frobenius)) throw NumericalError(problem_text(s.size) + " failed: its matrix is not finite");
  // Residuals of stable methods stay below 30 n u times the norm, here of the matrix shifted by its own; `not <=`
  // catches NaN. An info of zero proves nothing.
  const double size = static_cast<double>(s.size);
  if (!(found.residual <= 60 * size * u64 * found.frobenius * std::sqrt(size)))
    throw NumericalError(problem_text(s.size) + " failed its check: the residual of a test vector is 2^" +
                         std::to_string(std::ilogb(found.residual / found.frobenius)) + " of the matrix's norm");
}

void check_values(const CudaSpectrum& s, const kernels::SumsState& state) {
  if (state.bad_key == ~0ull) return;
  if (s.sums != nullptr) s.sums->check(state);
  throw s.origins.find(state, s.features, !s.counts.empty(), s.targets);
}

void check_square(const CudaSpectrum& s, std::int64_t target, double square) {
  if (!std::isfinite(square))
    throw NumericalError("target '" + s.names[static_cast<std::size_t>(target)] +
                         "': its values differ by too many orders of magnitude, their squares overflow");
}

}  // namespace

CudaSpectrum::~CudaSpectrum() {
  if (waited || host_workspaces.empty() || in_forked_child()) return;
  if (cudaStreamSynchronize(context->stream()) != cudaSuccess) cudaGetLastError();
}

void decompose_on_device(CudaSpectrum& s, const Buffer<double>& matrix, const Buffer<double>& right_sides) {
  CudaContext& context = *s.context;
  const std::int64_t n = s.size, columns = s.targets + 1;
  const std::string what = problem_text(n);
  s.eigenvalues = {context, n, what};
  s.projected = {context, columns * n, what};
  s.scalars = {context, 1, what};
  s.info = {context, 1, what};
  const Buffer<double> image(context, n, what), scaled(context, n, what), rebuilt(context, n, what),
      norm(context, 1, what);
  double* const probe = right_sides.data() + s.targets * n;
  kernels::launch_probe_vector({matrix.data(), probe, norm.data(), scaled.data(), n}, context.stream());
  const double one = 1, zero = 0;
  CULOGME_CHECK(cublasDsymv_64(context.blas(), CUBLAS_FILL_MODE_LOWER, n, &one, matrix.data(), n, probe, 1, &zero,
                               image.data(), 1));
  solve(s, matrix);
  CULOGME_CHECK(cublasDgemm_64(context.blas(), CUBLAS_OP_T, CUBLAS_OP_N, n, columns, n, &one, matrix.data(), n,
                               right_sides.data(), n, &zero, s.projected.data(), n));
  if (s.sampled > 0) {
    Buffer<double> turned(context, s.sampled * n, what);
    CULOGME_CHECK(cublasDgemm_64(context.blas(), CUBLAS_OP_T, CUBLAS_OP_N, n, s.sampled, n, &one, matrix.data(), n,
                                 s.sampled_rows.data(), n, &zero, turned.data(), n));
    s.sampled_rows = std::move(turned);
  }
  kernels::launch_probe_sides(
      {s.eigenvalues.data(), s.projected.data() + s.targets * n, probe, norm.data(), image.data(), scaled.data(), n},
      context.stream());
  CULOGME_CHECK(cublasDgemv_64(context.blas(), CUBLAS_OP_N, n, n, &one, matrix.data(), n, scaled.data(), 1, &zero,
                               rebuilt.data(), 1));
  kernels::launch_spectrum_scalars(
      {s.eigenvalues.data(), s.source, s.traces.data(), image.data(), rebuilt.data(), norm.data(), n, s.scalars.data()},
      context.stream());
  s.solved.record(context.stream());
}

std::unique_ptr<CudaSpectrum> primal_device_spectrum(const CudaSums& sums, bool keep, bool intercept,
                                                     const SampledRows* sample) {
  CudaContext& context = *sums.context();
  const DeviceScope scope = context.enter();
  auto result = std::make_unique<CudaSpectrum>();
  CudaSpectrum& s = *result;
  s.context = sums.context();
  // Sums that are kept were filled at other times: what counts of those is the rest.
  if (keep) s.started.record(context.stream());
  s.timed_alone = keep;
  DeviceMoments m = sums.complete(keep);
  s.sums = &sums;
  s.summed.record(context.stream());
  s.size = s.features = m.features;
  s.targets = m.targets;
  s.rows = m.rows;
  s.names = sums.names();
  const bool f32 = m.rows_f32 > 0;
  s.route = gram_route(products_of(m));
  s.source.rows_total = m.rows;
  s.source.features = m.features;
  s.source.dof = static_cast<double>(m.rows) - (intercept ? 1 : 0);
  s.source.f32 = f32;
  s.source.rows_f32 = m.rows_f32;
  s.source.chain = f32_chain_rows;
  s.source.narrow = m.narrow_rows;
  const std::string what = problem_text(s.size);
  s.traces = {context, 5, what};
  s.square = {context, m.targets, what};
  s.square_scale = {context, m.targets, what};
  total_classes(context, m);
  if (sample != nullptr) prepare_sample(s, m, intercept, *sample);
  kernels::launch_shift(
      {m.gram.data(), m.cross.data(), m.sum(), m.pilot.data(), m.counts.data(), m.target_pilot.data(),
       m.target_sum.data(), m.target_square.data(), m.target_history.data(), f32 ? m.energy.data() : nullptr,
       s.square.data(), s.square_scale.data(), s.traces.data(), m.features, m.targets, static_cast<double>(m.rows),
       m.history, intercept, m.narrow_rows ? m.rounding.data() : nullptr},
      context.stream());
  s.counts = std::move(m.counts);
  s.target_exponent = std::move(m.target_exponent);
  s.state = std::move(m.state);
  // The last row of F'Y, the sums of the columns, is not needed any more and serves the check.
  decompose_on_device(s, m.gram, m.cross);
  return result;
}

Fits maximise_on_device(const CudaSpectrum& s, std::size_t shared_limit) {
  CudaContext& context = *s.context;
  const DeviceScope scope = context.enter();
  const std::string what = "the evidence of " + std::to_string(s.targets) + " targets";
  const Buffer<EvidenceResult> results(context, s.targets, what);
  kernels::EvidenceArguments arguments;
  arguments.spectrum = s.scalars.data();
  arguments.eigenvalues = s.eigenvalues.data();
  arguments.projected = s.projected.data();
  arguments.square = s.square.data();
  arguments.square_scale = s.square_scale.data();  // null, y'y itself, for the dual
  arguments.outside = s.outside.data();            // null but on the route svd
  arguments.rows = reinterpret_cast<const std::int64_t*>(s.counts.data());
  arguments.results = results.data();
  arguments.size = s.size;
  arguments.targets = s.targets;
  arguments.shared_limit = shared_limit;
  kernels::launch_evidence(arguments, context.stream());
  Event finished(true);
  finished.record(context.stream());

  const std::size_t targets = static_cast<std::size_t>(s.targets);
  Returned back(context, Returned::padded(targets * sizeof(EvidenceResult)) + 3 * Returned::padded(targets * 8) +
                             Returned::padded(sizeof(kernels::DeviceSpectrum)) +
                             Returned::padded(sizeof(kernels::SumsState)) +
                             Returned::padded(static_cast<std::size_t>(s.info.count()) * sizeof(int)));
  const EvidenceResult* const found = back.fetch(results.data(), s.targets);
  const kernels::DeviceSpectrum* const scalars = back.fetch(s.scalars.data(), 1);
  const kernels::SumsState* const state = back.fetch(s.state.data(), 1);
  const int* const info = back.fetch(s.info.data(), s.info.count());
  const double* const square = back.fetch(s.square.data(), s.targets);
  const unsigned long long* const counts = back.fetch(s.counts.data(), s.counts.count());
  const std::int32_t* const target_exponent = back.fetch(s.target_exponent.data(), s.target_exponent.count());
  context.synchronize();
  s.waited = true;

  check_values(s, *state);
  check_decomposition(s, *scalars, info);
  Fits fits{s.route, scalars->scalars.rank, s.features, {}, Seconds{}};
  for (std::int64_t k = 0; k < s.targets; ++k) {
    check_square(s, k, square[k]);
    const Exponents exponents{state->raised, s.target_exponent.empty() ? 0 : target_exponent[k]};
    fits.targets.push_back(make_fit(scalars->scalars, scalars->smallest, scalars->largest, exponents, found[k]));
    fits.targets.back().rows = s.counts.empty() ? s.rows : static_cast<std::int64_t>(counts[k]);
  }
  fits.measured->statistics = s.summed.seconds_since(s.timed_alone ? s.started : s.sums->started());
  fits.measured->spectrum = s.solved.seconds_since(s.summed);
  fits.measured->evidence = finished.seconds_since(s.solved);
  return fits;
}

std::vector<double> eigenvalues_on_host(const CudaSpectrum& s) {
  CudaContext& context = *s.context;
  const DeviceScope scope = context.enter();
  Returned back(context, Returned::padded(static_cast<std::size_t>(s.size) * sizeof(double)) +
                             Returned::padded(sizeof(kernels::DeviceSpectrum)) +
                             Returned::padded(sizeof(kernels::SumsState)) +
                             Returned::padded(static_cast<std::size_t>(s.info.count()) * sizeof(int)));
  const double* const eigenvalues = back.fetch(s.eigenvalues.data(), s.size);
  const kernels::DeviceSpectrum* const scalars = back.fetch(s.scalars.data(), 1);
  const kernels::SumsState* const state = back.fetch(s.state.data(), 1);
  const int* const info = back.fetch(s.info.data(), s.info.count());
  context.synchronize();
  s.waited = true;
  check_values(s, *state);
  check_decomposition(s, *scalars, info);
  return unscaled_eigenvalues({eigenvalues + scalars->scalars.cut, static_cast<std::size_t>(scalars->scalars.rank)},
                              state->raised);
}

Spectrum to_host(const CudaSpectrum& s) {
  CudaContext& context = *s.context;
  const DeviceScope scope = context.enter();
  const std::size_t n = static_cast<std::size_t>(s.size), targets = static_cast<std::size_t>(s.targets);
  std::vector<double> eigenvalues(n), projected(targets * n), square(targets), scale(targets), outside(targets),
      residuals(n), traces(static_cast<std::size_t>(s.traces.count()));
  std::vector<std::int64_t> counts(s.counts.empty() ? 0 : targets);
  Spectrum result;
  result.target_exponent.resize(s.target_exponent.empty() ? 0 : targets);
  kernels::DeviceSpectrum scalars;
  kernels::SumsState state{};
  std::vector<int> info(static_cast<std::size_t>(s.info.count()));
  const auto get = [&](void* to, const void* from, std::size_t bytes) {
    if (bytes > 0) CULOGME_CHECK(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, context.stream()));
  };
  const bool singular = s.route == Route::svd;
  get(eigenvalues.data(), (singular ? s.singular : s.eigenvalues).data(), n * 8);
  get(projected.data(), s.projected.data(), targets * n * 8);
  get(square.data(), s.square.data(), targets * 8);
  get(scale.data(), (s.square_scale.empty() ? s.square : s.square_scale).data(), targets * 8);
  if (singular) {
    get(outside.data(), s.outside.data(), targets * 8);
    get(residuals.data(), s.projected.data() + targets * n, n * 8);
  } else {
    get(traces.data(), s.traces.data(), traces.size() * 8);
  }
  get(counts.data(), s.counts.data(), counts.size() * 8);
  get(result.target_exponent.data(), s.target_exponent.data(), result.target_exponent.size() * 4);
  get(&scalars, s.scalars.data(), sizeof scalars);
  get(&state, s.state.data(), sizeof state);
  get(info.data(), s.info.data(), info.size() * sizeof(int));
  context.synchronize();
  s.waited = true;
  check_values(s, state);
  check_decomposition(s, scalars, info.data());
  result.route = s.route;
  result.exponent = state.raised;
  for (std::int64_t k = 0; k < s.targets; ++k) {
    const auto at = static_cast<std::size_t>(k);
    check_square(s, k, square[at]);
    result.targets.push_back({square[at], scale[at], 0, 0, false});
    result.rows.push_back(counts.empty() ? s.rows : counts[at]);
  }
  SpectrumSource source = s.source;
  if (!singular) {
    source.trace_before = traces[0];
    source.trace_after = traces[1];
    source.energy_trace = traces[2];
    source.energy_entry = traces[3];
    if (source.narrow) source.rounding_trace = traces[4];
    set_projections(result, source, eigenvalues, projected);
    return result;
  }
  result.rows_total = source.rows_total;
  result.features = source.features;
  result.dof = source.dof;
  result.dual = source.dual;
  SingularValues found{{eigenvalues.rbegin(), eigenvalues.rend()},
                       {projected.begin(), projected.end()},
                       {},
                       {residuals.rbegin(), residuals.rend()}};
  set_singular(result, found, outside, scalars.column, s.steps);
  return result;
}

}  // namespace culogme::detail
