#pragma once

#include "kernels/launch_spectrum.hpp"
#include "kernels/reduce_block.cuh"
#include "src/probe_vectors.hpp"
#include "src/rounding.hpp"

namespace culogme::kernels {

inline constexpr int shift_threads = 256;

__global__ void __launch_bounds__(shift_threads) class_total_kernel(ClassTotal a) {
  const std::int64_t column = std::int64_t{blockIdx.x} * shift_threads + threadIdx.x;
  if (column >= a.cols) return;
  double sum = 0;
  for (std::int64_t k = 0; k < a.classes; ++k) sum += a.cross[k * a.cols + column];
  a.sum[column] = sum;
}

/// Trace of the Gram matrix into traces[which]; with the first one, not less than the history, what the f32 products
/// left.
__global__ void __launch_bounds__(shift_threads) trace_kernel(Shift a, int which) {
  double trace = 0, energy = 0, largest = 0, rounding = 0;
  for (std::int64_t j = threadIdx.x; j < a.cols; j += shift_threads) {
    trace += a.gram[j * a.cols + j];
    if (a.rounding != nullptr) rounding += a.rounding[j];
    if (a.energy == nullptr) continue;
    energy += a.energy[j];
    largest = a.energy[j] > largest ? a.energy[j] : largest;
  }
  trace = block_sum<shift_threads>(trace);
  energy = block_sum<shift_threads>(energy);
  largest = block_max<shift_threads>(largest);
  if (a.rounding != nullptr) rounding = block_sum<shift_threads>(rounding);
  if (threadIdx.x != 0) return;
  a.traces[which] = which == 0 && a.history > trace ? a.history : trace;
  a.traces[2] = energy;
  a.traces[3] = largest;
  if (a.rounding != nullptr) a.traces[4] = rounding;
}

/// A column of the lower triangle at a time: the mean is put back, or taken out.
__global__ void __launch_bounds__(shift_threads) shift_gram_kernel(Shift a) {
  for (std::int64_t j = blockIdx.y; j < a.cols; j += gridDim.y) {
    const std::int64_t i = std::int64_t{blockIdx.x} * shift_threads + threadIdx.x;
    if (i < j || i >= a.cols) continue;
    double* const entry = a.gram + j * a.cols + i;
    if (a.intercept)
      *entry -= a.sum[i] * (a.sum[j] / a.rows);
    else
      *entry += a.pilot[i] * (a.sum[j] + a.rows * a.pilot[j]) + a.sum[i] * a.pilot[j];
  }
}

/// F'Y of one target a block row, and y'y.
__global__ void __launch_bounds__(shift_threads) shift_targets_kernel(Shift a) {
  for (std::int64_t k = blockIdx.y; k < a.targets; k += gridDim.y) {
    const bool classes = a.counts != nullptr;
    const double sum = classes ? static_cast<double>(a.counts[k]) : a.target_sum[k];
    const double pilot = classes ? 0 : a.target_pilot[k];
    const std::int64_t i = std::int64_t{blockIdx.x} * shift_threads + threadIdx.x;
    if (i < a.cols) {
      double* const entry = a.cross + k * a.cols + i;
      if (a.intercept)
        *entry -= a.sum[i] * (sum / a.rows);
      else
        *entry += a.sum[i] * pilot + a.pilot[i] * (sum + a.rows * pilot);
    }
    if (i != 0) continue;
    double square = classes ? sum : a.target_square[k];
    const double before = square;
    if (a.intercept) {
      square = classes ? sum * (a.rows - sum) / a.rows : square - sum * (sum / a.rows);
      // A constant target leaves rounding noise only: that is no spread.
      if (!classes && square <= 8 * detail::u64 * a.rows * before) square = 0;
    } else if (!classes) {
      square += 2 * pilot * sum + a.rows * pilot * pilot;
    }
    double scale = square;
    if (!classes) {
      scale = before > scale ? before : scale;
      if (a.target_history != nullptr && a.target_history[k] > scale) scale = a.target_history[k];
    }
    a.square[k] = square;
    a.square_scale[k] = scale;
  }
}

__global__ void __launch_bounds__(shift_threads) probe_sides_kernel(ProbeSides a) {
  const std::int64_t i = std::int64_t{blockIdx.x} * shift_threads + threadIdx.x;
  if (i >= a.size) return;
  const double shift = sqrt(*a.frobenius_square);
  a.scaled[i] = (a.eigenvalues[i] + shift) * a.projected[i];
  a.image[i] += shift * a.probe[i];
}

/// Sum of the squares of a column of the symmetric matrix's lower triangle, elements beside the diagonal twice; and a
/// sign for the column.
__global__ void __launch_bounds__(shift_threads) probe_kernel(Probe a) {
  for (std::int64_t j = blockIdx.x; j < a.size; j += gridDim.x) {
    double square = 0;
    for (std::int64_t i = j + threadIdx.x; i < a.size; i += shift_threads) {
      const double value = a.matrix[j * a.size + i];
      square += (i == j ? 1 : 2) * value * value;
    }
    square = block_sum<shift_threads>(square);
    if (threadIdx.x != 0) continue;
    a.scratch[j] = square;
    a.probe[j] = detail::probe_sign(j, 1);
  }
}

__global__ void __launch_bounds__(shift_threads) frobenius_kernel(Probe a) {
  double sum = 0;
  for (std::int64_t j = threadIdx.x; j < a.size; j += shift_threads) sum += a.scratch[j];
  sum = block_sum<shift_threads>(sum);
  if (threadIdx.x == 0) *a.frobenius_square = sum;
}

}  // namespace culogme::kernels
