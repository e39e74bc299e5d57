#include "kernels/add_gram.cuh"

#include "kernels/launch.cuh"

namespace culogme::kernels {

void launch_add_gram(const AddGram& a, CUstream_st* stream) {
  const dim3 grid(blocks_for(a.cols, gram_threads, 1 << 30), blocks_for(a.cols, 1, 32768));
  add_gram_kernel<<<grid, gram_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("add_gram_kernel");
}

}  // namespace culogme::kernels
