#include "kernels/dual.cuh"

#include "kernels/largest.cuh"
#include "kernels/launch.cuh"

namespace culogme::kernels {

void launch_dense_targets(const DenseTargets& a, CUstream_st* stream) {
  if (a.rows.rows == 0) return;
  const dim3 grid(blocks_for(a.rows.rows, dual_threads, 1 << 30), blocks_for(a.rows.targets, 1, 32768));
  dense_targets_kernel<<<grid, dual_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("dense_targets_kernel");
  centre_targets_kernel<<<blocks_for(a.rows.targets, 1), dual_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("centre_targets_kernel");
}

void launch_pack_columns(const PackColumns& a, CUstream_st* stream) {
  if (a.rows.rows == 0) return;
  with_scalar(a.rows.scalar, [&](auto in) {
    using In = decltype(in);
    const unsigned blocks = blocks_for(a.rows.rows, 1);
    if (a.f32)
      pack_columns_kernel<In, float><<<blocks, dual_threads, 0, stream>>>(a);
    else
      pack_columns_kernel<In, double><<<blocks, dual_threads, 0, stream>>>(a);
  });
  CULOGME_CHECK_LAUNCH("pack_columns_kernel");
}

void launch_raise_all(const RaiseAll& a, CUstream_st* stream) {
  if (a.rows.rows == 0) return;
  launch_largest(a.rows, a.scratch, stream);
  raise_pilot_kernel<<<blocks_for(a.rows.cols, dual_threads, 1 << 30), dual_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("raise_pilot_kernel");
  launch_begin_tile({RawRows{}, nullptr, nullptr, nullptr, a.state}, stream);
}

void launch_read_bad(const RawRows& rows, SumsState* state, CUstream_st* stream) {
  read_bad_kernel<<<1, 1, 0, stream>>>(rows, state);
  CULOGME_CHECK_LAUNCH("read_bad_kernel");
}

void launch_shift_dual(const ShiftDual& a, CUstream_st* stream) {
  dual_traces_kernel<<<1, dual_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("dual_traces_kernel");
  if (a.intercept) {
    row_mean_kernel<<<blocks_for(a.size, 1), dual_threads, 0, stream>>>(a);
    CULOGME_CHECK_LAUNCH("row_mean_kernel");
    grand_mean_kernel<<<1, dual_threads, 0, stream>>>(a);
    CULOGME_CHECK_LAUNCH("grand_mean_kernel");
  }
  const dim3 grid(blocks_for(a.size, dual_threads, 1 << 30), blocks_for(a.size, 1, 32768));
  shift_dual_kernel<<<grid, dual_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("shift_dual_kernel");
}

}  // namespace culogme::kernels
