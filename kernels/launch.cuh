#pragma once

#include <cstdint>

#include <cuda_runtime.h>

#include "src/cuda/check.hpp"

namespace culogme::kernels {

/// Throws CudaError if the launch before it failed.
inline void check_launch(const char* kernel, const char* file, int line) {
  detail::check(cudaGetLastError(), kernel, file, line);
}

/// Blocks for `count` items, `per_block` at a time; kernels stride, so a large grid is cut.
inline unsigned blocks_for(std::int64_t count, std::int64_t per_block, std::int64_t most = 65535) {
  const std::int64_t blocks = (count + per_block - 1) / per_block;
  return static_cast<unsigned>(blocks < most ? blocks : most);
}

}  // namespace culogme::kernels

#define CULOGME_CHECK_LAUNCH(kernel) ::culogme::kernels::check_launch(kernel, __FILE__, __LINE__)
