#include "cpu/triangle.hpp"

#include <algorithm>
#include <string>

#include <culogme/error.hpp>

#include "cpu/blas.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

/// Columns of a panel whose reflectors are made by products with vectors, and those of two triangles that are joined,
/// where LAPACK keeps the zeros out of its products.
constexpr std::int64_t strip = 16, joint = 32;

void check(int info) {
  if (info != 0) throw NumericalError("the QR of a tile of rows failed: LAPACK answers " + std::to_string(info));
}

}  // namespace

TriangleFactor::TriangleFactor(std::int64_t cols_, std::int64_t targets_)
    : cols(cols_),
      targets(targets_),
      triangle(size_of(cols_ * cols_), 0),
      projected(size_of(cols_ * targets_), 0),
      outside(size_of(targets_), 0),
      factors_(size_of(std::max(cols_ * joint, panel * panel)), 0),
      strips_(size_of(panel * strip), 0),
      products_(size_of(panel * std::max({cols_, targets_, panel})), 0) {}

void TriangleFactor::absorb(std::int64_t rows, double* tile, double* target_rows, std::int64_t stride) {
  if (rows == 0) return;
  for (std::int64_t first = 0; first < cols; first += panel) {
    const std::int64_t width = std::min(panel, cols - first), behind = first + width;
    double* const reflectors = tile + first * stride;
    check(tpqrt(rows, width, false, std::min(strip, width), triangle.data() + first * cols + first, cols, reflectors,
                stride, strips_.data()));
    join_strips(rows, width, reflectors, stride);
    if (behind < cols)
      reflect(rows, width, reflectors, stride, cols - behind, triangle.data() + behind * cols + first,
              tile + behind * stride);
    if (targets > 0) reflect(rows, width, reflectors, stride, targets, projected.data() + first, target_rows);
  }
  add_outside(rows, target_rows, stride);
}

/// The reflectors V of a panel are Q = I + [I; V] S [I; V]', where S is -T of LAPACK. `strips_` holds T for each strip;
/// that of two that follow each other is S = [S1, S1 V1'V2 S2; 0, S2] (R. Schreiber and C. Van Loan 1989).
void TriangleFactor::join_strips(std::int64_t rows, std::int64_t width, const double* reflectors, std::int64_t stride) {
  const std::int64_t most = std::min(strip, width);
  double* const inner = products_.data();
  double* const half = inner + strip * panel;
  for (std::int64_t first = 0; first < width; first += strip) {
    const std::int64_t some = std::min(strip, width - first);
    double* const beside = factors_.data() + first * panel;
    double* const own = beside + first;
    for (std::int64_t j = 0; j < some; ++j) {
      for (std::int64_t i = 0; i <= j; ++i) own[j * panel + i] = -strips_[size_of((first + j) * most + i)];
      std::fill(own + j * panel + j + 1, beside + j * panel + width, 0.0);
    }
    if (first == 0) continue;
    gemm(true, false, first, some, rows, reflectors, stride, reflectors + first * stride, stride, 0, inner, panel);
    gemm(false, false, first, some, some, inner, panel, own, panel, 0, half, panel);
    gemm(false, false, first, some, first, factors_.data(), panel, half, panel, 0, beside, panel);
  }
}

/// [upper; lower] = Q' [upper; lower] for the panel's rows of the triangle and the rows of the tile.
void TriangleFactor::reflect(std::int64_t rows, std::int64_t width, const double* reflectors, std::int64_t stride,
                             std::int64_t count, double* upper, double* lower) {
  double* const inner = products_.data();
  for (std::int64_t j = 0; j < count; ++j) std::copy_n(upper + j * cols, width, inner + j * panel);
  gemm(true, false, width, count, rows, reflectors, stride, lower, stride, 1, inner, panel);
  trmm_transposed(width, count, factors_.data(), panel, inner, panel);
  for (std::int64_t j = 0; j < count; ++j)
    for (std::int64_t i = 0; i < width; ++i) upper[j * cols + i] += inner[j * panel + i];
  gemm(false, false, rows, count, width, reflectors, stride, inner, panel, 1, lower, stride);
}

void TriangleFactor::absorb(TriangleFactor& other) {
  const std::int64_t block = std::min(joint, cols);
  check(tpqrt(cols, cols, true, block, triangle.data(), cols, other.triangle.data(), cols, factors_.data()));
  if (targets > 0)
    check(tpmqrt(cols, targets, block, other.triangle.data(), cols, factors_.data(), projected.data(), cols,
                 other.projected.data(), cols));
  add_outside(cols, other.projected.data(), cols);
  for (std::size_t k = 0; k < outside.size(); ++k) outside[k] += other.outside[k];
}

void TriangleFactor::add_outside(std::int64_t rows, const double* left, std::int64_t stride) {
  for (std::int64_t k = 0; k < targets; ++k, left += stride) {
    double sum = 0;
    for (std::int64_t i = 0; i < rows; ++i) sum += left[i] * left[i];
    outside[size_of(k)] += sum;
  }
}

}  // namespace culogme::detail
