#include "cpu/triangle.hpp"

#include <algorithm>
#include <string>

#include <culogme/error.hpp>

#include "cpu/blas.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

/// Columns whose reflectors are applied together: wider panels spend more in slow products, narrower ones make the
/// fast products thin.
constexpr std::int64_t panel = 32;

}  // namespace

TriangleFactor::TriangleFactor(std::int64_t cols_, std::int64_t targets_)
    : cols(cols_),
      targets(targets_),
      triangle(size_of(cols_ * cols_), 0),
      projected(size_of(cols_ * targets_), 0),
      outside(size_of(targets_), 0),
      factors_(size_of(cols_ * std::min(panel, cols_)), 0) {}

void TriangleFactor::absorb(std::int64_t rows, double* tile, double* target_rows, std::int64_t stride) {
  absorb(rows, tile, target_rows, stride, false);
}

void TriangleFactor::absorb(TriangleFactor& other) {
  absorb(cols, other.triangle.data(), other.projected.data(), cols, true);
  for (std::size_t k = 0; k < outside.size(); ++k) outside[k] += other.outside[k];
}

void TriangleFactor::absorb(std::int64_t rows, double* tile, double* target_rows, std::int64_t stride, bool trapezoid) {
  if (rows == 0) return;
  const std::int64_t block = std::min(panel, cols);
  int info = tpqrt(rows, cols, trapezoid, block, triangle.data(), tile, stride, factors_.data());
  if (info == 0 && targets > 0)
    info = tpmqrt(rows, targets, cols, trapezoid, block, tile, stride, factors_.data(), projected.data(), cols,
                  target_rows, stride);
  if (info != 0) throw NumericalError("the QR of a tile of rows failed: LAPACK answers " + std::to_string(info));
  for (std::int64_t k = 0; k < targets; ++k) {
    const double* const left = target_rows + k * stride;
    double sum = 0;
    for (std::int64_t i = 0; i < rows; ++i) sum += left[i] * left[i];
    outside[size_of(k)] += sum;
  }
}

}  // namespace culogme::detail
