#include "cpu/pack.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "cpu/simd.hpp"
#include "rounding.hpp"

namespace culogme::detail {
namespace {

// Conversions by integer arithmetic on the bits, so that the loops around them become vector code on any processor.
CULOGME_ALWAYS_INLINE float value_of(Half half) {
  // The exponent is moved by a multiplication, which makes subnormal halves right too. Infinity and NaN become large
  // finite numbers; they are found by their bits.
  const std::uint32_t magnitude = static_cast<std::uint32_t>(half.bits & 0x7fffu) << 13;
  const std::uint32_t sign = static_cast<std::uint32_t>(half.bits & 0x8000u) << 16;
  const float scaled = std::bit_cast<float>(magnitude) * 0x1p112f;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(scaled) | sign);
}
CULOGME_ALWAYS_INLINE float value_of(Bfloat16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}
CULOGME_ALWAYS_INLINE float value_of(float value) { return value; }
CULOGME_ALWAYS_INLINE double value_of(double value) { return value; }

// Magnitudes compare as integers, which finds the largest value and anything not finite in one reduction.
CULOGME_ALWAYS_INLINE std::uint16_t magnitude_bits(Half value) {
  return static_cast<std::uint16_t>(value.bits & 0x7fffu);
}
CULOGME_ALWAYS_INLINE std::uint16_t magnitude_bits(Bfloat16 value) {
  return static_cast<std::uint16_t>(value.bits & 0x7fffu);
}
CULOGME_ALWAYS_INLINE std::uint32_t magnitude_bits(float value) {
  return std::bit_cast<std::uint32_t>(value) & 0x7fffffffu;
}
CULOGME_ALWAYS_INLINE std::uint64_t magnitude_bits(double value) {
  return std::bit_cast<std::uint64_t>(value) & 0x7fffffffffffffffu;
}

template <class In>
using Bits = decltype(magnitude_bits(In{}));

template <class In>
double magnitude_value(Bits<In> bits) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if constexpr (std::is_same_v<In, Half>) return bits >= 0x7c00u ? infinity : value_of(Half{bits});
  if constexpr (std::is_same_v<In, Bfloat16>) return bits >= 0x7f80u ? infinity : value_of(Bfloat16{bits});
  if constexpr (std::is_same_v<In, float>) return bits >= 0x7f800000u ? infinity : std::bit_cast<float>(bits);
  if constexpr (std::is_same_v<In, double>) return bits >= 0x7ff0000000000000u ? infinity : std::bit_cast<double>(bits);
}

template <class In, class Out>
struct PackArguments {
  using Middle = std::conditional_t<std::is_same_v<In, double> || std::is_same_v<Out, double>, double, float>;
  const In* in;
  std::int64_t stride, rows, columns;
  Middle scale;
  const Middle* pilot;
  Out* out;
  double* sum;
  double* rounding;
  Bits<In> largest;
  std::uint32_t digits;  // all bits that any packed f32 value has set
};

template <bool with_sum, bool narrow, class In, class Out>
CULOGME_ALWAYS_INLINE void pack_loop(PackArguments<In, Out>& a) {
  using Middle = typename PackArguments<In, Out>::Middle;
  const Middle scale = a.scale;
  const Middle* __restrict__ pilot = a.pilot;
  double* __restrict__ sum = a.sum;
  double* __restrict__ rounding = a.rounding;
  const std::int64_t columns = a.columns;
  Bits<In> largest = 0;
  std::uint32_t digits = 0;
  for (std::int64_t row = 0; row < a.rows; ++row) {
    const In* __restrict__ in = a.in + row * a.stride;
    Out* __restrict__ out = a.out + row * columns;
    for (std::int64_t j = 0; j < columns; ++j) {
      const Bits<In> bits = magnitude_bits(in[j]);
      largest = bits > largest ? bits : largest;
      const Middle shifted = static_cast<Middle>(value_of(in[j])) * scale - pilot[j];
      Out value = static_cast<Out>(shifted);
      if constexpr (narrow) {
        value = std::bit_cast<float>(narrowed_bits(std::bit_cast<std::uint32_t>(value)));
        const double lost = static_cast<double>(shifted) - static_cast<double>(value);
        rounding[j] += lost * lost;
      }
      out[j] = value;
      if constexpr (std::is_same_v<Out, float>) digits |= std::bit_cast<std::uint32_t>(value);
      if constexpr (with_sum) sum[j] += static_cast<double>(value);
    }
  }
  a.largest = largest;
  a.digits = digits;
}

template <class In, class Out>
CULOGME_ALWAYS_INLINE void pack_body(PackArguments<In, Out>& a) {
  if constexpr (std::is_same_v<Out, float>)
    if (a.rounding != nullptr) {
      if (a.sum != nullptr)
        pack_loop<true, true>(a);
      else
        pack_loop<false, true>(a);
      return;
    }
  if (a.sum != nullptr)
    pack_loop<true, false>(a);
  else
    pack_loop<false, false>(a);
}

