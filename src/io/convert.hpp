#pragma once

#include <cstddef>
#include <cstdint>

#include <culogme/matrix.hpp>

#include "io/array.hpp"

namespace culogme::detail {

/// The element type that features of this type are scored in: f16, bf16, f32 and f64 as they are, bool and integers up
/// to 16 bits as f32 (exact), wider ones as f64. Throws FileError for texts and raw bytes.
Scalar feature_scalar(const Array& array);

/// Takes 'V2' and uint16 elements for bfloat16, as ReadOptions::bfloat16 asks; others stay.
void adopt_bfloat16(ElementType& type);

/// True where the bytes of the file are those of `scalar` on this machine.
bool is_native(const ElementType& type, Scalar scalar);

/// Reads `count` numbers of the file's type at `from` (any alignment) and writes them as `scalar`, which must be able
/// to hold the type: f16 and bf16 only take their own kind.
void convert_elements(const ElementType& type, const char* from, std::size_t count, Scalar scalar, void* to);

/// Integers and bools as 64 bits; unsigned types by their value modulo 2^64, so cast the result for them.
void decode_integers(const ElementType& type, const char* from, std::size_t count, std::int64_t* to);

/// The type that holds the values of both exactly.
Scalar widest(Scalar left, Scalar right);

}  // namespace culogme::detail
