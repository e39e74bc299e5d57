#include "kernels/launch_probe.hpp"

#include <cuda_runtime.h>

namespace culogme::kernels {
namespace {

__global__ void image_kernel() {}

}  // namespace

int image_status() noexcept {
  cudaFuncAttributes attributes{};
  return static_cast<int>(cudaFuncGetAttributes(&attributes, image_kernel));
}

}  // namespace culogme::kernels
