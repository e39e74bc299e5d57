#include "cpu/singular.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <culogme/error.hpp>

#include "cpu/blas.hpp"
#include "cpu/probe.hpp"
#include "memory.hpp"
#include "rounding.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

AlignedVector<double> transposed(std::int64_t rows, std::int64_t cols, const AlignedVector<double>& columns) {
  AlignedVector<double> out(size_of(rows * cols));
  for (std::int64_t j = 0; j < cols; ++j)
    for (std::int64_t i = 0; i < rows; ++i) out[size_of(i * cols + j)] = columns[size_of(j * rows + i)];
  return out;
}

/// Q'[Y A T q] and P'[T F] of the bidiagonal form with test vectors T, and the same along the singular vectors once
/// `run` has been. Products are of T and F apart: what the test vectors say must not depend on the rows F (bdsqr
/// turns every column by itself).
struct Bidiagonal {
  std::int64_t n = 0, columns = 0, probes = 0;
  AlignedVector<double> diagonal, beside;
  AlignedVector<double> left;   ///< [columns][n]
  AlignedVector<double> right;  ///< [probes + rows][n]

  std::int64_t right_columns() const { return static_cast<std::int64_t>(right.size()) / n; }
  std::int64_t rows() const { return right_columns() - probes; }

  int run(SingularMethod method) {
    if (method == SingularMethod::sweep) {
      AlignedVector<double> rows = transposed(n, columns, left);
      const int info = bdsqr(n, right_columns(), columns, diagonal.data(), beside.data(), right.data(), rows.data());
      left = transposed(columns, n, rows);
      return info;
    }
    AlignedVector<double> u(size_of(n * n)), vt(size_of(n * n)), turned(left.size()), right_turned(right.size());
    const int info = bdsdc(n, diagonal.data(), beside.data(), u.data(), vt.data());
    if (info != 0) return info;
    gemm(true, false, n, columns, n, u.data(), n, left.data(), n, 0, turned.data(), n);
    gemm(false, false, n, probes, n, vt.data(), n, right.data(), n, 0, right_turned.data(), n);
    gemm(false, false, n, rows(), n, vt.data(), n, right.data() + probes * n, n, 0, right_turned.data() + probes * n,
         n);
    left = std::move(turned);
    right = std::move(right_turned);
    return info;
  }

  /// Norms of the rows of U'A V - S as the test vectors see them.
  AlignedVector<double> residuals() const {
    const double* const image = left.data() + (columns - probes - 1) * n;
    AlignedVector<double> norms(size_of(n));
    for (std::int64_t j = 0; j < probes; ++j)
      for (std::int64_t i = 0; i < n; ++i) {
        const double off = image[j * n + i] - diagonal[size_of(i)] * right[size_of(j * n + i)];
        norms[size_of(i)] += off * off;
      }
    for (double& square : norms) square = std::sqrt(probe_weight(n) * square);
    return norms;
  }

  /// Why the result cannot be trusted; empty if it can.
  std::string fault(double frobenius, const AlignedVector<double>& residuals) const {
    const double size = static_cast<double>(n), residual = norm(residuals.data(), n),
                 turned = std::fabs(norm(left.data() + (columns - 1) * n, n) - std::sqrt(size));
    // Residuals of stable methods stay below 30 n u times the norm (style of LAPACK's own tests); `not <=` catches NaN.
    if (!(residual <= 30 * size * u64 * frobenius * std::sqrt(size)))
      return "the residual of the test vectors is 2^" + std::to_string(std::ilogb(residual / frobenius)) +
             " of the matrix's norm";
    if (!(turned <= 30 * size * u64 * std::sqrt(size))) return "the length of a test vector is not kept";
    return {};
  }
};

[[noreturn]] void give_up(std::int64_t n, const std::string& why) {
  throw NumericalError("the singular values of a matrix of size " + std::to_string(n) + " failed: " + why + " (BLAS " +
                       blas_name() + ", kernel " + blas_kernel() + ")");
}

}  // namespace

SingularValues singular_values(std::int64_t n, AlignedVector<double>& matrix, AlignedVector<double>& right_sides,
                               std::int64_t count, int threads, SingularMethod method, AlignedVector<double> rows) {
  const double size = static_cast<double>(n);
  require_memory(48 * size * size, "the singular values of a matrix of size " + std::to_string(n));
  const double frobenius = norm(matrix.data(), n * n);
  if (!std::isfinite(frobenius)) give_up(n, "it is not finite");
  // As in decompose: small products gain nothing from threads.
  constexpr std::int64_t threaded = 1024;
  const BlasThreads used(n < threaded ? 1 : threads);

  const std::int64_t probes = probe_count(n), columns = count + probes + 1;
  Bidiagonal start{
      n, columns, probes, AlignedVector<double>(size_of(n)), AlignedVector<double>(size_of(n)), std::move(right_sides),
      {}};
  for (std::int64_t j = 0; j < probes; ++j)
    for (std::int64_t i = 0; i < n; ++i) start.right.push_back(probe_element(n, j, i));
  start.left.resize(size_of((columns - 1) * n));
  gemm(false, false, n, probes, n, matrix.data(), n, start.right.data(), n, 0, start.left.data() + count * n, n);
  append_probe(n, 54321, start.left);
  start.right.insert(start.right.end(), rows.begin(), rows.end());
  AlignedVector<double> tau_q(size_of(n)), tau_p(size_of(n));
  if (const int info = gebrd(n, matrix.data(), start.diagonal.data(), start.beside.data(), tau_q.data(), tau_p.data());
      info != 0)
    give_up(n, "gebrd answers " + std::to_string(info));
  int info = ormbr(true, n, columns, matrix.data(), tau_q.data(), start.left.data());
  if (info == 0) info = ormbr(false, n, probes, matrix.data(), tau_p.data(), start.right.data());
  if (info == 0) info = ormbr(false, n, start.rows(), matrix.data(), tau_p.data(), start.right.data() + probes * n);
  if (info != 0) give_up(n, "ormbr answers " + std::to_string(info));

  std::string why;
  AlignedVector<double> residuals;
  for (;; method = SingularMethod::sweep) {
    Bidiagonal found = start;
    info = found.run(method);
    residuals = found.residuals();
    why = info == 0 ? found.fault(frobenius, residuals) : "LAPACK answers " + std::to_string(info);
    if (why.empty()) {
      start = std::move(found);
      break;
    }
    if (method == SingularMethod::sweep) give_up(n, why);
  }

  SingularValues result{std::move(start.diagonal), std::move(start.left), std::move(rows), std::move(residuals)};
  result.projected.resize(size_of(count * n));
  std::copy(start.right.begin() + probes * n, start.right.end(), result.rows.begin());
  std::reverse(result.values.begin(), result.values.end());
  std::reverse(result.residuals.begin(), result.residuals.end());
  for (AlignedVector<double>* const turned : {&result.projected, &result.rows})
    for (auto column = turned->begin(); column != turned->end(); column += n) std::reverse(column, column + n);
  return result;
}

}  // namespace culogme::detail
