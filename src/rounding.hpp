#pragma once

#include <cmath>
#include <cstdint>

#include "host_device.hpp"
#include "minmax.hpp"

namespace culogme::detail {

/// Unit roundoffs.
inline constexpr double u64 = 0x1p-53;
inline constexpr double u32 = 0x1p-24;
inline constexpr double u11 = 0x1p-11;  ///< 11 significant bits, those of f16 and tf32

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

/// The bits of an f32 number rounded to 11 significant ones, ties to even: what f16 and tf32 can hold, with f32's
/// range.
CULOGME_HOST_DEVICE constexpr std::uint32_t narrowed_bits(std::uint32_t bits) {
  constexpr std::uint32_t dropped = 0x1fff;  // 13 of 24
  return (bits + (dropped >> 1) + ((bits >> 13) & 1)) & ~dropped;
}

/// The same of an f64 number.
CULOGME_HOST_DEVICE constexpr std::uint64_t narrowed_bits(std::uint64_t bits) {
  constexpr std::uint64_t dropped = (std::uint64_t{1} << 42) - 1;  // 42 of 53
  return (bits + (dropped >> 1) + ((bits >> 42) & 1)) & ~dropped;
}

/// Rows whose products tensor cores take at most, one after the other, in f32.
inline constexpr std::int64_t narrow_chain = 1024;

/// Rows with 11 significant bits weigh this much more in the energy that eta multiplies: their squares have 22 bits,
/// and tensor cores cut off what does not fit where f32 units round, which doubles an error of independent signs.
inline constexpr double narrow_weight = 4;

/// Bound on how much sums of tensor cores shrink, of the sum of the magnitudes, whatever the order of their additions:
/// an addition of `k` products to a sum aligns k + 1 numbers and cuts what lies below 2^-23 of the largest off the
/// other k and off the result, so L products lose at most L (1 + 1 / k) 2^-23. The smallest k in use is 4
/// (docs/numerics.md, "Tensor cores", has the sources).
CULOGME_HOST_DEVICE inline double narrow_drift(std::int64_t rows) {
  return 1.25 * static_cast<double>(rows < narrow_chain ? rows + 1 : narrow_chain + 1) * 0x1p-23;
}

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
/// the target: `may_hide` and EvidenceSolver look.
inline constexpr double f32_cut = 1e-3;

/// Eigenvalues at or below this fraction of the largest one are rounding noise.
CULOGME_HOST_DEVICE inline double noise_fraction(std::int64_t n) { return 2 * u64 * (16 + static_cast<double>(n)); }

/// Bound on the Frobenius norm of the roundings of QR of row tiles and the singular values after it, relative to that
/// of the matrix, and of every target in the same way: both are backward stable column by column. `cols` reflectors and
/// `steps` tiles leave errors of independent signs. What iterations leave off is not in it (unexpected_square).
CULOGME_HOST_DEVICE inline double svd_error(std::int64_t cols, std::int64_t steps) {
  return u64 * (4 + 0.5 * std::sqrt(static_cast<double>(cols + steps)));
}

/// Directions whose eigenvalues are noise may hold part of the target all the same. That is a worry from this fraction
/// of the residual on, beside four times what random ones would explain of it: `directions` of n, directions / n.
inline constexpr double hidden_fraction = 0.005;

}  // namespace culogme::detail
