#include "cpu/eigen.hpp"

#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include <culogme/error.hpp>

#include "cpu/blas.hpp"
#include "cpu/probe.hpp"
#include "cpu/reflectors.hpp"
#include "cpu/tridiagonal.hpp"
#include "memory.hpp"
#include "rounding.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

double frobenius_norm(std::int64_t n, const AlignedVector<double>& lower) {
  double square = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    const double diagonal = lower[size_of(j * n + j)];
    square += diagonal * diagonal;
    for (std::int64_t i = j + 1; i < n; ++i) {
      const double value = lower[size_of(j * n + i)];
      square += 2 * value * value;
    }
  }
  return std::sqrt(square);
}

[[noreturn]] void give_up(std::int64_t n, const std::string& why) {
  throw NumericalError("the eigenproblem of size " + std::to_string(n) + " failed: " + why + " (BLAS " + blas_name() +
                       ", kernel " + blas_kernel() + ")");
}

}  // namespace

Decomposition decompose(std::int64_t n, AlignedVector<double>& matrix, AlignedVector<double>& right_sides,
                        std::int64_t count, int threads, AlignedVector<double> rows) {
  const double size = static_cast<double>(n);
  require_memory(16 * size * size, "the eigenproblem of size " + std::to_string(n) + "'s workspaces");
  const double frobenius = frobenius_norm(n, matrix);
  if (!std::isfinite(frobenius)) give_up(n, "its matrix is not finite");

  // A BLAS library's threads wait for each other thousands of times in a tridiagonalisation: below this size they gain
  // little, lose everything on a busy machine, and make the bits depend on their number. The halves need no such waits.
  constexpr std::int64_t threaded = 1024, torn = 384;
  const int blas_threads = n < threaded ? 1 : threads;
  AlignedVector<double> probe;
  append_probe(n, 12345, probe);
  AlignedVector<double> image(size_of(n)), diagonal(size_of(n)), beside(size_of(n)), tau(size_of(n));
  std::optional<Reflectors> reflectors;
  {
    const BlasThreads used(blas_threads);
    symv(n, matrix.data(), n, probe.data(), image.data());
    if (const int info = sytrd(n, matrix.data(), diagonal.data(), beside.data(), tau.data()); info != 0)
      give_up(n, "sytrd answers " + std::to_string(info));
    right_sides.insert(right_sides.end(), probe.begin(), probe.end());
    reflectors.emplace(n, matrix.data(), tau.data());
    reflectors->apply(true, count + 1, right_sides.data());
  }

  const TridiagonalSolver solver(std::move(diagonal), std::move(beside), n >= torn, threads);
  const BlasThreads used(blas_threads);
  Decomposition result{solver.eigenvalues(), solver.project(right_sides, count + 1), {}};

  // V diag(eigenvalues) V' probe against the matrix times the probe: an info of zero proves nothing.
  AlignedVector<double> scaled(size_of(n));
  for (std::int64_t i = 0; i < n; ++i)
    scaled[size_of(i)] = result.eigenvalues[size_of(i)] * result.projected[size_of(count * n + i)];
  AlignedVector<double> check = solver.back(scaled);
  reflectors->apply(false, 1, check.data());
  for (std::int64_t i = 0; i < n; ++i) check[size_of(i)] -= image[size_of(i)];
  const double error = norm(check.data(), n);
  // Residuals of stable methods stay below 30 n u times the norm (style of LAPACK's own tests); `not <=` catches NaN.
  if (!(error <= 30 * size * u64 * frobenius * std::sqrt(size)))
    give_up(n, "the residual of a test vector is 2^" + std::to_string(std::ilogb(error / frobenius)) +
                   " of the matrix's norm");
  result.projected.resize(size_of(count * n));
  if (const auto sampled = static_cast<std::int64_t>(rows.size()) / n; sampled > 0) {
    reflectors->apply(true, sampled, rows.data());
    result.rows = solver.project(rows, sampled);
  }
  return result;
}

}  // namespace culogme::detail
