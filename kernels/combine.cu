#include "kernels/combine.cuh"

#include "kernels/launch.cuh"

namespace culogme::kernels {

void launch_combine(const Combine& a, CUstream_st* stream) {
  const dim3 grid(blocks_for(a.cols, combine_threads, 1 << 30), blocks_for(a.cols + a.targets + 1, 1, 32768));
  combine_moments_kernel<<<grid, combine_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("combine_moments_kernel");
}

}  // namespace culogme::kernels
