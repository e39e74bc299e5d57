#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <culogme/matrix.hpp>

#include "support/data.hpp"

namespace support {

/// Bits of binary16 and bfloat16 nearest to a value (ties to even), and the value of such bits. Own code on purpose:
/// the library's conversions are under test.
std::uint16_t to_half(double value);
std::uint16_t to_bfloat16(double value);
double from_half(std::uint16_t bits);
double from_bfloat16(std::uint16_t bits);

/// How values lie in memory.
struct Layout {
  std::int64_t padding = 0;      ///< elements behind each row, filled with NaN so that a read of them shows
  std::size_t misalignment = 0;  ///< bytes from a multiple of 64 to the first element (rounded down to whole elements)
};

/// Values in one of the element types, with padding and misalignment; owns the memory that `view` borrows.
class Stored {
 public:
  Stored(const Data& data, culogme::Scalar scalar, const Layout& layout = {});

  culogme::MatrixView view() const;
  /// Rows [first, first + count).
  culogme::MatrixView view(std::int64_t first, std::int64_t count) const;
  /// What the stored elements stand for.
  const Data& rounded() const { return rounded_; }

  /// All bytes, padding included, from a multiple of 64 on, and how many lie before the first element.
  const std::byte* bytes() const { return memory_.data() + start_ - misalignment_; }
  std::size_t byte_count() const { return memory_.size() - (start_ - misalignment_); }
  std::size_t misalignment() const { return misalignment_; }

 private:
  void put(std::size_t at, double value);
  double get(std::size_t at) const;

  Data rounded_;
  culogme::Scalar scalar_;
  std::int64_t stride_;
  std::vector<std::byte> memory_;
  std::size_t start_ = 0, misalignment_ = 0;
};

/// Host view of class ids.
culogme::LabelView view(const Labels& labels);
culogme::LabelView view(const Labels& labels, std::int64_t first, std::int64_t count);

}  // namespace support