template <class In, class Out>
void pack_baseline(PackArguments<In, Out>& a) {
  pack_body(a);
}
template <class In, class Out>
CULOGME_TARGET_AVX2 void pack_avx2(PackArguments<In, Out>& a) {
  pack_body(a);
}
template <class In, class Out>
CULOGME_TARGET_AVX512 void pack_avx512(PackArguments<In, Out>& a) {
  pack_body(a);
}

template <class In, class Out>
Packed pack_typed(const MatrixView& view, std::int64_t first, std::int64_t count, const PackPlan& plan, Out* out,
                  double* sum) {
  PackArguments<In, Out> a{};
  using Middle = typename PackArguments<In, Out>::Middle;
  a.in = static_cast<const In*>(view.data) + first * view.row_stride;
  a.stride = view.row_stride;
  a.rows = count;
  a.columns = view.cols;
  // A frame of f64 features can lie below what f32 factors reach; f32 rows that are not zero get a larger exponent
  // then.
  const int power = std::is_same_v<Middle, float> ? std::min(-plan.exponent, 126) : -plan.exponent;
  a.scale = static_cast<Middle>(std::ldexp(1.0, power));
  if constexpr (std::is_same_v<Middle, double>) a.pilot = plan.pilot;
  if constexpr (std::is_same_v<Middle, float>) a.pilot = plan.pilot_f32;
  a.out = out;
  a.sum = sum;
  a.rounding = plan.rounding;
  switch (instruction_set()) {
    case InstructionSet::avx512:
      pack_avx512(a);
      break;
    case InstructionSet::avx2:
      pack_avx2(a);
      break;
    case InstructionSet::baseline:
      pack_baseline(a);
      break;
  }
  constexpr std::uint32_t beyond_16_bits = 0xff;  // of the 24 of an f32 significand
  const bool short_digits = std::is_same_v<Out, float> && (sizeof(In) == 2 || (a.digits & beyond_16_bits) == 0);
  return {magnitude_value<In>(a.largest), short_digits};
}

template <class Out>
Packed pack_any(const MatrixView& view, std::int64_t first, std::int64_t count, const PackPlan& plan, Out* out,
                double* sum) {
  switch (view.scalar) {
    case Scalar::f16:
      return pack_typed<Half>(view, first, count, plan, out, sum);
    case Scalar::bf16:
      return pack_typed<Bfloat16>(view, first, count, plan, out, sum);
    case Scalar::f32:
      return pack_typed<float>(view, first, count, plan, out, sum);
    case Scalar::f64:
      return pack_typed<double>(view, first, count, plan, out, sum);
  }
  return {};
}

template <class In>
struct ScanArguments {
  const In* in;
  std::int64_t stride, rows, columns;
  Bits<In> largest;
};

template <class In>
CULOGME_ALWAYS_INLINE void scan_body(ScanArguments<In>& a) {
  Bits<In> largest = 0;
  for (std::int64_t row = 0; row < a.rows; ++row) {
    const In* __restrict__ in = a.in + row * a.stride;
    for (std::int64_t j = 0; j < a.columns; ++j) {
      const Bits<In> bits = magnitude_bits(in[j]);
      largest = bits > largest ? bits : largest;
    }
  }
  a.largest = largest;
}

template <class In>
void scan_baseline(ScanArguments<In>& a) {
  scan_body(a);
}
template <class In>
CULOGME_TARGET_AVX2 void scan_avx2(ScanArguments<In>& a) {
  scan_body(a);
}
template <class In>
CULOGME_TARGET_AVX512 void scan_avx512(ScanArguments<In>& a) {
  scan_body(a);
}

template <class In>
double scan_typed(const MatrixView& view, std::int64_t first, std::int64_t count) {
  ScanArguments<In> a{static_cast<const In*>(view.data) + first * view.row_stride, view.row_stride, count, view.cols,
                      0};
  switch (instruction_set()) {
    case InstructionSet::avx512:
      scan_avx512(a);
      break;
    case InstructionSet::avx2:
      scan_avx2(a);
      break;
    case InstructionSet::baseline:
      scan_baseline(a);
      break;
  }
  return magnitude_value<In>(a.largest);
}

/// The value with infinity and NaN kept, for messages.
double exact_value(const MatrixView& view, std::int64_t index) {
  switch (view.scalar) {
    case Scalar::f16: {
      const Half half = static_cast<const Half*>(view.data)[index];
      if ((half.bits & 0x7c00u) != 0x7c00u) return value_of(half);
      if ((half.bits & 0x3ffu) != 0) return std::numeric_limits<double>::quiet_NaN();
      return (half.bits & 0x8000u) != 0 ? -std::numeric_limits<double>::infinity()
                                        : std::numeric_limits<double>::infinity();
    }
    case Scalar::bf16:
      return value_of(static_cast<const Bfloat16*>(view.data)[index]);
    case Scalar::f32:
      return static_cast<const float*>(view.data)[index];
    case Scalar::f64:
      return static_cast<const double*>(view.data)[index];
  }
  return 0;
}

