#include "cpu/reflectors.hpp"

#include <algorithm>

#include "cpu/blas.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

/// Reflectors that are applied together. Wide blocks make fast products; narrow ones round less, which costs nothing
/// where the matrix is small.
std::int64_t block_of(std::int64_t n) { return n < 512 ? 16 : 64; }

}  // namespace

/// A block of reflectors V, unit lower trapezoidal, is I + V S V' with S upper triangular: S_jj = -tau_j and, above it,
/// -tau_j S (V'v_j) with the S of the reflectors before (R. Schreiber and C. Van Loan 1989; S is -T of LAPACK).
Reflectors::Reflectors(std::int64_t n, const double* a, const double* tau) : n_(n), block_(block_of(n)), a_(a) {
  const std::int64_t block = block_;
  const std::int64_t count = std::max<std::int64_t>(0, n - 1), blocks = (count + block - 1) / block;
  tops_.assign(size_of(blocks * block * block), 0);
  factors_.assign(tops_.size(), 0);
  AlignedVector<double> products(size_of(block * block));
  for (std::int64_t first = 0; first < count; first += block) {
    const std::int64_t width = std::min(block, count - first), row = first + 1, below = n - row - width;
    double* const top = tops_.data() + first * block;
    for (std::int64_t j = 0; j < width; ++j) {
      top[j * block + j] = 1;
      for (std::int64_t i = j + 1; i < width; ++i) top[j * block + i] = a[(first + j) * n + row + i];
    }
    const double* const rest = a + first * n + row + width;
    gemm(true, false, width, width, width, top, block, top, block, 0, products.data(), block);
    if (below > 0) gemm(true, false, width, width, below, rest, n, rest, n, 1, products.data(), block);
    double* const s = factors_.data() + first * block;
    for (std::int64_t j = 0; j < width; ++j) {
      const double scale = tau[first + j];
      double* const column = s + j * block;
      for (std::int64_t l = 0; l < j; ++l)
        for (std::int64_t i = 0; i <= l; ++i) column[i] -= scale * s[l * block + i] * products[size_of(j * block + l)];
      column[j] = -scale;
    }
  }
}

void Reflectors::apply(bool transpose, std::int64_t m, double* c) const {
  if (m == 0) return;
  const std::int64_t block = block_, count = std::max<std::int64_t>(0, n_ - 1), blocks = (count + block - 1) / block;
  AlignedVector<double> inner(size_of(block * m)), weighted(size_of(block * m));
  for (std::int64_t b = 0; b < blocks; ++b) {
    // Q'C = ... H_2 H_1 C begins with the first block, Q C with the last one.
    const std::int64_t first = (transpose ? b : blocks - 1 - b) * block, width = std::min(block, count - first),
                       row = first + 1, below = n_ - row - width;
    const double* const top = tops_.data() + first * block;
    const double* const rest = a_ + first * n_ + row + width;
    gemm(true, false, width, m, width, top, block, c + row, n_, 0, inner.data(), block);
    if (below > 0) gemm(true, false, width, m, below, rest, n_, c + row + width, n_, 1, inner.data(), block);
    gemm(transpose, false, width, m, width, factors_.data() + first * block, block, inner.data(), block, 0,
         weighted.data(), block);
    gemm(false, false, width, m, width, top, block, weighted.data(), block, 1, c + row, n_);
    if (below > 0) gemm(false, false, below, m, width, rest, n_, weighted.data(), block, 1, c + row + width, n_);
  }
}

}  // namespace culogme::detail
