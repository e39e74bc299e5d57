#pragma once

#include <cmath>
#include <cstdint>

#include "host_device.hpp"
#include "minmax.hpp"

namespace culogme::detail {

/// Unit roundoffs.
inline constexpr double u64 = 0x1p-53;
inline constexpr double u32 = 0x1p-24;

/// eta of the f32 products (docs/numerics.md): entry (i, j) of the sum of the tiles' Gram matrices of N shifted rows is
/// off by at most eta sqrt(G_ii G_jj). Two roundings of the rows give 2 u32. The BLAS kernels add up at most `chain`
/// products in f32 before they go to another sum, a few hundred on the CPU; such a chain of length L is off by about
/// sqrt(L) u32 of its own value, and N / L chains average out, down to the drift that rows which repeat leave. The
/// factor 2 is the margin over the largest error seen.
inline constexpr std::int64_t cpu_f32_chain = 512;
CULOGME_HOST_DEVICE inline double f32_entry_error(std::int64_t rows, std::int64_t chain = cpu_f32_chain) {
  constexpr double drift = 6;
  const double n = static_cast<double>(larger_of<std::int64_t>(rows, 1)), longest = static_cast<double>(chain);
  return u32 * (2 + 2 * larger_of(drift, n < longest ? std::sqrt(n) : longest / std::sqrt(n)));
}

/// Sums of squares of values with few significant bits (f16, bf16, small integers) round with a bias, since the bits
/// that are lost are not random: the diagonal was seen off by up to 28 u32 where other rows leave less than 2. Such
/// rows weigh this much more in the energy that eta multiplies.
inline constexpr double short_digits_weight = 2.5;

/// Bound on the spectral norm of the error of an fp64 Gram matrix of size n and its decomposition, relative to its
/// norm.
CULOGME_HOST_DEVICE inline double f64_gram_error(std::int64_t n) {
  return u64 * (8 + 2 * std::sqrt(static_cast<double>(n)));
}

/// Spectral norm of n x n independent errors of this size: about 2 sqrt(n) times one of them.
CULOGME_HOST_DEVICE inline double independent_norm(std::int64_t n, double entry) {
  return 2 * std::sqrt(static_cast<double>(n)) * entry;
}

/// Eigenvalues at or below this fraction of the norm of the f32 errors are left out; those between are noise too, but
/// leaving out true ones would do more harm at the t that can be known. What is left out or lies between must not carry
/// the target: `hidden_fraction` and TargetSolver look.
inline constexpr double f32_cut = 1e-3;

/// Eigenvalues at or below this fraction of the largest one are rounding noise.
CULOGME_HOST_DEVICE inline double noise_fraction(std::int64_t n) { return 2 * u64 * (16 + static_cast<double>(n)); }

/// Bound on the Frobenius norm of the error of QR of row tiles and the singular values after it, relative to that of
/// the matrix, and of every target in the same way: both are backward stable column by column. `cols` reflectors and
/// `steps` tiles leave errors of independent signs.
CULOGME_HOST_DEVICE inline double svd_error(std::int64_t cols, std::int64_t steps) {
  return u64 * (4 + 0.5 * std::sqrt(static_cast<double>(cols + steps)));
}

/// Directions whose eigenvalues are noise may hold part of the target all the same. That is a worry from this fraction
/// of the residual on; `directions` random ones of n would explain directions / n of it.
CULOGME_HOST_DEVICE inline double hidden_fraction(std::int64_t directions, double dof) {
  return 0.005 + 4 * static_cast<double>(directions) / dof;
}

}  // namespace culogme::detail
