#pragma once

#include "kernels/element.cuh"
#include "kernels/launch_spectrum.hpp"
#include "kernels/reduce_block.cuh"
#include "src/rounding.hpp"

namespace culogme::kernels {

inline constexpr int dual_threads = 128;

/// Moves the pilot to the exponent of the largest magnitude if that is larger; the state takes it over afterwards.
__global__ void __launch_bounds__(dual_threads) raise_pilot_kernel(RaiseAll a) {
  const double largest = __longlong_as_double(static_cast<long long>(*a.scratch));
  if (!(largest > 0)) return;
  const int exponent = a.state->exponent, power = exponent - ilogb(largest);
  if (power >= 0) return;
  const std::int64_t column = std::int64_t{blockIdx.x} * dual_threads + threadIdx.x;
  if (column == 0) a.state->raised = exponent - power;
  if (column >= a.rows.cols) return;
  const float pilot = static_cast<float>(ldexp(a.pilot[column], power));
  a.pilot_f32[column] = pilot;
  a.pilot[column] = static_cast<double>(pilot);
}

/// One row a block.
template <class In, class Out>
__global__ void __launch_bounds__(dual_threads) pack_columns_kernel(PackColumns a) {
  using Middle = typename MiddleOf<In, Out>::type;
  const Middle scale = scale_of<Middle>(a.state->exponent);
  for (std::int64_t row = blockIdx.x; row < a.rows.rows; row += gridDim.x) {
    const In* const in = static_cast<const In*>(a.rows.features) + row * a.rows.stride + a.begin;
    Out* const out = static_cast<Out*>(a.packed) + row * a.width;
    double along = 0;
    for (std::int64_t j = threadIdx.x; j < a.width; j += dual_threads) {
      const Middle value = static_cast<Middle>(value_of(in[j]));
      if (!isfinite(value)) note_bad(a.state, a.rows, row, a.begin + j);
      Middle pilot;
      if constexpr (sizeof(Middle) == 4)
        pilot = a.pilot_f32[j];
      else
        pilot = a.pilot[j];
      out[j] = static_cast<Out>(value * scale - pilot);
      along += static_cast<double>(out[j]) * a.pilot[j];
    }
    along = block_sum<dual_threads>(along);
    if (threadIdx.x == 0) a.along[row] += along;
  }
}

__global__ void read_bad_kernel(RawRows rows, SumsState* state) { read_bad(rows, state); }

__global__ void __launch_bounds__(dual_threads) dense_targets_kernel(DenseTargets a) {
  const std::int64_t row = std::int64_t{blockIdx.x} * dual_threads + threadIdx.x;
  if (row >= a.rows.rows) return;
  for (std::int64_t k = blockIdx.y; k < a.rows.targets; k += gridDim.y) {
    double* const out = a.dense + k * a.rows.rows + row;
    if (a.rows.labels != nullptr) {
      const std::int64_t id = label_of(a.rows, row);
      if (k == 0 && (id < 0 || id >= a.rows.targets)) note_bad(a.state, a.rows, row, a.rows.cols);
      *out = id == k ? 1 : 0;
      continue;
    }
    const double value = element_at(a.rows.responses, a.rows.response_scalar, row * a.rows.response_stride + k);
    if (!isfinite(value) || (a.rows.binary && value != 0 && value != 1))
      note_bad(a.state, a.rows, row, a.rows.cols + k);
    // The pilot is taken off only where the mean goes too: without an intercept y itself is scored.
    *out = ldexp(value, -a.target_exponent[k]) - (a.intercept ? a.target_pilot[k] : 0);
  }
}

/// One target a block: mean, centring, square.
__global__ void __launch_bounds__(dual_threads) centre_targets_kernel(DenseTargets a) {
  const double n = static_cast<double>(a.rows.rows);
  for (std::int64_t k = blockIdx.x; k < a.rows.targets; k += gridDim.x) {
    double* const y = a.dense + k * a.rows.rows;
    double before = 0, sum = 0;
    for (std::int64_t i = threadIdx.x; i < a.rows.rows; i += dual_threads) {
      before += y[i] * y[i];
      sum += y[i];
    }
    before = block_sum<dual_threads>(before);
    const double mean = block_sum<dual_threads>(sum) / n;
    if (threadIdx.x == 0 && a.counts != nullptr) a.counts[k] += static_cast<unsigned long long>(before);
    double square = before;
    if (a.intercept) {
      square = 0;
      for (std::int64_t i = threadIdx.x; i < a.rows.rows; i += dual_threads) {
        y[i] -= mean;
        square += y[i] * y[i];
      }
      square = block_sum<dual_threads>(square);
      if (square <= 8 * detail::u64 * detail::u64 * n * before) square = 0;  // rounding noise of a constant target
    }
    if (threadIdx.x == 0) a.square[k] = square;
  }
}

/// Trace and largest diagonal element, and what all elements share: the square of the pilot in mean[N].
__global__ void __launch_bounds__(dual_threads) dual_traces_kernel(ShiftDual a) {
  double trace = 0, largest = 0, square = 0;
  for (std::int64_t i = threadIdx.x; i < a.size; i += dual_threads) {
    const double value = a.gram[i * a.size + i];
    trace += value;
    largest = value > largest ? value : largest;
  }
  for (std::int64_t j = threadIdx.x; j < a.cols; j += dual_threads) square += a.pilot[j] * a.pilot[j];
  trace = block_sum<dual_threads>(trace);
  largest = block_max<dual_threads>(largest);
  square = block_sum<dual_threads>(square);
  if (threadIdx.x != 0) return;
  a.traces[0] = a.traces[1] = trace;
  a.traces[2] = a.f32 ? trace : 0;
  a.traces[3] = a.f32 ? largest : 0;
  a.mean[a.size] = square;
}

/// Means of the rows of the symmetric matrix, from its lower triangle.
__global__ void __launch_bounds__(dual_threads) row_mean_kernel(ShiftDual a) {
  for (std::int64_t i = blockIdx.x; i < a.size; i += gridDim.x) {
    double sum = 0;
    for (std::int64_t j = threadIdx.x; j < a.size; j += dual_threads)
      sum += j <= i ? a.gram[j * a.size + i] : a.gram[i * a.size + j];
    sum = block_sum<dual_threads>(sum);
    if (threadIdx.x == 0) a.mean[i] = sum / static_cast<double>(a.size);
  }
}

__global__ void __launch_bounds__(dual_threads) grand_mean_kernel(ShiftDual a) {
  double sum = 0;
  for (std::int64_t i = threadIdx.x; i < a.size; i += dual_threads) sum += a.mean[i];
  sum = block_sum<dual_threads>(sum);
  if (threadIdx.x == 0) a.mean[a.size] = sum / static_cast<double>(a.size);
}

__global__ void __launch_bounds__(dual_threads) shift_dual_kernel(ShiftDual a) {
  const double shared = a.mean[a.size];
  for (std::int64_t j = blockIdx.y; j < a.size; j += gridDim.y) {
    const std::int64_t i = std::int64_t{blockIdx.x} * dual_threads + threadIdx.x;
    if (i < j || i >= a.size) continue;
    a.gram[j * a.size + i] += a.intercept ? shared - a.mean[i] - a.mean[j] : a.along[i] + a.along[j] + shared;
  }
}

}  // namespace culogme::kernels
