#include "kernels/pack_responses.cuh"

#include "kernels/launch.cuh"

namespace culogme::kernels {

void launch_pack_responses(const PackResponses& a, CUstream_st* stream) {
  if (a.rows.rows == 0) return;
  unsigned wide = 1;
  while (wide < 32 && wide < a.rows.targets + 1) wide *= 2;
  const dim3 shape(wide, response_threads / wide);
  pack_responses_kernel<<<blocks_for(a.rows.targets + 1, wide, 1 << 30), shape, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("pack_responses_kernel");
}

}  // namespace culogme::kernels
