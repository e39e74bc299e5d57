#pragma once

#include <cstddef>

namespace culogme::kernels {

/// Writes a result by one thread with zeros between its members, so that every byte that the host copies is defined.
template <class T>
__device__ void write_result(T* out, const T& value) {
  static_assert(sizeof(T) % 8 == 0 && alignof(T) == 8);
  unsigned long long* const words = reinterpret_cast<unsigned long long*>(out);
#pragma unroll
  for (std::size_t i = 0; i < sizeof(T) / 8; ++i) words[i] = 0;
  *out = value;
}

}  // namespace culogme::kernels
