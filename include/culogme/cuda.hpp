#pragma once

#include <cstdint>

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime_api.h>

#include <culogme/engine.hpp>
#include <culogme/matrix.hpp>

// For programs that use CUDA themselves; culogme.hpp does not include it. It needs CUDA's headers (CUDA::cudart of
// find_package(CUDAToolkit)) and no nvcc. Nothing here calls CUDA.

namespace culogme {

// CUDA's own types of two bytes can be viewed as they are: matrix_view(Memory::device, half_pointer, rows, cols).
template <>
constexpr Scalar scalar_of<__half>() noexcept {
  return Scalar::f16;
}
template <>
constexpr Scalar scalar_of<__nv_bfloat16>() noexcept {
  return Scalar::bf16;
}

/// View of a row-major matrix in device memory; row_stride -1 means that rows follow each other without gaps.
template <class T>
constexpr MatrixView device_view(const T* data, std::int64_t rows, std::int64_t cols,
                                 std::int64_t row_stride = -1) noexcept {
  return matrix_view(Memory::device, data, rows, cols, row_stride);
}

/// View of class ids (std::int32_t or std::int64_t) in device memory.
template <class T>
constexpr LabelView device_labels(const T* data, std::int64_t size) noexcept {
  return label_view(Memory::device, data, size);
}

/// Options of an engine that works in a stream of the caller's. Null is the default stream here, as everywhere in CUDA:
/// the engine then works in cudaStreamLegacy.
inline EngineOptions on_stream(cudaStream_t stream, int device = 0) {
  EngineOptions options;
  options.backend = Backend::cuda;
  options.device = device;
  // The handle is a small number that stands for the stream, not an address.
  options.stream = stream != nullptr ? stream : cudaStreamLegacy;
  return options;
}

}  // namespace culogme
