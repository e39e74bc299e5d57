#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

namespace culogme {

/// Element type of a matrix in memory, a run-time value because it comes from files and frameworks.
enum class Scalar : std::uint8_t { f16, bf16, f32, f64 };

/// Where a view points to. Pinned memory counts as host, managed memory as device.
enum class Memory : std::uint8_t { host, device };

/// IEEE binary16 by its bits, so that no framework or CUDA header is needed to name the type.
struct Half {
  std::uint16_t bits;
};

/// bfloat16 by its bits.
struct Bfloat16 {
  std::uint16_t bits;
};

/// Borrowed row-major matrix: element (i, j) is data[i * row_stride + j]. Rows are samples; columns are features or
/// regression targets. The view never owns and never copies; see each function for how long the memory must live.
struct MatrixView {
  const void* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t row_stride = 0;  ///< elements from one row to the next, at least cols
  Scalar scalar = Scalar::f32;
  Memory memory = Memory::host;
};

/// Borrowed class ids, one per row.
struct LabelView {
  const void* data = nullptr;
  std::int64_t size = 0;
  bool wide = false;  ///< false: std::int32_t, true: std::int64_t
  Memory memory = Memory::host;
};

/// Bytes of one element.
constexpr std::int64_t scalar_bytes(Scalar scalar) noexcept {
  return scalar == Scalar::f64 ? 8 : scalar == Scalar::f32 ? 4 : 2;
}

/// "f16", "bf16", "f32" or "f64".
const char* scalar_name(Scalar scalar) noexcept;

/// The run-time name of an element type; instantiated only for the four types that can be scored.
template <class T>
constexpr Scalar scalar_of() noexcept {
  if constexpr (std::is_same_v<T, Half>) return Scalar::f16;
  if constexpr (std::is_same_v<T, Bfloat16>) return Scalar::bf16;
  if constexpr (std::is_same_v<T, float>) return Scalar::f32;
  if constexpr (std::is_same_v<T, double>) return Scalar::f64;
  static_assert(
      std::is_same_v<T, Half> || std::is_same_v<T, Bfloat16> || std::is_same_v<T, float> || std::is_same_v<T, double>,
      "features are Half, Bfloat16, float or double");
}

/// View of a typed matrix; row_stride -1 means that rows follow each other without gaps.
template <class T>
constexpr MatrixView matrix_view(Memory memory, const T* data, std::int64_t rows, std::int64_t cols,
                                 std::int64_t row_stride = -1) noexcept {
  return {data, rows, cols, row_stride < 0 ? cols : row_stride, scalar_of<T>(), memory};
}

/// View of typed class ids (std::int32_t or std::int64_t).
template <class T>
constexpr LabelView label_view(Memory memory, const T* data, std::int64_t size) noexcept {
  static_assert(std::is_same_v<T, std::int32_t> || std::is_same_v<T, std::int64_t>, "labels are 32 or 64-bit integers");
  return {data, size, sizeof(T) == 8, memory};
}

}  // namespace culogme
