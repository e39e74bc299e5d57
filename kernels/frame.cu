#include "kernels/frame.cuh"

#include "kernels/largest.cuh"
#include "kernels/launch.cuh"

namespace culogme::kernels {
namespace {

/// As many columns a block as there are, up to a warp of them; the rest of the threads share the rows.
dim3 shape_for(std::int64_t columns) {
  unsigned wide = 1;
  while (wide < 32 && wide < columns) wide *= 2;
  return {wide, frame_threads / wide, 1};
}

}  // namespace

__global__ void reset_sums_kernel(SumsState* state) {
  *state = SumsState{};
  state->bad_key = ~0ull;
}

void launch_reset_sums(SumsState* state, CUstream_st* stream) {
  reset_sums_kernel<<<1, 1, 0, stream>>>(state);
  CULOGME_CHECK_LAUNCH("reset_sums_kernel");
}

void launch_frame(const Frame& a, CUstream_st* stream) {
  if (a.head.rows == 0) return;
  launch_largest(a.head, a.scratch, stream);
  const dim3 shape = shape_for(a.head.cols);
  with_scalar(a.head.scalar, [&](auto in) {
    using In = decltype(in);
    feature_pilot_kernel<In><<<blocks_for(a.head.cols, shape.x, 1 << 30), shape, 0, stream>>>(a);
    CULOGME_CHECK_LAUNCH("feature_pilot_kernel");
  });
  if (a.head.labels != nullptr) return;
  const dim3 target_shape = shape_for(a.head.targets);
  response_pilot_kernel<<<blocks_for(a.head.targets, target_shape.x, 1 << 30), target_shape, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("response_pilot_kernel");
}

}  // namespace culogme::kernels
