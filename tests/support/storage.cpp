#include "support/storage.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace support {

namespace {

// Nearest value with `digits` significant bits and a least exponent; ties to even through nearbyint.
double round_to(double value, int digits, int least_exponent) {
  if (value == 0 || !std::isfinite(value)) return value;
  int exponent = 0;
  std::frexp(value, &exponent);
  const int last = std::max(exponent - digits, least_exponent);
  return std::ldexp(std::nearbyint(std::ldexp(value, -last)), last);
}

}  // namespace

std::uint16_t to_half(double value) {
  const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000 : 0);
  if (std::isnan(value)) return 0x7e00;
  const double magnitude = std::fabs(round_to(value, 11, -24));
  if (magnitude >= 65536) return static_cast<std::uint16_t>(sign | 0x7c00);
  if (magnitude < std::ldexp(1, -14))
    return static_cast<std::uint16_t>(sign | static_cast<int>(std::ldexp(magnitude, 24)));
  int exponent = 0;
  const double fraction = std::frexp(magnitude, &exponent);
  const int mantissa = static_cast<int>(std::ldexp(fraction, 11)) - 1024;
  return static_cast<std::uint16_t>(sign | ((exponent + 14) << 10) | mantissa);
}

std::uint16_t to_bfloat16(double value) {
  if (std::isnan(value)) return 0x7fc0;
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(round_to(value, 8, -133)));
  return static_cast<std::uint16_t>(bits >> 16U);
}

double from_half(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  double value = 0;
  if (exponent == 31) {
    value = mantissa != 0 ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
  } else if (exponent == 0) {
    value = std::ldexp(mantissa, -24);
  } else {
    value = std::ldexp(1024 + mantissa, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

double from_bfloat16(std::uint16_t bits) {
  return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U));
}

Stored::Stored(const Data& data, culogme::Scalar scalar, const Layout& layout)
    : rounded_(data), scalar_(scalar), stride_(data.cols + layout.padding) {
  const auto size = static_cast<std::size_t>(culogme::scalar_bytes(scalar));
  const auto elements = static_cast<std::size_t>(data.rows * stride_);
  memory_.resize(elements * size + 128);
  const std::size_t rest = reinterpret_cast<std::uintptr_t>(memory_.data()) % 64;
  misalignment_ = layout.misalignment / size * size;
  start_ = (64 - rest) % 64 + misalignment_;
  for (std::size_t i = 0; i < elements; ++i) put(i, std::numeric_limits<double>::quiet_NaN());
  for (std::int64_t i = 0; i < data.rows; ++i) {
    for (std::int64_t j = 0; j < data.cols; ++j) {
      const auto at = static_cast<std::size_t>(i * stride_ + j);
      put(at, data(i, j));
      rounded_(i, j) = get(at);
    }
  }
}

void Stored::put(std::size_t at, double value) {
  std::byte* target = memory_.data() + start_ + at * static_cast<std::size_t>(culogme::scalar_bytes(scalar_));
  const auto narrow = static_cast<float>(value);
  const std::uint16_t bits = scalar_ == culogme::Scalar::f16 ? to_half(value) : to_bfloat16(value);
  if (scalar_ == culogme::Scalar::f64) {
    std::memcpy(target, &value, sizeof value);
  } else if (scalar_ == culogme::Scalar::f32) {
    std::memcpy(target, &narrow, sizeof narrow);
  } else {
    std::memcpy(target, &bits, sizeof bits);
  }
}

double Stored::get(std::size_t at) const {
  const std::byte* source = memory_.data() + start_ + at * static_cast<std::size_t>(culogme::scalar_bytes(scalar_));
  double value = 0;
  float narrow = 0;
  std::uint16_t bits = 0;
  if (scalar_ == culogme::Scalar::f64) {
    std::memcpy(&value, source, sizeof value);
  } else if (scalar_ == culogme::Scalar::f32) {
    std::memcpy(&narrow, source, sizeof narrow);
    value = static_cast<double>(narrow);
  } else {
    std::memcpy(&bits, source, sizeof bits);
    value = scalar_ == culogme::Scalar::f16 ? from_half(bits) : from_bfloat16(bits);
  }
  return value;
}

culogme::MatrixView Stored::view() const { return view(0, rounded_.rows); }

culogme::MatrixView Stored::view(std::int64_t first, std::int64_t count) const {
  const std::int64_t offset = first * stride_ * culogme::scalar_bytes(scalar_);
  return {memory_.data() + start_ + offset, count, rounded_.cols, stride_, scalar_, culogme::Memory::host};
}

culogme::LabelView view(const Labels& labels) { return view(labels, 0, static_cast<std::int64_t>(labels.size())); }

culogme::LabelView view(const Labels& labels, std::int64_t first, std::int64_t count) {
  return culogme::label_view(culogme::Memory::host, labels.data() + first, count);
}

}  // namespace support
