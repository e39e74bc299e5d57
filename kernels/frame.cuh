#pragma once

#include "kernels/element.cuh"

namespace culogme::kernels {

inline constexpr int frame_threads = 256;

/// The mean on a grid of a power of two near a sixteenth of the deviation; the exact value of a constant column.
__device__ inline double rounded_pilot(double mean, double deviation, double largest, double constant) {
  if (!(deviation > ldexp(largest, -40))) return constant;
  const double grid = ldexp(1.0, ilogb(deviation) - 4);
  return nearbyint(mean / grid) * grid;
}

/// A group of threads over the rows of each column; the groups' sums are added in order. `at_once` rows are on their
/// way from memory at a time: a thread that waits for each of them takes as long as packing a tile.
struct Spread {
  double mean, deviation, largest;
};
template <int at_once, class Value>
__device__ Spread column_spread(std::int64_t rows, const Value& value) {
  __shared__ double shared[frame_threads];
  const int wide = blockDim.x, groups = blockDim.y, lane = threadIdx.x, group = threadIdx.y;
  const auto each = [&](const auto& use) {
    for (std::int64_t first = group; first < rows; first += at_once * groups) {
      double values[at_once];
#pragma unroll
      for (int i = 0; i < at_once; ++i)
        if (first + i * groups < rows) values[i] = value(first + i * groups);
#pragma unroll
      for (int i = 0; i < at_once; ++i)
        if (first + i * groups < rows) use(values[i]);
    }
  };
  double sum = 0, largest = 0;
  each([&](double v) {
    const double magnitude = fabs(v);
    sum += v;
    largest = magnitude > largest ? magnitude : largest;
  });
  const auto total = [&](double own) {
    shared[group * wide + lane] = own;
    __syncthreads();
    double all = 0;
    for (int g = 0; g < groups; ++g) all += shared[g * wide + lane];
    __syncthreads();
    return all;
  };
  const double mean = total(sum) / static_cast<double>(rows);
  double square = 0;
  each([&](double v) { square += (v - mean) * (v - mean); });
  const double deviation = sqrt(total(square) / static_cast<double>(rows));
  shared[group * wide + lane] = largest;
  __syncthreads();
  for (int g = 0; g < groups; ++g) largest = shared[g * wide + lane] > largest ? shared[g * wide + lane] : largest;
  return {mean, deviation, largest};
}

/// Pilots of 32 columns a block.
template <class In>
__global__ void __launch_bounds__(frame_threads, 2) feature_pilot_kernel(Frame a) {
  const std::int32_t exponent = exponent_of(__longlong_as_double(static_cast<long long>(*a.scratch)));
  const double factor = ldexp(1.0, -exponent);
  const std::int64_t column = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const bool inside = column < a.head.cols;
  const In* const in = static_cast<const In*>(a.head.features) + (inside ? column : 0);
  const auto value = [&](std::int64_t row) { return static_cast<double>(value_of(in[row * a.head.stride])) * factor; };
  const Spread spread = column_spread<8>(a.head.rows, value);
  if (blockIdx.x == 0 && threadIdx.x == 0 && threadIdx.y == 0) a.state->exponent = a.state->raised = exponent;
  if (!inside || threadIdx.y != 0) return;
  // Both precisions subtract the same f32 number, so that f32 and f64 sums differ by rounding alone.
  const float pilot = static_cast<float>(rounded_pilot(spread.mean, spread.deviation, spread.largest, value(0)));
  a.pilot_f32[column] = pilot;
  a.pilot[column] = static_cast<double>(pilot);
  if (a.column_exponent == nullptr) return;
  constexpr int above = 5;  // the deviation comes to 2^5 or more
  const bool varies = spread.deviation > ldexp(spread.largest, -40);
  const int own = varies ? ilogb(spread.deviation) - above : smallest_column_exponent;
  a.column_exponent[column] = own < smallest_column_exponent  ? smallest_column_exponent
                              : own > largest_column_exponent ? largest_column_exponent
                                                              : own;
}

/// Exponents and pilots of responses.
__global__ void __launch_bounds__(frame_threads) response_pilot_kernel(Frame a) {
  const std::int64_t target = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const bool inside = target < a.head.targets;
  double factor = 1;
  std::int32_t exponent = 0;
  Spread spread{};
  const auto value = [&](std::int64_t row) {
    return factor *
           element_at(a.head.responses, a.head.response_scalar, row * a.head.response_stride + (inside ? target : 0));
  };
  // First for the largest magnitude, then scaled by it.
#pragma unroll 1
  for (int pass = 0; pass < 2; ++pass) {
    spread = column_spread<1>(a.head.rows, value);
    __syncthreads();
    if (pass > 0) break;
    exponent = spread.largest > 0 ? exponent_of(spread.largest) : 0;
    factor = ldexp(1.0, -exponent);
  }
  if (!inside || threadIdx.y != 0) return;
  a.target_exponent[target] = a.head.binary ? 0 : exponent;  // 0/1 columns are exact as they are
  a.target_pilot[target] = a.head.binary ? 0 : rounded_pilot(spread.mean, spread.deviation, spread.largest, value(0));
}

}  // namespace culogme::kernels
