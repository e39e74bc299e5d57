#include "kernels/pack_tile.cuh"

#include "kernels/launch.cuh"

namespace culogme::kernels {
namespace {

template <class In, class Out>
void pack(const PackTile& a, CUstream_st* stream) {
  const bool classes = a.sorted_id != nullptr;
  const dim3 grid(blocks_for(a.rows.cols, pack_threads, 1 << 30), blocks_for(a.rows.rows, pack_chunk_rows));
  if (classes) {
    pack_tile_kernel<In, Out, true><<<grid, pack_threads, 0, stream>>>(a);
    CULOGME_CHECK_LAUNCH("pack_tile_kernel");
    combine_kernel<<<grid, pack_threads, 0, stream>>>(a);
    CULOGME_CHECK_LAUNCH("combine_kernel");
  } else {
    pack_tile_kernel<In, Out, false><<<grid, pack_threads, 0, stream>>>(a);
    CULOGME_CHECK_LAUNCH("pack_tile_kernel");
  }
  raise_kernel<In, Out><<<grid.x, pack_threads, 0, stream>>>(a, a.rows.targets);
  CULOGME_CHECK_LAUNCH("raise_kernel");
}

}  // namespace

void launch_pack_tile(const PackTile& a, CUstream_st* stream) {
  if (a.rows.rows == 0) return;
  with_scalar(a.rows.scalar, [&](auto in) {
    using In = decltype(in);
    switch (a.products) {
      case detail::Products::f64:
        return pack<In, double>(a, stream);
      case detail::Products::f32:
        return pack<In, float>(a, stream);
      case detail::Products::tf32:
        return pack<In, Tf32>(a, stream);
      case detail::Products::half:
        return pack<In, Half>(a, stream);
    }
  });
}

}  // namespace culogme::kernels
