#pragma once

#include "kernels/element.cuh"
#include "kernels/reduce_block.cuh"

namespace culogme::kernels {

/// One thread a column, so that a warp's 32 elements of a row lie side by side whatever the alignment of the rows;
/// eight rows are loaded before the first is used, since one load a thread would leave the memory idle.
inline constexpr int pack_threads = 128;
inline constexpr int rows_in_flight = 8;
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
  Middle largest = 0;
  std::uint32_t digits = 0;
  double sum = 0;
  int segment = 0;  // first row of the segment
  for (int first = 0; first < chunk.count; first += rows_in_flight) {
    In raw[rows_in_flight];
#pragma unroll
    for (int i = 0; i < rows_in_flight; ++i)
      if (inside && first + i < chunk.count) raw[i] = in[std::int64_t{row_of[first + i]} * a.rows.stride];
#pragma unroll
    for (int i = 0; i < rows_in_flight; ++i) {
      const int at = first + i;
      if (at >= chunk.count) break;
      if (inside) {
        const Middle value = static_cast<Middle>(value_of(raw[i])), magnitude = fabs(value);
        if (isfinite(magnitude))
          largest = magnitude > largest ? magnitude : largest;
        else
          note_bad(a.state, a.rows, row_of[at], column);
        const Out packed = static_cast<Out>(value * scale - pilot);
        out[std::int64_t{row_of[at]} * a.rows.cols] = packed;
        if constexpr (sizeof(Out) == 4) digits |= __float_as_uint(packed);
        if constexpr (classes) {
          double exact = static_cast<double>(packed);
          // Beyond f32: the tile is packed again with a larger exponent, but the class sums stay as they are.
          if constexpr (sizeof(Out) == 4)
            if (beyond_f32 || !(fabs(exact) < 0x1p126))
              exact = static_cast<double>(value) * ldexp(1.0, -exponent) - static_cast<double>(pilot);
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
  if constexpr (sizeof(Out) == 4) {
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

/// Raises the exponent where the tile has values that are very much larger than the first ones: rare, so one thread a
/// column does it all, and no block does anything where there are none.
template <class In, class Out>
__global__ void __launch_bounds__(pack_threads) raise_kernel(PackTile a, std::int64_t targets) {
  if (blockIdx.x == 0 && threadIdx.x == 0) read_bad(a.rows, a.state);
  const std::int32_t exponent = a.state->exponent;
  const std::int32_t raised = exponent_of(__longlong_as_double(static_cast<long long>(a.state->largest)));
  if (raised <= exponent + headroom) return;
  const std::int64_t column = std::int64_t{blockIdx.x} * pack_threads + threadIdx.x, d = a.rows.cols;
  if (blockIdx.x == 0 && threadIdx.x == 0) a.state->raised = raised;
  if (column >= d) return;
  using Middle = typename MiddleOf<In, Out>::type;
  const int power = exponent - raised;
  const double pilot = ldexp(a.pilot[column], power);
  const float pilot_f32 = static_cast<float>(pilot);
  const Middle scale = scale_of<Middle>(raised);
  const In* const in = static_cast<const In*>(a.rows.features) + column;
  Out* const out = static_cast<Out*>(a.packed) + column;
#pragma unroll 1
  for (std::int64_t row = 0; row < a.rows.rows; ++row) {
    Middle offset;
    if constexpr (sizeof(Middle) == 4)
      offset = pilot_f32;
    else
      offset = pilot;
    out[row * d] = static_cast<Out>(static_cast<Middle>(value_of(in[row * a.rows.stride])) * scale - offset);
  }
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
      a.cross[a.sorted_id[at] * d + column] += static_cast<double>(out[a.sorted_row[at] * d]);
    targets = 0;
  }
#pragma unroll 1
  for (std::int64_t k = 0; k < targets; ++k) a.cross[k * d + column] = ldexp(a.cross[k * d + column], power);
  if (a.energy != nullptr) a.energy[column] = ldexp(a.energy[column], 2 * power);
  if (a.sum != nullptr) a.sum[column] = ldexp(a.sum[column], power);
}

}  // namespace culogme::kernels
