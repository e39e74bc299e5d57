#pragma once

#include "kernels/element.cuh"
#include "kernels/launch_triangle.hpp"
#include "kernels/reduce_block.cuh"

namespace culogme::kernels {

inline constexpr int triangle_threads = 128;
/// A warp reads 32 columns of a row and writes 32 rows of a column.
inline constexpr int pack_square = 32, pack_groups = 8;
/// Blocks of packing on a multiprocessor: more of them, and registers would be spilled.
inline constexpr int pack_blocks = 4;

/// One column a block. The exponent itself follows afterwards, so that every block still sees the old one.
__global__ void __launch_bounds__(triangle_threads) raise_stack_kernel(RaiseStack a) {
  const double largest = __longlong_as_double(static_cast<long long>(*a.scratch));
  if (!(largest > 0)) return;
  const int exponent = a.state->exponent, power = exponent - ilogb(largest);
  if (power >= 0) return;
  if (blockIdx.x == 0 && threadIdx.x == 0) a.state->raised = exponent - power;
  for (std::int64_t j = blockIdx.x; j < a.rows.cols; j += gridDim.x) {
    double* const column = a.stack + (a.lead + j) * a.stride;
    for (std::int64_t i = threadIdx.x; i < a.held; i += triangle_threads) column[i] = ldexp(column[i], power);
    if (threadIdx.x == 0) a.pilot[j] = ldexp(a.pilot[j], power);
  }
}

template <class In>
__global__ void __launch_bounds__(pack_square* pack_groups, pack_blocks) pack_rows_kernel(PackRows a) {
  __shared__ double square[pack_square][pack_square + 1];
  const double scale = scale_of<double>(a.state->exponent);
  const std::int64_t first_column = std::int64_t{blockIdx.x} * pack_square, column = first_column + threadIdx.x;
  const double pilot = column < a.rows.cols ? a.pilot[column] : 0;
  const In* const in = static_cast<const In*>(a.rows.features);
  for (std::int64_t first = std::int64_t{blockIdx.y} * pack_square; first < a.rows.rows;
       first += std::int64_t{gridDim.y} * pack_square) {
    for (int r = threadIdx.y; r < pack_square; r += pack_groups) {
      const std::int64_t row = first + r;
      if (row >= a.rows.rows || column >= a.rows.cols) continue;
      const double value = static_cast<double>(value_of(in[row * a.rows.stride + column]));
      if (!isfinite(value)) note_bad(a.state, a.rows, row, column);
      const double packed = value * scale - pilot;  // the pilot of a column with NaN may be NaN
      square[r][threadIdx.x] = isfinite(packed) ? packed : 0;
    }
    __syncthreads();
    const std::int64_t row = first + threadIdx.x;
    double* const out = a.stack + a.at + row;
    if (row < a.rows.rows) {
      for (int c = threadIdx.y; c < pack_square && first_column + c < a.rows.cols; c += pack_groups)
        out[(a.lead + first_column + c) * a.stride] = square[threadIdx.x][c];
      if (a.lead > 0 && blockIdx.x == 0 && threadIdx.y == 0) *out = 1;
    }
    __syncthreads();
  }
}

__global__ void __launch_bounds__(triangle_threads) pack_targets_kernel(PackTargets a) {
  const std::int64_t row = std::int64_t{blockIdx.x} * triangle_threads + threadIdx.x;
  if (row >= a.rows.rows) return;
  for (std::int64_t k = blockIdx.y; k < a.rows.targets; k += gridDim.y) {
    double* const out = a.stack + k * a.stride + a.at + row;
    if (a.rows.labels != nullptr) {
      const std::int64_t id = label_of(a.rows, row);
      *out = id == k ? 1 : 0;
      if (id == k) atomicAdd(a.counts + k, 1ull);  // of integers: any order gives the same
      if (k == 0 && (id < 0 || id >= a.rows.targets)) note_bad(a.state, a.rows, row, a.rows.cols);
      continue;
    }
    const double value = element_at(a.rows.responses, a.rows.response_scalar, row * a.rows.response_stride + k);
    const bool bad = !isfinite(value) || (a.rows.binary && value != 0 && value != 1);
    if (bad) note_bad(a.state, a.rows, row, a.rows.cols + k);
    *out = bad ? 0 : ldexp(value, -a.target_exponent[k]) - (a.shifted ? a.target_pilot[k] : 0);
  }
}

/// 32 columns a block; groups of threads share the rows, and their sums are added in order.
template <class In>
__global__ void __launch_bounds__(pack_square* pack_groups, pack_blocks) pack_transposed_kernel(PackTransposed a) {
  __shared__ double sums[pack_groups][pack_square];
  const double scale = scale_of<double>(a.state->exponent);
  const std::int64_t j = std::int64_t{blockIdx.x} * pack_square + threadIdx.x;
  const bool inside = j < a.width;
  const double pilot = inside && a.pilot != nullptr ? a.pilot[j] : 0;
  const In* const in = static_cast<const In*>(a.rows.features) + a.begin + (inside ? j : 0);
  double* const out = a.stack + a.at + (inside ? j : 0);
  double sum = 0;
  for (std::int64_t row = threadIdx.y; inside && row < a.rows.rows; row += pack_groups) {
    const double value = static_cast<double>(value_of(in[row * a.rows.stride]));
    if (!isfinite(value)) note_bad(a.state, a.rows, row, a.begin + j);
    const double scaled = value * scale - pilot, packed = isfinite(scaled) ? scaled : 0;
    out[row * a.stride] = packed;
    sum += packed;
  }
  if (!a.centred) return;
  sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  double mean = 0;
  for (int group = 0; group < pack_groups; ++group) mean += sums[group][threadIdx.x];
  mean /= static_cast<double>(a.rows.rows);
  for (std::int64_t row = threadIdx.y; inside && row < a.rows.rows; row += pack_groups) out[row * a.stride] -= mean;
}

__global__ void __launch_bounds__(triangle_threads) clear_reflectors_kernel(EndTile a) {
  if (blockIdx.x == 0 && threadIdx.x == 0)
    for (int call = 0; call < 2; ++call)
      if (a.info[2 + call] == 0) a.info[2 + call] = a.info[call];
  for (std::int64_t j = blockIdx.x; j < a.cols; j += gridDim.x)
    for (std::int64_t i = j + 1 + threadIdx.x; i < a.cols; i += triangle_threads) a.stack[j * a.stride + i] = 0;
}

__global__ void __launch_bounds__(triangle_threads) outside_kernel(EndTile a) {
  for (std::int64_t k = blockIdx.x; k < a.count; k += gridDim.x) {
    double sum = 0;
    for (std::int64_t i = a.cols + threadIdx.x; i < a.held; i += triangle_threads) {
      const double left = a.targets[k * a.stride + i];
      sum += left * left;
    }
    sum = block_sum<triangle_threads>(sum);
    if (threadIdx.x == 0) a.outside[k] += sum;
  }
}

__global__ void __launch_bounds__(triangle_threads) triangle_matrix_kernel(TriangleMatrix a) {
  for (std::int64_t j = blockIdx.x; j < a.size; j += gridDim.x) {
    const double* const column = a.stack + (a.lead + j) * a.stride + a.lead;
    double square = 0;
    for (std::int64_t i = threadIdx.x; i < a.size; i += triangle_threads) {
      const double value = i <= j ? column[i] : 0;
      a.matrix[a.transposed ? i * a.size + j : j * a.size + i] = value;
      square += value * value;
    }
    square = block_sum<triangle_threads>(square);
    if (threadIdx.x == 0) a.column_square[j] = square;
  }
}

__global__ void __launch_bounds__(triangle_threads) triangle_targets_kernel(TriangleTargets a) {
  for (std::int64_t k = blockIdx.x; k < a.count; k += gridDim.x) {
    const double* const from = a.targets + k * a.stride + a.lead;
    double square = 0;
    for (std::int64_t i = threadIdx.x; i < a.size; i += triangle_threads) {
      const double value = from[i];
      a.along[k * a.size + i] = value;
      square += value * value;
    }
    square = block_sum<triangle_threads>(square);
    if (threadIdx.x != 0) continue;
    if (a.counts != nullptr) {
      const double count = static_cast<double>(a.counts[k]);
      a.square[k] = a.lead > 0 ? count * (a.rows - count) / a.rows : count;
      continue;
    }
    square += a.outside[k];
    const double mean = a.lead > 0 ? a.targets[k * a.stride] : 0;
    const bool noise = a.lead > 0 && square <= a.error * a.error * (square + mean * mean);
    a.square[k] = noise ? 0 : square;
  }
}

}  // namespace culogme::kernels
