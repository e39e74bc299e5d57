#include "io/convert.hpp"

#include <culogme/error.hpp>

#include "io/text.hpp"

#include <bit>
#include <cstring>
#include <type_traits>

namespace culogme::detail {
namespace {

std::uint8_t swapped(std::uint8_t value) { return value; }
std::uint16_t swapped(std::uint16_t value) { return __builtin_bswap16(value); }
std::uint32_t swapped(std::uint32_t value) { return __builtin_bswap32(value); }
std::uint64_t swapped(std::uint64_t value) { return __builtin_bswap64(value); }

// Conversions from the bits of an element to a number.
template <class Value>
struct As {
  using Bits =
      std::conditional_t<sizeof(Value) == 1, std::uint8_t,
                         std::conditional_t<sizeof(Value) == 2, std::uint16_t,
                                            std::conditional_t<sizeof(Value) == 4, std::uint32_t, std::uint64_t>>>;
  static Value number(Bits bits) { return std::bit_cast<Value>(bits); }
};

struct AsBool {
  using Bits = std::uint8_t;
  static std::uint8_t number(Bits bits) { return bits != 0; }
};

struct AsSignedByte {
  using Bits = std::uint8_t;
  static std::int32_t number(Bits bits) { return bits < 128 ? bits : bits - 256; }
};

struct AsBrain {
  using Bits = std::uint16_t;
  static float number(Bits bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
};

struct AsHalf {
  using Bits = std::uint16_t;
  static float number(Bits bits) {
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
    const std::uint32_t exponent = bits >> 10 & 0x1FU;
    const std::uint32_t fraction = bits & 0x3FFU;
    if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000U | fraction << 13);
    if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;  // subnormal
    return sign != 0 ? -magnitude : magnitude;
  }
};

template <class From, bool swap, class Out>
void convert_loop(const char* from, std::size_t count, Out* to) {
  using Bits = typename From::Bits;
  for (std::size_t i = 0; i < count; ++i) {
    Bits bits = 0;
    std::memcpy(&bits, from + i * sizeof(Bits), sizeof bits);
    to[i] = static_cast<Out>(From::number(swap ? swapped(bits) : bits));
  }
}

template <class From, class Out>
void convert_either(bool swap, const char* from, std::size_t count, Out* to) {
  swap ? convert_loop<From, true>(from, count, to) : convert_loop<From, false>(from, count, to);
}

bool needs_swap(const ElementType& type) {
  return type.bytes > 1 && type.big_endian != (std::endian::native == std::endian::big);
}

// Calls `use(From())` with the reader of the type's numbers.
template <class Use>
void with_reader(const ElementType& type, Use use) {
  switch (type.kind) {
    case ElementKind::boolean:
      return use(AsBool());
    case ElementKind::brain:
      return use(AsBrain());
    case ElementKind::real:
      return type.bytes == 2 ? use(AsHalf()) : type.bytes == 4 ? use(As<float>()) : use(As<double>());
    case ElementKind::signed_integer:
      if (type.bytes == 1) return use(AsSignedByte());
      if (type.bytes == 2) return use(As<std::int16_t>());
      return type.bytes == 4 ? use(As<std::int32_t>()) : use(As<std::int64_t>());
    case ElementKind::unsigned_integer:
      if (type.bytes == 1) return use(As<std::uint8_t>());
      if (type.bytes == 2) return use(As<std::uint16_t>());
      return type.bytes == 4 ? use(As<std::uint32_t>()) : use(As<std::uint64_t>());
    default:
      throw FileError("element type " + in_quotes(type.name) + " holds no numbers");
  }
}

template <class Out>
void convert_to(const ElementType& type, const char* from, std::size_t count, Out* to) {
  const bool swap = needs_swap(type);
  with_reader(type, [&](auto reader) { convert_either<decltype(reader)>(swap, from, count, to); });
}

}  // namespace

Scalar feature_scalar(const Array& array) {
  const ElementType& type = array.type;
  const std::string what = array.name + ": element type " + in_quotes(type.name);
  switch (type.kind) {
    case ElementKind::real:
      return type.bytes == 2 ? Scalar::f16 : type.bytes == 4 ? Scalar::f32 : Scalar::f64;
    case ElementKind::brain:
      return Scalar::bf16;
    case ElementKind::boolean:
    case ElementKind::signed_integer:
    case ElementKind::unsigned_integer:
      return type.bytes <= 2 ? Scalar::f32 : Scalar::f64;
    case ElementKind::raw:
      if (type.bytes == 2) {
        throw FileError(what + " has no meaning of its own; if the features are bf16 (bfloat16), say so with --bf16");
      }
      throw FileError(what + " (raw bytes) cannot be read as features; save numbers");
    default:
      throw FileError(what + " is text; features are numbers");
  }
}

void adopt_bfloat16(ElementType& type) {
  const bool words = type.kind == ElementKind::raw || type.kind == ElementKind::unsigned_integer;
  if (words && type.bytes == 2) type.kind = ElementKind::brain;
}

bool is_native(const ElementType& type, Scalar scalar) {
  if (needs_swap(type)) return false;
  if (type.kind == ElementKind::brain) return scalar == Scalar::bf16;
  const bool wanted = scalar != Scalar::bf16 && static_cast<std::size_t>(scalar_bytes(scalar)) == type.bytes;
  return type.kind == ElementKind::real && wanted;
}

void convert_elements(const ElementType& type, const char* from, std::size_t count, Scalar scalar, void* to) {
  switch (scalar) {
    case Scalar::f16:
    case Scalar::bf16:
      return convert_either<As<std::uint16_t>>(needs_swap(type), from, count, static_cast<std::uint16_t*>(to));
    case Scalar::f32:
      return convert_to(type, from, count, static_cast<float*>(to));
    case Scalar::f64:
      return convert_to(type, from, count, static_cast<double*>(to));
  }
}

void decode_integers(const ElementType& type, const char* from, std::size_t count, std::int64_t* to) {
  const bool swap = needs_swap(type);
  with_reader(type, [&](auto reader) {
    using Reader = decltype(reader);
    using Number = decltype(Reader::number({}));
    if constexpr (std::is_integral_v<Number>) {
      convert_either<Reader>(swap, from, count, to);
    } else {
      throw FileError("element type " + in_quotes(type.name) + " holds no integers");
    }
  });
}

Scalar widest(Scalar left, Scalar right) {
  if (left == right) return left;
  return left == Scalar::f64 || right == Scalar::f64 ? Scalar::f64 : Scalar::f32;
}

}  // namespace culogme::detail
