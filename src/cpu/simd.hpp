#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace culogme::detail {

/// Eight lanes of doubles. The compiler lowers them to what the processor has; every lane is plain IEEE arithmetic
/// without contraction, so all instruction sets give the same bits.
typedef double Lanes __attribute__((vector_size(64)));

inline constexpr int lane_count = 8;

enum class InstructionSet { baseline, avx2, avx512 };

/// The best set that this processor has, asked once.
inline InstructionSet instruction_set() noexcept {
#if defined(__x86_64__)
  static const InstructionSet best = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
                                         ? InstructionSet::avx512
                                     : __builtin_cpu_supports("avx2") ? InstructionSet::avx2
                                                                      : InstructionSet::baseline;
  return best;
#else
  return InstructionSet::baseline;
#endif
}

}  // namespace culogme::detail

#if defined(__x86_64__)
#define CULOGME_TARGET_AVX2 __attribute__((target("avx2")))
#if defined(__clang__)
#define CULOGME_TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#else
#define CULOGME_TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")))
#endif
#else
#define CULOGME_TARGET_AVX2
#define CULOGME_TARGET_AVX512
#endif

/// A body that is inlined into one function per instruction set.
#define CULOGME_ALWAYS_INLINE [[gnu::always_inline]] inline

namespace culogme::detail {

/// Loads up to eight values; the rest of the lanes are zero, which adds nothing to a sum.
CULOGME_ALWAYS_INLINE void load(Lanes& lanes, const double* from, std::int64_t left) {
  if (left >= lane_count) {
    std::memcpy(&lanes, from, sizeof lanes);
    return;
  }
  lanes = Lanes{};
  std::memcpy(&lanes, from, static_cast<std::size_t>(left) * sizeof(double));
}

/// Sum of the lanes, always in the same order.
CULOGME_ALWAYS_INLINE double total(const Lanes& v) {
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

}  // namespace culogme::detail
