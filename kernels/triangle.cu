#include "kernels/triangle.cuh"

#include "kernels/largest.cuh"
#include "kernels/launch.cuh"

namespace culogme::kernels {

void launch_raise_stack(const RaiseStack& a, CUstream_st* stream) {
  if (a.rows.rows == 0) return;
  launch_largest(a.rows, a.scratch, stream);
  raise_stack_kernel<<<blocks_for(a.rows.cols, 1), triangle_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("raise_stack_kernel");
  launch_begin_tile({RawRows{}, nullptr, nullptr, nullptr, a.state}, stream);
}

void launch_pack_rows(const PackRows& a, CUstream_st* stream) {
  if (a.rows.rows == 0) return;
  const dim3 grid(blocks_for(a.rows.cols, pack_square, 1 << 30), blocks_for(a.rows.rows, pack_square));
  with_scalar(a.rows.scalar,
              [&](auto in) { pack_rows_kernel<decltype(in)><<<grid, dim3(pack_square, pack_groups), 0, stream>>>(a); });
  CULOGME_CHECK_LAUNCH("pack_rows_kernel");
}

void launch_pack_targets(const PackTargets& a, CUstream_st* stream) {
  if (a.rows.rows == 0 || a.rows.targets == 0) return;
  const dim3 grid(blocks_for(a.rows.rows, triangle_threads, 1 << 30), blocks_for(a.rows.targets, 1, 32768));
  pack_targets_kernel<<<grid, triangle_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("pack_targets_kernel");
}

void launch_pack_transposed(const PackTransposed& a, CUstream_st* stream) {
  if (a.rows.rows == 0 || a.width == 0) return;
  const unsigned blocks = blocks_for(a.width, pack_square, 1 << 30);
  with_scalar(a.rows.scalar, [&](auto in) {
    pack_transposed_kernel<decltype(in)><<<blocks, dim3(pack_square, pack_groups), 0, stream>>>(a);
  });
  CULOGME_CHECK_LAUNCH("pack_transposed_kernel");
}

void launch_end_tile(const EndTile& a, CUstream_st* stream) {
  clear_reflectors_kernel<<<blocks_for(a.cols, 1), triangle_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("clear_reflectors_kernel");
  if (a.count == 0) return;
  outside_kernel<<<blocks_for(a.count, 1), triangle_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("outside_kernel");
}

void launch_triangle_matrix(const TriangleMatrix& a, CUstream_st* stream) {
  triangle_matrix_kernel<<<blocks_for(a.size, 1), triangle_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("triangle_matrix_kernel");
}

void launch_triangle_targets(const TriangleTargets& a, CUstream_st* stream) {
  if (a.count == 0) return;
  triangle_targets_kernel<<<blocks_for(a.count, 1), triangle_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("triangle_targets_kernel");
}

}  // namespace culogme::kernels
