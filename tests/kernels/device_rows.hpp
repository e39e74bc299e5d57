#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "device.hpp"
#include "kernels/launch.hpp"
#include "support/storage.hpp"

namespace device {

inline constexpr culogme::Scalar scalars[] = {culogme::Scalar::f16, culogme::Scalar::bf16, culogme::Scalar::f32,
                                              culogme::Scalar::f64};
/// Around warps, blocks of 128 threads, and beyond.
inline constexpr std::int64_t column_counts[] = {1, 31, 32, 33, 127, 129, 1000};

/// A matrix in device memory, one element off the alignment of 64 bytes, three elements of NaN behind each row.
class Matrix {
 public:
  Matrix(const support::Data& data, culogme::Scalar scalar)
      : stored_(data, scalar, {3, static_cast<std::size_t>(culogme::scalar_bytes(scalar))}),
        bytes_(std::vector<std::byte>(stored_.bytes(), stored_.bytes() + stored_.byte_count())) {}

  const void* data() const { return bytes_.data() + stored_.misalignment(); }
  std::int64_t stride() const { return stored_.rounded().cols + 3; }
  const support::Data& values() const { return stored_.rounded(); }

  /// As the responses of rows.
  void set_responses(culogme::kernels::RawRows& rows, bool binary) const {
    rows.responses = data();
    rows.response_stride = stride();
    rows.response_scalar = stored_.view().scalar;
    rows.targets = values().cols;
    rows.binary = binary;
  }

  culogme::kernels::RawRows rows() const {
    culogme::kernels::RawRows rows;
    rows.features = data();
    rows.stride = stride();
    rows.scalar = stored_.view().scalar;
    rows.rows = values().rows;
    rows.cols = values().cols;
    return rows;
  }

 private:
  support::Stored stored_;
  Array<std::byte> bytes_;
};

/// Labels in either width, in device memory.
class Ids {
 public:
  Ids(const std::vector<std::int64_t>& ids, bool wide)
      : wide_(wide), wide_ids_(ids), narrow_ids_(std::vector<std::int32_t>(ids.begin(), ids.end())) {}
  void set(culogme::kernels::RawRows& rows, std::int64_t classes) const {
    rows.labels = wide_ ? static_cast<const void*>(wide_ids_.data()) : static_cast<const void*>(narrow_ids_.data());
    rows.wide = wide_;
    rows.targets = classes;
  }

 private:
  bool wide_;
  Array<std::int64_t> wide_ids_;
  Array<std::int32_t> narrow_ids_;
};

/// A state as launch_reset_sums leaves it, with these exponents.
inline culogme::kernels::SumsState state_with(std::int32_t exponent) {
  culogme::kernels::SumsState state{};
  state.exponent = state.raised = exponent;
  state.bad_key = ~0ull;
  return state;
}

/// Integers in [low, high] as doubles.
inline std::vector<double> integer_values(std::int64_t count, std::int64_t low, std::int64_t high, std::uint64_t seed) {
  support::Random random(seed);
  std::vector<double> values(static_cast<std::size_t>(count));
  for (double& value : values) value = static_cast<double>(random.integer(low, high));
  return values;
}

/// Equal bit by bit but for the sign of zero; NaN equals NaN. Names the first place that differs.
template <class T>
void expect_same(const std::vector<T>& found, const std::vector<T>& expected, const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const bool both_nan = found[i] != found[i] && expected[i] != expected[i];
    ASSERT_TRUE(found[i] == expected[i] || both_nan)
        << what << " at " << i << ": " << found[i] << ", expected " << expected[i];
  }
}

template <class... Arrays>
bool pads_are_whole(const Arrays&... arrays) {
  return (arrays.pads_are_whole() && ...);
}

}  // namespace device
