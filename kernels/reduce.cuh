#pragma once

#include <cub/warp/warp_reduce.cuh>

#include "kernels/reduce_block.cuh"

namespace culogme::kernels {

/// Several sums that are reduced together.
template <int count>
struct Values {
  double at[count];
};

struct AddValues {
  template <int count>
  __device__ Values<count> operator()(const Values<count>& a, const Values<count>& b) const {
    Values<count> sum;
#pragma unroll
    for (int i = 0; i < count; ++i) sum.at[i] = a.at[i] + b.at[i];
    return sum;
  }
};

/// Sums over the block, the same bits in every thread. All threads call it; it synchronises the block.
template <int threads, int count>
__device__ Values<count> block_total(const Values<count>& own) {
  return block_reduce<threads>(own, AddValues{});
}

/// Sums over a warp, valid in its first lane. All lanes call it.
template <int count>
__device__ Values<count> warp_total(const Values<count>& own) {
  // Reductions by shuffles keep nothing in shared memory; CUB asks for an object all the same.
  typename cub::WarpReduce<Values<count>>::TempStorage none;
  return cub::WarpReduce<Values<count>>(none).Reduce(own, AddValues{});
}

}  // namespace culogme::kernels
