#pragma once

#include "kernels/element.cuh"
#include "kernels/launch.cuh"
#include "kernels/reduce_block.cuh"

namespace culogme::kernels {

inline constexpr int largest_threads = 128;

/// Largest finite magnitude of the features into *word, which was zero, as bits of a double; what is not finite is
/// found when it is packed. One row a block at a time.
template <class In>
__global__ void __launch_bounds__(largest_threads) largest_kernel(RawRows rows, unsigned long long* word) {
  const In* const in = static_cast<const In*>(rows.features);
  double largest = 0;
  for (std::int64_t row = blockIdx.x; row < rows.rows; row += gridDim.x)
    for (std::int64_t j = threadIdx.x; j < rows.cols; j += largest_threads) {
      const double value = fabs(static_cast<double>(value_of(in[row * rows.stride + j])));
      largest = value > largest && isfinite(value) ? value : largest;
    }
  largest = block_max<largest_threads>(largest);
  if (threadIdx.x == 0) atomicMax(word, static_cast<unsigned long long>(__double_as_longlong(largest)));
}

/// largest_kernel for the run-time element type, into a word of any value.
inline void launch_largest(const RawRows& rows, unsigned long long* word, CUstream_st* stream) {
  detail::check(cudaMemsetAsync(word, 0, sizeof *word, stream), "cudaMemsetAsync(largest)", __FILE__, __LINE__);
  with_scalar(rows.scalar, [&](auto in) {
    largest_kernel<decltype(in)><<<blocks_for(rows.rows, 1, 4096), largest_threads, 0, stream>>>(rows, word);
  });
  CULOGME_CHECK_LAUNCH("largest_kernel");
}

}  // namespace culogme::kernels
