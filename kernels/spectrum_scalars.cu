#include "kernels/spectrum_scalars.cuh"

#include "kernels/launch.cuh"

namespace culogme::kernels {

void launch_spectrum_scalars(const SpectrumScalarsArguments& a, CUstream_st* stream) {
  if (a.size == 0) return;
  spectrum_scalars_kernel<<<1, spectrum_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("spectrum_scalars_kernel");
}

}  // namespace culogme::kernels
