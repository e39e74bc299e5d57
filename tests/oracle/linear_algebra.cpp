#include "oracle/linear_algebra.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace oracle {

Matrix transpose(const Matrix& a) {
  Matrix result(a.cols, a.rows);
  for (std::size_t j = 0; j < a.cols; ++j)
    for (std::size_t i = 0; i < a.rows; ++i) result(j, i) = a(i, j);
  return result;
}

Real dot(const Real* x, const Real* y, std::size_t n) {
  Real sum[4] = {0, 0, 0, 0};  // four chains hide the latency of the x87 adder
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (std::size_t k = 0; k < 4; ++k) sum[k] += x[i + k] * y[i + k];
  for (; i < n; ++i) sum[0] += x[i] * y[i];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

namespace {

// Applies I - 2 v v'/(v'v) to a column.
void reflect(const Real* v, Real v_squared, Real* column, std::size_t n) {
  const Real factor = 2 * dot(v, column, n) / v_squared;
  for (std::size_t i = 0; i < n; ++i) column[i] -= factor * v[i];
}

}  // namespace

void householder(Matrix& a, Matrix& b) {
  std::vector<Real> v;
  for (std::size_t j = 0; j < a.cols; ++j) {
    const std::size_t n = a.rows - j;
    v.assign(a.column(j) + j, a.column(j) + a.rows);
    const Real norm = std::sqrt(dot(v.data(), v.data(), n));
    if (norm == 0) continue;
    v[0] += v[0] < 0 ? -norm : norm;
    const Real v_squared = dot(v.data(), v.data(), n);
    for (std::size_t k = j; k < a.cols; ++k) reflect(v.data(), v_squared, a.column(k) + j, n);
    for (std::size_t k = 0; k < b.cols; ++k) reflect(v.data(), v_squared, b.column(k) + j, n);
    for (std::size_t i = j + 1; i < a.rows; ++i) a(i, j) = 0;
  }
}

Real noise_norm(const Matrix& a) {
  const Real relative = static_cast<Real>(a.rows + a.cols) * std::numeric_limits<Real>::epsilon();
  return relative * std::sqrt(dot(a.values.data(), a.values.data(), a.values.size()));
}

void orthogonalise_columns(Matrix& a) {
  const std::size_t n = a.rows;
  const Real threshold = static_cast<Real>(n + 8) * std::numeric_limits<Real>::epsilon();
  // Columns that are rounding noise beside the whole never become orthogonal to it; they count as zero.
  const Real noise = noise_norm(a) * noise_norm(a);
  for (int sweep = 0; sweep < 60; ++sweep) {
    bool turned = false;
    for (std::size_t p = 0; p + 1 < a.cols; ++p) {
      for (std::size_t q = p + 1; q < a.cols; ++q) {
        Real* x = a.column(p);
        Real* y = a.column(q);
        const Real xx = dot(x, x, n), yy = dot(y, y, n), xy = dot(x, y, n);
        if (xx <= noise || yy <= noise || std::fabs(xy) <= threshold * std::sqrt(xx) * std::sqrt(yy)) continue;
        turned = true;
        const Real zeta = (yy - xx) / (2 * xy);
        const Real tangent = (zeta < 0 ? -1 : 1) / (std::fabs(zeta) + std::hypot(Real(1), zeta));
        const Real cosine = 1 / std::hypot(Real(1), tangent), sine = cosine * tangent;
        for (std::size_t i = 0; i < n; ++i) {
          const Real old = x[i];
          x[i] = cosine * old - sine * y[i];
          y[i] = sine * old + cosine * y[i];
        }
      }
    }
    if (!turned) return;
  }
  throw std::runtime_error("oracle: the Jacobi rotations did not converge in 60 sweeps");
}

void cholesky(Matrix& a) {
  for (std::size_t j = 0; j < a.cols; ++j) {
    for (std::size_t k = 0; k < j; ++k) {
      const Real factor = a(j, k);
      for (std::size_t i = j; i < a.rows; ++i) a(i, j) -= a(i, k) * factor;
    }
    if (!(a(j, j) > 0)) throw std::runtime_error("oracle: the covariance is not positive definite");
    const Real pivot = std::sqrt(a(j, j));
    for (std::size_t i = j; i < a.rows; ++i) a(i, j) /= pivot;
    for (std::size_t i = 0; i < j; ++i) a(i, j) = 0;
  }
}

void forward_substitute(const Matrix& lower, std::vector<Real>& b) {
  for (std::size_t j = 0; j < lower.cols; ++j) {
    b[j] /= lower(j, j);
    for (std::size_t i = j + 1; i < lower.rows; ++i) b[i] -= lower(i, j) * b[j];
  }
}

}  // namespace oracle
