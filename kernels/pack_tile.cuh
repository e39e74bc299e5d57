#pragma once

#include <cuda_fp16.h>

#include "kernels/element.cuh"
#include "kernels/reduce_block.cuh"
#include "src/rounding.hpp"

namespace culogme::kernels {

/// One thread a column, so that a warp's 32 elements of a row lie side by side whatever the alignment of the rows;
/// many rows are loaded before the first is used, since a tile has too few blocks to keep the memory busy otherwise.
inline constexpr int pack_threads = 128;
template <class In>
inline constexpr int rows_in_flight = sizeof(In) == 8 ? 8 : 16;
/// Rows may be this many binary orders larger than the first ones before the exponent rises: the squares of 8192 such
/// rows still fit f32 with room to spare.
inline constexpr int headroom = 40;
/// Binary orders by which what was summed before shrinks to nothing.
inline constexpr int sums_are_lost = -900;

/// Rows of a chunk in the order of their labels, and the labels beside it.
struct Chunk {
  std::int64_t begin;
  int count;
  std::int32_t before, after;  ///< label of the row before and behind, -1: none
};

/// A segment of equal labels that lies in one chunk is added to F'Y at once; the others leave partial sums, slot 0
/// where they began in an earlier chunk, slot 1 where they begin here, that combine_kernel adds in order.
__device__ inline void add_segment(const PackTile& a, const Chunk& chunk, std::int32_t id, bool at_begin, bool at_end,
                                   std::int64_t column, double sum) {
  const bool began_before = at_begin && chunk.before == id, goes_on = at_end && chunk.after == id;
  if (!began_before && !goes_on) {
    a.cross[id * a.rows.cols + column] += sum;
    return;
  }
  const std::int64_t slot = 2 * (chunk.begin / pack_chunk_rows) + (began_before ? 0 : 1);
  a.partial[slot * a.rows.cols + column] = sum;
}

/// Stores a shifted value. What it stands for, rounded to 11 bits where rows are narrow, is what class sums take;
/// `lost` grows by the square of what was lost, to infinity where f16 cannot hold the value. `power`: 2^column
/// exponent.
template <class Middle>
__device__ double store(Middle shifted, double* out, float, float&) {
  *out = static_cast<double>(shifted);
  return *out;
}
template <class Middle>
__device__ float store(Middle shifted, float* out, float, float&) {
  *out = static_cast<float>(shifted);
  return *out;
}
template <class Middle>
__device__ float store(Middle shifted, Tf32* out, float, float& lost) {
  const float kept = __uint_as_float(detail::narrowed_bits(__float_as_uint(static_cast<float>(shifted))));
  const float change = static_cast<float>(shifted - static_cast<Middle>(kept));
  lost += change * change;
  out->value = kept;
  return kept;
}
template <class Middle>
__device__ float store(Middle shifted, Half* out, float power, float& lost) {
  const float kept = __uint_as_float(detail::narrowed_bits(__float_as_uint(static_cast<float>(shifted))));
  // Powers of two are never so far out that their inverse is not a number (smallest_column_exponent).
  out->bits = __half_as_ushort(__float2half_rn(kept * (1 / power)));
  const float change = static_cast<float>(shifted - static_cast<Middle>(value_of(*out) * power));
  lost += change * change;
  return kept;
}

template <class In, class Out, bool classes>
__global__ void __launch_bounds__(pack_threads) pack_tile_kernel(PackTile a) {
  using Middle = typename MiddleOf<In, Out>::type;
  static_assert(pack_threads >= pack_chunk_rows);
  __shared__ std::int32_t row_of[pack_chunk_rows], id_of[pack_chunk_rows];
  Chunk chunk{std::int64_t{blockIdx.y} * pack_chunk_rows, 0, -1, -1};
  const std::int64_t left = a.rows.rows - chunk.begin;
  chunk.count = static_cast<int>(left < pack_chunk_rows ? left : pack_chunk_rows);
  if (threadIdx.x < static_cast<unsigned>(chunk.count)) {
    row_of[threadIdx.x] =
        classes ? a.sorted_row[chunk.begin + threadIdx.x] : static_cast<std::int32_t>(chunk.begin + threadIdx.x);
    if (classes) id_of[threadIdx.x] = a.sorted_id[chunk.begin + threadIdx.x];
  }
  if (classes && chunk.begin > 0) chunk.before = a.sorted_id[chunk.begin - 1];
  if (classes && left > chunk.count) chunk.after = a.sorted_id[chunk.begin + chunk.count];
  __syncthreads();

  const std::int64_t column = std::int64_t{blockIdx.x} * pack_threads + threadIdx.x;
  const bool inside = column < a.rows.cols;
  const In* const in = static_cast<const In*>(a.rows.features) + (inside ? column : 0);
  Out* const out = static_cast<Out*>(a.packed) + (inside ? column : 0);
  const std::int32_t exponent = a.state->exponent;
  const Middle scale = scale_of<Middle>(exponent);
  // A frame of zeros or of tiny f64 values lies below what f32 factors reach: its packed values are of another scale.
  const bool beyond_f32 = sizeof(Middle) == 4 && -exponent > 126;
  Middle pilot = 0;
  if (inside) {
    if constexpr (sizeof(Middle) == 4)
      pilot = a.pilot_f32[column];
    else
      pilot = a.pilot[column];
  }
  float power = 1, lost = 0;
  if constexpr (std::is_same_v<Out, Half>)
    if (inside) power = ldexpf(1, a.column_exponent[column]);
  Middle largest = 0;
  std::uint32_t digits = 0;
  double sum = 0;
  int segment = 0;  // first row of the segment
  for (int first = 0; first < chunk.count; first += rows_in_flight<In>) {
    In raw[rows_in_flight<In>];
#pragma unroll
    for (int i = 0; i < rows_in_flight<In>; ++i)
      if (inside && first + i < chunk.count) raw[i] = in[std::int64_t{row_of[first + i]} * a.rows.stride];
#pragma unroll
    for (int i = 0; i < rows_in_flight<In>; ++i) {
      const int at = first + i;
      if (at >= chunk.count) break;
      if (inside) {
        const Middle value = static_cast<Middle>(value_of(raw[i])), magnitude = fabs(value);
        if (isfinite(magnitude))
          largest = magnitude > largest ? magnitude : largest;
        else
          note_bad(a.state, a.rows, row_of[at], column);
        const auto packed = store(value * scale - pilot, out + std::int64_t{row_of[at]} * a.rows.cols, power, lost);
        if constexpr (std::is_same_v<Out, float>) digits |= __float_as_uint(packed);
        if constexpr (classes) {
          double exact = static_cast<double>(packed);
          // Beyond f32: the tile is packed again with a larger exponent, but the class sums stay as they are.
          if constexpr (!std::is_same_v<Out, double>)
            if (beyond_f32 || !(fabsf(packed) < 0x1p126f)) {
              exact = static_cast<double>(value) * ldexp(1.0, -exponent) - static_cast<double>(pilot);
              if constexpr (is_narrow<Out>)
                exact = __longlong_as_double(static_cast<long long>(
                    detail::narrowed_bits(static_cast<std::uint64_t>(__double_as_longlong(exact)))));
            }
          sum += exact;
        }
      }
      if constexpr (classes) {
        const bool last = at + 1 == chunk.count;
        if (!last && id_of[at + 1] == id_of[at]) continue;
        if (inside) add_segment(a, chunk, id_of[at], segment == 0, last, column, sum);
        sum = 0;
        segment = at + 1;
      }
    }
  }
  const double block_largest = block_max<pack_threads>(static_cast<double>(largest));
  if (threadIdx.x == 0)
    atomicMax(&a.state->largest, static_cast<unsigned long long>(__double_as_longlong(block_largest)));
  if constexpr (is_narrow<Out>)
    if (inside) a.lost[std::int64_t{blockIdx.y} * a.rows.cols + column] = lost;
  if constexpr (std::is_same_v<Out, float>) {
    for (int other = 16; other > 0; other /= 2) digits |= __shfl_xor_sync(0xffffffffu, digits, other);
    if (threadIdx.x % 32 == 0) atomicOr(&a.state->digits, digits);
  }
}

/// Adds the partial sums of the segments that begin in chunk blockIdx.y and go on behind it.
__global__ void __launch_bounds__(pack_threads) combine_kernel(PackTile a) {
  const std::int64_t column = std::int64_t{blockIdx.x} * pack_threads + threadIdx.x;
  if (column >= a.rows.cols) return;
  std::int64_t chunk = blockIdx.y;
  const std::int64_t begin = chunk * pack_chunk_rows, end = begin + pack_chunk_rows;
  if (end >= a.rows.rows) return;
  const std::int32_t id = a.sorted_id[end - 1];
  const bool begins_here = begin == 0 || a.sorted_id[begin - 1] != id;
  if (a.sorted_id[end] != id || !begins_here) return;
  double sum = a.partial[(2 * chunk + 1) * a.rows.cols + column];
  for (std::int64_t next = end; next < a.rows.rows && a.sorted_id[next] == id; next += pack_chunk_rows)
    sum += a.partial[2 * ++chunk * a.rows.cols + column];
  a.cross[id * a.rows.cols + column] += sum;
}

/// Packs a column of a tile once more, and what was lost in it.
template <class In, class Out, class Middle>
__device__ double repack(const PackTile& a, std::int64_t column, std::int32_t exponent, Middle pilot) {
  const Middle scale = scale_of<Middle>(exponent);
  const In* const in = static_cast<const In*>(a.rows.features) + column;
  Out* const out = static_cast<Out*>(a.packed) + column;
  float power = 1;
  if constexpr (std::is_same_v<Out, Half>) {
    Middle largest = 0;
#pragma unroll 1
    for (std::int64_t row = 0; row < a.rows.rows; ++row) {
      const Middle size = fabs(static_cast<Middle>(value_of(in[row * a.rows.stride])) * scale - pilot);
      largest = size > largest ? size : largest;
    }
    constexpr int top = 14;  // of f16, whose largest exponent is 15
    int own = largest > 0 && isfinite(largest) ? ilogb(largest) - top : smallest_column_exponent;
    own = own < smallest_column_exponent ? smallest_column_exponent : own;
    own = own > largest_column_exponent ? largest_column_exponent : own;
    a.column_exponent[column] = own;
    power = ldexpf(1, own);
  }
  double all = 0;
#pragma unroll 1
  for (std::int64_t row = 0; row < a.rows.rows; ++row) {
    float lost = 0;
    store(static_cast<Middle>(value_of(in[row * a.rows.stride])) * scale - pilot, out + row * a.rows.cols, power, lost);
    all += static_cast<double>(lost);
  }
  return all;
}

/// A packed value, in the units of the frame.
template <class Out>
__device__ double packed_value(const PackTile& a, const Out* packed, std::int64_t row, std::int64_t column) {
  const Out value = packed[row * a.rows.cols + column];
  if constexpr (std::is_same_v<Out, Tf32>)
    return static_cast<double>(value.value);
  else if constexpr (std::is_same_v<Out, Half>)
    return ldexp(static_cast<double>(value_of(value)), a.column_exponent[column]);
  else
    return static_cast<double>(value);
}

/// Adds what rounding changed in a tile, in the order of its chunks.
template <class In, class Out>
__device__ void add_rounding(const PackTile& a, std::int64_t column) {
  using Middle = typename MiddleOf<In, Out>::type;
  double lost = 0;
  // A chain of loads that wait for each other would take a third as long as packing.
  constexpr int at_once = 8;
  const std::int64_t chunks = (a.rows.rows + pack_chunk_rows - 1) / pack_chunk_rows;
#pragma unroll 1
  for (std::int64_t first = 0; first < chunks; first += at_once) {
    float part[at_once];
#pragma unroll
    for (int i = 0; i < at_once; ++i) part[i] = first + i < chunks ? a.lost[(first + i) * a.rows.cols + column] : 0;
#pragma unroll
    for (int i = 0; i < at_once; ++i) lost += static_cast<double>(part[i]);
  }
  if constexpr (std::is_same_v<Out, Half>)
    if (!isfinite(lost)) {
      const Middle pilot = sizeof(Middle) == 4 ? static_cast<Middle>(a.pilot_f32[column]) : a.pilot[column];
      lost = repack<In, Out>(a, column, a.state->exponent, pilot);
    }
  a.rounding[column] += lost;
}

/// Raises the exponent where the tile has values that are very much larger than the first ones: rare, so one thread a
/// column does it all, and no block does anything where there are none.
template <class In, class Out>
__global__ void __launch_bounds__(pack_threads) raise_kernel(PackTile a, std::int64_t targets) {
  if (blockIdx.x == 0 && threadIdx.x == 0) read_bad(a.rows, a.state);
  const std::int32_t exponent = a.state->exponent;
  const std::int32_t raised = exponent_of(__longlong_as_double(static_cast<long long>(a.state->largest)));
  const std::int64_t column = std::int64_t{blockIdx.x} * pack_threads + threadIdx.x, d = a.rows.cols;
  if (raised <= exponent + headroom) {
    if constexpr (is_narrow<Out>)
      if (column < d) add_rounding<In, Out>(a, column);
    return;
  }
  if (blockIdx.x == 0 && threadIdx.x == 0) a.state->raised = raised;
  if (column >= d) return;
  using Middle = typename MiddleOf<In, Out>::type;
  const int power = exponent - raised;
  const double pilot = ldexp(a.pilot[column], power);
  const float pilot_f32 = static_cast<float>(pilot);
  const Middle offset = sizeof(Middle) == 4 ? static_cast<Middle>(pilot_f32) : static_cast<Middle>(pilot);
  const double lost = repack<In, Out>(a, column, raised, offset);
  if (a.rounding != nullptr) a.rounding[column] = ldexp(a.rounding[column], 2 * power);
  if constexpr (is_narrow<Out>) a.rounding[column] += lost;
  a.pilot[column] = pilot;
  a.pilot_f32[column] = pilot_f32;
#pragma unroll 1
  for (std::int64_t i = column; i < d; ++i) a.gram[column * d + i] = ldexp(a.gram[column * d + i], 2 * power);
  if (power < sums_are_lost && a.sorted_id != nullptr) {
    // The class sums of this tile may have passed the range of f64, and next to its rows all before are zero.
#pragma unroll 1
    for (std::int64_t k = 0; k < targets; ++k) a.cross[k * d + column] = 0;
#pragma unroll 1
    for (std::int64_t at = 0; at < a.rows.rows; ++at)
      a.cross[a.sorted_id[at] * d + column] +=
          packed_value(a, static_cast<const Out*>(a.packed), a.sorted_row[at], column);
    targets = 0;
  }
#pragma unroll 1
  for (std::int64_t k = 0; k < targets; ++k) a.cross[k * d + column] = ldexp(a.cross[k * d + column], power);
  if (a.energy != nullptr) a.energy[column] = ldexp(a.energy[column], 2 * power);
  if (a.sum != nullptr) a.sum[column] = ldexp(a.sum[column], power);
}

}  // namespace culogme::kernels
