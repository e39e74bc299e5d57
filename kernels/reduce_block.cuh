#pragma once

#include <cub/block/block_reduce.cuh>

namespace culogme::kernels {

/// Sum or maximum over the threads of a block of `threads` (in x, y order), the same bits in every thread.
template <int threads, class T, class Operation>
__device__ T block_reduce(T value, Operation operation) {
  using Reduce = cub::BlockReduce<T, threads, cub::BLOCK_REDUCE_WARP_REDUCTIONS>;
  __shared__ typename Reduce::TempStorage storage;
  __shared__ T result;
  const T all = Reduce(storage).Reduce(value, operation);
  if (threadIdx.x == 0) result = all;
  __syncthreads();
  const T copy = result;
  __syncthreads();
  return copy;
}

template <int threads>
__device__ double block_sum(double value) {
  return block_reduce<threads>(value, [](double a, double b) { return a + b; });
}
template <int threads>
__device__ double block_max(double value) {
  return block_reduce<threads>(value, [](double a, double b) { return a > b ? a : b; });
}

}  // namespace culogme::kernels
