#include "cuda/singular.hpp"

#include <cmath>
#include <string>

#include <culogme/error.hpp>

#include "cuda/check.hpp"
#include "cuda/triangle.hpp"
#include "kernels/launch_triangle.hpp"
#include "memory.hpp"
#include "rounding.hpp"

namespace culogme::detail {
namespace {

std::string problem_text(std::int64_t n) { return "the singular values of a matrix of size " + std::to_string(n); }

/// `left` and `right` [n][n]: U and V', column-major.
void solve(CudaSpectrum& s, const Buffer<double>& matrix, const Buffer<double>& left, const Buffer<double>& right) {
  CudaContext& context = *s.context;
  const std::int64_t n = s.size;
  const std::string what = problem_text(n);
  std::size_t device_bytes = 0, host_bytes = 0;
  check_solver(cusolverDnXgesvd_bufferSize(context.solver(), context.solver_parameters(), 'S', 'S', n, n, CUDA_R_64F,
                                           matrix.data(), n, CUDA_R_64F, s.singular.data(), CUDA_R_64F, left.data(), n,
                                           CUDA_R_64F, right.data(), n, CUDA_R_64F, &device_bytes, &host_bytes),
               "cusolverDnXgesvd_bufferSize", what);
  const DeviceBytes workspace(context, static_cast<double>(device_bytes), what + "'s workspace");
  require_memory(static_cast<double>(host_bytes), what + "'s workspace on the host");
  s.host_workspaces.emplace_back(host_bytes);
  check_solver(cusolverDnXgesvd(context.solver(), context.solver_parameters(), 'S', 'S', n, n, CUDA_R_64F,
                                matrix.data(), n, CUDA_R_64F, s.singular.data(), CUDA_R_64F, left.data(), n, CUDA_R_64F,
                                right.data(), n, CUDA_R_64F, workspace.data(), device_bytes,
                                s.host_workspaces.back().data(), host_bytes, s.info.data() + 4),
               "cusolverDnXgesvd", what);
}

}  // namespace

void decompose_singular(CudaSpectrum& s, const Buffer<double>& matrix, const Buffer<double>& right_sides,
                        const Buffer<double>& column_square) {
  CudaContext& context = *s.context;
  const std::int64_t n = s.size, probes = probe_count(n), columns = s.targets + probes + 1;
  const std::string what = problem_text(n);
  s.singular = {context, n, what};
  s.eigenvalues = {context, n, what};
  s.projected = {context, columns * n, what};
  s.scalars = {context, 1, what};
  const Buffer<double> left(context, n * n, what), right(context, n * n, what), probe(context, probes * n, what),
      turned(context, probes * n, what), norms(context, 2, what);
  double* const image = right_sides.data() + s.targets * n;
  kernels::launch_singular_probe({column_square.data(), n, probe.data(), image + probes * n, norms.data()},
                                 context.stream());
  const double one = 1, zero = 0;
  CULOGME_CHECK(cublasDgemm_64(context.blas(), CUBLAS_OP_N, CUBLAS_OP_N, n, probes, n, &one, matrix.data(), n,
                               probe.data(), n, &zero, image, n));
  solve(s, matrix, left, right);
  CULOGME_CHECK(cublasDgemm_64(context.blas(), CUBLAS_OP_T, CUBLAS_OP_N, n, columns, n, &one, left.data(), n,
                               right_sides.data(), n, &zero, s.projected.data(), n));
  CULOGME_CHECK(cublasDgemm_64(context.blas(), CUBLAS_OP_N, CUBLAS_OP_N, n, probes, n, &one, right.data(), n,
                               probe.data(), n, &zero, turned.data(), n));
  if (s.sampled > 0) {
    // A row a_n of A is V S u_n, so V'a_n of rows of F, and U'e_n of unit vectors in the dual form.
    const Buffer<double>& side = s.source.dual ? left : right;
    Buffer<double> along(context, s.sampled * n, what);
    CULOGME_CHECK(cublasDgemm_64(context.blas(), s.source.dual ? CUBLAS_OP_T : CUBLAS_OP_N, CUBLAS_OP_N, n, s.sampled,
                                 n, &one, side.data(), n, s.sampled_rows.data(), n, &zero, along.data(), n));
    s.sampled_rows = std::move(along);
  }
  kernels::launch_singular_scalars({s.singular.data(), s.eigenvalues.data(), s.projected.data(), turned.data(),
                                    norms.data(), n, s.targets, s.steps, s.source, s.scalars.data()},
                                   context.stream());
  s.solved.record(context.stream());
}

void check_singular(const CudaSpectrum& s, const kernels::DeviceSpectrum& found, const int* info) {
  const auto fail = [&](const std::string& why) { throw NumericalError(problem_text(s.size) + " failed: " + why); };
  constexpr const char* calls[] = {"cusolverDnXgeqrf", "cusolverDnDormqr", "cusolverDnXgesvd"};
  for (int call = 0; call < 3; ++call)
    if (const int answer = info[2 + call]; answer != 0)
      fail(std::string(calls[call]) + " answers info " + std::to_string(answer));
  if (!std::isfinite(found.frobenius)) fail("the matrix is not finite");
  // As on the CPU: residuals of stable methods stay below 30 n u times the norm; `not <=` catches NaN.
  const double size = static_cast<double>(s.size), relative = 30 * size * u64 * std::sqrt(size);
  if (!(found.residual <= relative * found.frobenius))
    fail("the residual of the test vectors is 2^" + std::to_string(std::ilogb(found.residual / found.frobenius)) +
         " of the matrix's norm");
  if (!(found.turned <= relative)) fail("the length of a test vector is not kept");
}

}  // namespace culogme::detail
