// Conversions are exact, so every value has one right answer.

#include <bit>
#include <cmath>
#include <numeric>

#include "device_rows.hpp"

namespace {

using culogme::Scalar;

class ConvertKernelTest : public device::KernelTest {
 protected:
  template <class Out>
  std::vector<Out> convert(const void* in, std::int64_t stride, Scalar scalar, std::int64_t rows, std::int64_t cols) {
    const device::Array<Out> out(static_cast<std::size_t>(rows * cols));
    culogme::kernels::launch_convert({in, stride, scalar, rows, cols, out.data(), sizeof(Out) == 4}, stream_);
    synchronize();
    EXPECT_TRUE(out.pads_are_whole());
    return out.host();
  }
  template <class Out>
  void check(const device::Matrix& matrix) {
    const auto& values = matrix.values();
    const auto rows = matrix.rows();
    const std::vector<Out> expected(values.values.begin(), values.values.end());
    device::expect_same(convert<Out>(rows.features, rows.stride, rows.scalar, rows.rows, rows.cols), expected, "out");
  }
};

TEST_F(ConvertKernelTest, EveryTypeAndShape) {
  for (const Scalar scalar : device::scalars)
    for (const std::int64_t rows : {0, 1, 2, 33})
      for (const std::int64_t cols : device::column_counts) {
        SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(cols));
        const device::Matrix matrix(support::normal(rows, cols, 7), scalar);
        check<double>(matrix);
        if (scalar != Scalar::f64) check<float>(matrix);
      }
}

TEST_F(ConvertKernelTest, MoreElementsThanThreads) {
  // The grid has at most 65535 blocks of 256 threads; one row of two bytes an element keeps this small enough.
  constexpr std::int64_t cols = std::int64_t{65535} * 256 + 3;
  std::vector<std::uint16_t> bits(static_cast<std::size_t>(cols), 0);
  bits[static_cast<std::size_t>(cols - 1)] = 0x3f80;
  const device::Array<std::uint16_t> in(bits);
  const std::vector<float> out = convert<float>(in.data(), cols, Scalar::bf16, 1, cols);
  EXPECT_EQ(out.front(), 0);
  EXPECT_EQ(out.back(), 1);
}

TEST_F(ConvertKernelTest, EveryHalfAndBfloat16) {
  std::vector<std::uint16_t> bits(65536);
  std::iota(bits.begin(), bits.end(), std::uint16_t{0});
  const device::Array<std::uint16_t> in(bits);
  for (const Scalar scalar : {Scalar::f16, Scalar::bf16}) {
    std::vector<double> expected(bits.size());
    for (std::size_t i = 0; i < bits.size(); ++i)
      expected[i] = scalar == Scalar::f16 ? support::from_half(bits[i]) : support::from_bfloat16(bits[i]);
    const std::vector<double> wide = convert<double>(in.data(), 256, scalar, 256, 256);
    device::expect_same(wide, expected, "double");
    for (std::size_t i = 0; i < bits.size(); ++i) {
      if (std::isnan(expected[i])) continue;
      ASSERT_EQ(std::signbit(wide[i]), bits[i] >> 15 != 0) << "bits " << bits[i];
    }
    device::expect_same(convert<float>(in.data(), 256, scalar, 256, 256),
                        std::vector<float>(expected.begin(), expected.end()), "float");
  }
}

TEST_F(ConvertKernelTest, Labels) {
  for (const std::int64_t count : {0, 1, 255, 256, 257}) {
    std::vector<std::int64_t> expected(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<std::int64_t>(i) * 40009 - 5000000;
    for (const bool wide : {false, true}) {
      if (wide)
        for (std::int64_t& id : expected) id = id * 1000003;  // beyond 32 bits
      // One label more than asked for: written behind the others it would show, which the bytes of a pad would not.
      std::vector<std::int64_t> given = expected;
      given.push_back(77);
      const device::Ids ids(given, wide);
      culogme::kernels::RawRows rows;
      ids.set(rows, 1);
      const device::Array<std::int64_t> out(expected.size());
      culogme::kernels::launch_widen_labels(rows.labels, wide, out.data(), count, stream_);
      synchronize();
      device::expect_same(out.host(), expected, "labels");
      EXPECT_TRUE(out.pads_are_whole());
    }
  }
}

}  // namespace
