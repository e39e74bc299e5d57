#pragma once

#include <cstddef>
#include <vector>

namespace oracle {

/// 64 bits of significand on x86: 11 more than what is tested.
using Real = long double;

/// Dense matrix, column-major, because all that follows works on columns.
struct Matrix {
  std::size_t rows = 0, cols = 0;
  std::vector<Real> values;

  Matrix() = default;
  Matrix(std::size_t rows_, std::size_t cols_) : rows(rows_), cols(cols_), values(rows_ * cols_, 0) {}
  Real& operator()(std::size_t i, std::size_t j) { return values[j * rows + i]; }
  Real operator()(std::size_t i, std::size_t j) const { return values[j * rows + i]; }
  Real* column(std::size_t j) { return values.data() + j * rows; }
  const Real* column(std::size_t j) const { return values.data() + j * rows; }
};

Matrix transpose(const Matrix& a);

/// Sum of x_i y_i over n entries.
Real dot(const Real* x, const Real* y, std::size_t n);

/// Householder QR of `a` (rows >= cols) in place: its upper triangle becomes R; `b` (same rows) becomes Q'b.
void householder(Matrix& a, Matrix& b);

/// Columns of a rotated matrix with a norm up to this are rounding noise: (rows + cols) u times the Frobenius norm.
Real noise_norm(const Matrix& a);

/// Turns the columns of `a` until they are orthogonal to each other (one-sided Jacobi, Hestenes 1958): a V = U S.
/// Column norms are then the singular values, with an error of u times the condition number and not its square.
void orthogonalise_columns(Matrix& a);

/// Lower Cholesky factor in place; throws std::runtime_error if `a` is not positive definite.
void cholesky(Matrix& a);

/// Solves L x = b in place for a lower triangle L.
void forward_substitute(const Matrix& lower, std::vector<Real>& b);

}  // namespace oracle
