#pragma once

#include <cstdint>

#include "aligned.hpp"

namespace culogme::detail {

/// F32 products on the processor's matrix tiles (AMX). Each f32 is the sum of three bfloat16, without error: leading,
/// middle and last 8 bits of its significand. Of the nine products of such sums the six largest are taken, exactly,
/// and added up in f32; what is left out is below 2^-23 of |x y| (docs/numerics.md). Six of these products take a third
/// of the time of one f32 multiply-add on the vector units.

/// Whether this processor and system have the tiles, the variable CULOGME_AMX is not `off`, and a known product comes
/// out right. Asked once; the first call makes the tiles available to the whole process.
bool has_split_products();

/// Memory of one caller, kept between calls.
using SplitScratch = AlignedVector<unsigned char>;

/// Bytes of it for products of k rows of n columns.
std::int64_t split_scratch_bytes(std::int64_t n, std::int64_t k);

/// As syrk of blas.hpp: C = A A' (or C + A A' where `add`), lower triangle, A column-major n x k with leading dimension
/// lda; parts of C above the diagonal are written too, within 32 columns of it. Only where has_split_products().
/// Sums of k products start anew in each call, so keep k to some hundreds: then fewer roundings meet large sums than in
/// the kernels of BLAS libraries. Values below 2^-126 count as zero. Throws std::bad_alloc.
void split_syrk(std::int64_t n, std::int64_t k, const float* a, std::int64_t lda, bool add, float* c, std::int64_t ldc,
                SplitScratch& scratch);

}  // namespace culogme::detail
