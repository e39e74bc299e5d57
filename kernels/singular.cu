#include "kernels/singular.cuh"

#include "kernels/launch.cuh"

namespace culogme::kernels {

void launch_singular_probe(const SingularProbe& a, CUstream_st* stream) {
  singular_probe_kernel<<<1, singular_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("singular_probe_kernel");
}

void launch_singular_scalars(const SingularScalars& a, CUstream_st* stream) {
  singular_scalars_kernel<<<1, singular_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("singular_scalars_kernel");
  if (a.size < 2 || a.targets == 0) return;
  const dim3 grid(blocks_for(a.size / 2, singular_threads, 1 << 30), blocks_for(a.targets, 1, 32768));
  reverse_kernel<<<grid, singular_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("reverse_kernel");
}

}  // namespace culogme::kernels
