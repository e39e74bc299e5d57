#pragma once

#include <cstdint>
#include <type_traits>

#include <cuda_fp16.h>

#include <culogme/matrix.hpp>

#include "kernels/launch.hpp"

namespace culogme::kernels {

/// The value of an element, exactly, infinity and NaN included.
__device__ inline float value_of(Half half) { return __half2float(__ushort_as_half(half.bits)); }
__device__ inline float value_of(Bfloat16 value) {
  return __uint_as_float(static_cast<std::uint32_t>(value.bits) << 16);
}
__device__ inline float value_of(float value) { return value; }
__device__ inline double value_of(double value) { return value; }

/// One element of a matrix whose type is known at run time; for the rare paths.
__device__ inline double element_at(const void* data, Scalar scalar, std::int64_t at) {
  switch (scalar) {
    case Scalar::f16:
      return value_of(static_cast<const Half*>(data)[at]);
    case Scalar::bf16:
      return value_of(static_cast<const Bfloat16*>(data)[at]);
    case Scalar::f32:
      return static_cast<const float*>(data)[at];
    default:
      return static_cast<const double*>(data)[at];
  }
}

__device__ inline std::int64_t label_of(const RawRows& rows, std::int64_t row) {
  return rows.wide ? static_cast<const std::int64_t*>(rows.labels)[row]
                   : static_cast<const std::int32_t*>(rows.labels)[row];
}

/// Notes a bad value; the first one in (row, place) order stays, whoever comes first.
__device__ inline void note_bad(SumsState* state, const RawRows& rows, std::int64_t row, std::int64_t place) {
  const std::int64_t places = places_in_row(rows.cols, rows.labels != nullptr, rows.targets);
  atomicMin(&state->bad_key, static_cast<unsigned long long>((rows.first_row + row) * places + place));
}

/// Reads the first bad value while its rows are at hand.
__device__ inline void read_bad(const RawRows& rows, SumsState* state) {
  const std::int64_t places = places_in_row(rows.cols, rows.labels != nullptr, rows.targets);
  if (state->bad_key == ~0ull || state->bad_found != 0) return;
  const auto key = static_cast<std::int64_t>(state->bad_key);
  const std::int64_t row = key / places - rows.first_row, place = key % places;
  if (place < rows.cols)
    state->bad_value = element_at(rows.features, rows.scalar, row * rows.stride + place);
  else if (rows.labels == nullptr)
    state->bad_value = element_at(rows.responses, rows.response_scalar, row * rows.response_stride + place - rows.cols);
  else
    state->bad_id = label_of(rows, row);
  state->bad_found = 1;
}

/// A packed value of 11 significant bits.
struct Tf32 {
  float value;
};

/// Packed types whose rows are narrow.
template <class Out>
inline constexpr bool is_narrow = std::is_same_v<Out, Tf32> || std::is_same_v<Out, Half>;

/// The type in which value * scale - pilot is taken: double as soon as one side is.
template <class In, class Out>
struct MiddleOf {
  static constexpr bool wide = std::is_same_v<In, double> || std::is_same_v<Out, double>;
  using type = std::conditional_t<wide, double, float>;
};

/// 2^-exponent in a type; a frame of f64 features can lie below what f32 factors reach, and f32 rows that are not zero
/// get a larger exponent then.
template <class Middle>
__device__ Middle scale_of(std::int32_t exponent) {
  if constexpr (sizeof(Middle) == 4) return ldexpf(1.0f, -exponent < 126 ? -exponent : 126);
  return ldexp(1.0, -exponent);
}

/// The exponent that brings a magnitude to [1, 2). Zeros have the smallest one, so that whatever comes later is larger;
/// f32's range is not left for what f32 can hold (src/cpu/tile.cpp has the same rule).
__device__ inline std::int32_t exponent_of(double magnitude) {
  constexpr int smallest = -1000, smallest_f32 = -120, below_f32 = -200;
  if (!(magnitude > 0)) return smallest;
  int exponent = isfinite(magnitude) ? ilogb(magnitude) : -smallest;
  exponent = exponent < smallest ? smallest : exponent > -smallest ? -smallest : exponent;
  return exponent < smallest_f32 && exponent >= below_f32 ? smallest_f32 : exponent;
}

/// Calls use(In{}) for the run-time element type.
template <class Use>
void with_scalar(Scalar scalar, const Use& use) {
  switch (scalar) {
    case Scalar::f16:
      return use(Half{});
    case Scalar::bf16:
      return use(Bfloat16{});
    case Scalar::f32:
      return use(float{});
    case Scalar::f64:
      return use(double{});
  }
}

}  // namespace culogme::kernels
