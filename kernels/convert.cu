#include "kernels/convert.cuh"

#include "kernels/launch.cuh"

namespace culogme::kernels {

void launch_convert(const Convert& a, CUstream_st* stream) {
  if (a.rows * a.cols == 0) return;
  const unsigned blocks = blocks_for(a.rows * a.cols, 4 * convert_threads);
  with_scalar(a.scalar, [&](auto in) {
    using In = decltype(in);
    if (a.f32)
      convert_kernel<In, float><<<blocks, convert_threads, 0, stream>>>(a);
    else
      convert_kernel<In, double><<<blocks, convert_threads, 0, stream>>>(a);
  });
  CULOGME_CHECK_LAUNCH("convert_kernel");
}

void launch_widen_labels(const void* in, bool wide, std::int64_t* out, std::int64_t count, CUstream_st* stream) {
  if (count == 0) return;
  widen_labels_kernel<<<blocks_for(count, convert_threads, 1 << 30), convert_threads, 0, stream>>>(in, wide, out,
                                                                                                   count);
  CULOGME_CHECK_LAUNCH("widen_labels_kernel");
}

}  // namespace culogme::kernels
