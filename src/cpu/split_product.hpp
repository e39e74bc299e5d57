#pragma once

#include <cstdint>

#include "aligned.hpp"

namespace culogme::detail {

/// F32 products on the processor's matrix tiles (AMX). A float of magnitude 2^-100 to 2^100 is the sum of three
/// bfloat16, without error: leading, middle and last bits of its significand. Of the nine products of such sums the six
/// largest are taken, exactly, and added up in f32; what is left out is below 2^-24 of |x y| (docs/numerics.md). These
/// six products take less than half of the time of one f32 multiply-add on the vector units.

/// Why there are matrix tiles, or not.
enum class MatrixTiles : std::uint8_t {
  there,
  switched_off,  ///< the variable CULOGME_AMX is off, no, false or 0
  no_processor,  ///< it has no tiles
  no_system,     ///< the system does not grant them (an alternate signal stack too small for them is one reason)
  wrong,         ///< a known product came out wrong
};

/// Asked once; the first call makes the tiles available to the whole process, which makes the frame of a signal 8 KiB
/// larger: alternate signal stacks (sigaltstack) that are too small for it are refused from then on.
MatrixTiles matrix_tiles();
inline bool has_split_products() { return matrix_tiles() == MatrixTiles::there; }

/// What matrix_tiles would say without asking the system for them: nothing of the process changes.
bool processor_has_matrix_tiles();

/// Memory of one caller, kept between calls.
using SplitScratch = AlignedVector<unsigned char>;

/// Bytes of it for products of k rows of n columns.
std::int64_t split_scratch_bytes(std::int64_t n, std::int64_t k);

/// As syrk of blas.hpp: C = A A' (or C + A A' where `add`), lower triangle, A column-major n x k with leading dimension
/// lda; parts of C above the diagonal are written too, within 32 columns of it. Only where has_split_products().
/// Sums of k products start anew in each call, so keep k to some hundreds: then fewer roundings meet large sums than in
/// the kernels of BLAS libraries. Magnitudes must not pass 2^50. The tiles have no subnormal numbers, so where a row of
/// A that is not zero has no element of 2^-45 or more, nothing is written and false comes back.
/// Throws std::bad_alloc.
bool split_syrk(std::int64_t n, std::int64_t k, const float* a, std::int64_t lda, bool add, float* c, std::int64_t ldc,
                SplitScratch& scratch);

}  // namespace culogme::detail
