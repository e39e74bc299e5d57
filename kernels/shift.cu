#include "kernels/shift.cuh"

#include "kernels/launch.cuh"

namespace culogme::kernels {

void launch_class_total(const ClassTotal& a, CUstream_st* stream) {
  class_total_kernel<<<blocks_for(a.cols, shift_threads, 1 << 30), shift_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("class_total_kernel");
}

void launch_shift(const Shift& a, CUstream_st* stream) {
  const unsigned across = blocks_for(a.cols, shift_threads, 1 << 30);
  trace_kernel<<<1, shift_threads, 0, stream>>>(a, 0);
  CULOGME_CHECK_LAUNCH("trace_kernel");
  shift_gram_kernel<<<dim3(across, blocks_for(a.cols, 1, 32768)), shift_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("shift_gram_kernel");
  shift_targets_kernel<<<dim3(across, blocks_for(a.targets, 1, 32768)), shift_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("shift_targets_kernel");
  trace_kernel<<<1, shift_threads, 0, stream>>>(a, 1);
  CULOGME_CHECK_LAUNCH("trace_kernel");
}

void launch_probe_vector(const Probe& a, CUstream_st* stream) {
  probe_kernel<<<blocks_for(a.size, 1), shift_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("probe_kernel");
  frobenius_kernel<<<1, shift_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("frobenius_kernel");
}

void launch_probe_sides(const ProbeSides& a, CUstream_st* stream) {
  if (a.size == 0) return;
  probe_sides_kernel<<<blocks_for(a.size, shift_threads, 1 << 30), shift_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("probe_sides_kernel");
}

}  // namespace culogme::kernels
