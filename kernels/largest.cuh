#pragma once

#include "kernels/element.cuh"
#include "kernels/reduce_block.cuh"

namespace culogme::kernels {

inline constexpr int largest_threads = 128;

/// Largest magnitude of the features into *word, which was zero, as bits of a double; infinity counts, NaN is found
/// when it is packed. One row a block at a time.
template <class In>
__global__ void __launch_bounds__(largest_threads) largest_kernel(RawRows rows, unsigned long long* word) {
  const In* const in = static_cast<const In*>(rows.features);
  double largest = 0;
  for (std::int64_t row = blockIdx.x; row < rows.rows; row += gridDim.x)
    for (std::int64_t j = threadIdx.x; j < rows.cols; j += largest_threads) {
      const double value = fabs(static_cast<double>(value_of(in[row * rows.stride + j])));
      largest = value > largest ? value : largest;
    }
  largest = block_max<largest_threads>(largest);
  if (threadIdx.x == 0) atomicMax(word, static_cast<unsigned long long>(__double_as_longlong(largest)));
}

}  // namespace culogme::kernels
