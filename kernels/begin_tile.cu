#include "kernels/begin_tile.cuh"

#include "kernels/launch.cuh"

namespace culogme::kernels {

void launch_check_labels(const RawRows& rows, SumsState* state, CUstream_st* stream) {
  if (rows.rows == 0 || rows.labels == nullptr) return;
  check_labels_kernel<<<blocks_for(rows.rows, sort_threads, 1 << 30), sort_threads, 0, stream>>>(rows, state);
  CULOGME_CHECK_LAUNCH("check_labels_kernel");
}

void launch_begin_tile(const BeginTile& a, CUstream_st* stream) {
  if (a.rows.labels == nullptr) {
    begin_tile_kernel<<<1, 1, 0, stream>>>(a.state);
    CULOGME_CHECK_LAUNCH("begin_tile_kernel");
    return;
  }
  int bits = 1;  // of ids 0 ... targets
  while (bits < 32 && (a.rows.targets >> bits) != 0) ++bits;
  sort_labels_kernel<<<1, sort_threads, 0, stream>>>(a, bits);
  CULOGME_CHECK_LAUNCH("sort_labels_kernel");
}

}  // namespace culogme::kernels
