#pragma once

#include "kernels/element.cuh"

namespace culogme::kernels {

inline constexpr int convert_threads = 256;

template <class In, class Out>
__global__ void __launch_bounds__(convert_threads) convert_kernel(Convert a) {
  const In* const in = static_cast<const In*>(a.in);
  Out* const out = static_cast<Out*>(a.out);
  const std::int64_t count = a.rows * a.cols;
  for (std::int64_t i = std::int64_t{blockIdx.x} * convert_threads + threadIdx.x; i < count;
       i += std::int64_t{gridDim.x} * convert_threads) {
    Out value = static_cast<Out>(value_of(in[i / a.cols * a.stride + i % a.cols]));
    if (a.column_exponent != nullptr) value = ldexp(value, a.column_exponent[i % a.cols]);
    out[i] = value;
  }
}

__global__ void __launch_bounds__(convert_threads)
    widen_labels_kernel(const void* in, bool wide, std::int64_t* out, std::int64_t count) {
  const std::int64_t i = std::int64_t{blockIdx.x} * convert_threads + threadIdx.x;
  if (i < count) out[i] = wide ? static_cast<const std::int64_t*>(in)[i] : static_cast<const std::int32_t*>(in)[i];
}

}  // namespace culogme::kernels