template <class From>
CULOGME_ALWAYS_INLINE void add_body(double* __restrict__ into, const From* __restrict__ from, std::int64_t count) {
  for (std::int64_t j = 0; j < count; ++j) into[j] += static_cast<double>(from[j]);
}
template <class From>
CULOGME_ALWAYS_INLINE void add_scaled_body(double* __restrict__ into, const From* __restrict__ from, double factor,
                                           std::int64_t count) {
  for (std::int64_t j = 0; j < count; ++j) into[j] += factor * static_cast<double>(from[j]);
}
template <class From>
CULOGME_TARGET_AVX2 void add_avx2(double* into, const From* from, std::int64_t count) {
  add_body(into, from, count);
}
template <class From>
CULOGME_TARGET_AVX512 void add_avx512(double* into, const From* from, std::int64_t count) {
  add_body(into, from, count);
}
template <class From>
CULOGME_TARGET_AVX2 void add_scaled_avx2(double* into, const From* from, double factor, std::int64_t count) {
  add_scaled_body(into, from, factor, count);
}
template <class From>
CULOGME_TARGET_AVX512 void add_scaled_avx512(double* into, const From* from, double factor, std::int64_t count) {
  add_scaled_body(into, from, factor, count);
}

template <class From>
void add_any(double* into, const From* from, std::int64_t count) {
  switch (instruction_set()) {
    case InstructionSet::avx512:
      return add_avx512(into, from, count);
    case InstructionSet::avx2:
      return add_avx2(into, from, count);
    case InstructionSet::baseline:
      return add_body(into, from, count);
  }
}

template <class From>
void add_scaled_any(double* into, const From* from, double factor, std::int64_t count) {
  switch (instruction_set()) {
    case InstructionSet::avx512:
      return add_scaled_avx512(into, from, factor, count);
    case InstructionSet::avx2:
      return add_scaled_avx2(into, from, factor, count);
    case InstructionSet::baseline:
      return add_scaled_body(into, from, factor, count);
  }
}

}  // namespace

Packed pack_rows(const MatrixView& view, std::int64_t first, std::int64_t count, const PackPlan& plan, float* out,
                 double* sum) {
  return pack_any(view, first, count, plan, out, sum);
}

Packed pack_rows(const MatrixView& view, std::int64_t first, std::int64_t count, const PackPlan& plan, double* out,
                 double* sum) {
  return pack_any(view, first, count, plan, out, sum);
}

void widen_rows(const MatrixView& view, std::int64_t first, std::int64_t count, double* out) {
  const std::vector<double> zeros(static_cast<std::size_t>(view.cols), 0);
  std::vector<double> sum = zeros;
  // Not finite values of 16-bit types come out finite from the fast conversion, so they are put back for the message.
  if (std::isfinite(pack_rows(view, first, count, {0, zeros.data(), nullptr}, out, sum.data()).largest)) return;
  for (std::int64_t row = 0; row < count; ++row)
    for (std::int64_t j = 0; j < view.cols; ++j) out[row * view.cols + j] = element(view, first + row, j);
}

double largest_magnitude(const MatrixView& view, std::int64_t first, std::int64_t count) {
  switch (view.scalar) {
    case Scalar::f16:
      return scan_typed<Half>(view, first, count);
    case Scalar::bf16:
      return scan_typed<Bfloat16>(view, first, count);
    case Scalar::f32:
      return scan_typed<float>(view, first, count);
    case Scalar::f64:
      return scan_typed<double>(view, first, count);
  }
  return 0;
}

BadValue find_not_finite(const MatrixView& view, std::int64_t first, std::int64_t count) {
  if (std::isfinite(largest_magnitude(view, first, count))) return {};
  for (std::int64_t row = first; row < first + count; ++row) {
    if (std::isfinite(largest_magnitude(view, row, 1))) continue;
    for (std::int64_t column = 0; column < view.cols; ++column)
      if (const double value = element(view, row, column); !std::isfinite(value)) return {row, column, value};
  }
  return {};
}

double element(const MatrixView& view, std::int64_t row, std::int64_t column) {
  return exact_value(view, row * view.row_stride + column);
}

void add_row(double* into, const float* row, std::int64_t count) { add_any(into, row, count); }
void add_row(double* into, const double* row, std::int64_t count) { add_any(into, row, count); }
void add_scaled(double* into, const float* from, double factor, std::int64_t count) {
  add_scaled_any(into, from, factor, count);
}
void add_scaled(double* into, const double* from, double factor, std::int64_t count) {
  add_scaled_any(into, from, factor, count);
}

void widen(const float* from, double* into, std::int64_t count) {
  for (std::int64_t j = 0; j < count; ++j) into[j] = static_cast<double>(from[j]);
}

}  // namespace culogme::detail
