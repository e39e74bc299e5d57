#include "io/row_source.hpp"

#include "io/convert.hpp"
#include "io/support.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace culogme::io_test {
namespace {

TEST(Convert, WidensEveryHalfExactly) {
  std::vector<std::uint16_t> halves(65536);
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
  std::vector<float> floats(halves.size());
  const detail::ElementType type{detail::ElementKind::real, 2, false, "<f2"};
  detail::convert_elements(type, reinterpret_cast<const char*>(halves.data()), halves.size(), Scalar::f32,
                           floats.data());
  for (std::size_t i = 0; i < halves.size(); ++i) {
    const int exponent = static_cast<int>(i >> 10 & 0x1F);
    const auto fraction = static_cast<double>(i & 0x3FF);
    const double sign = (i & 0x8000) != 0 ? -1.0 : 1.0;
    ASSERT_EQ(std::signbit(floats[i]), sign < 0) << i;
    if (exponent == 31) {
      ASSERT_EQ(std::isnan(floats[i]), fraction > 0) << i;
      ASSERT_EQ(std::isinf(floats[i]), fraction == 0) << i;
    } else {
      const double size = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
      ASSERT_EQ(static_cast<double>(floats[i]), sign * size) << i;
    }
  }
}

TEST(Convert, KeepsTheTopOfUnsignedTypes) {
  const std::uint64_t top = std::numeric_limits<std::uint64_t>::max();
  double value = 0;
  const detail::ElementType type{detail::ElementKind::unsigned_integer, 8, std::endian::native == std::endian::big,
                                 "u8"};
  detail::convert_elements(type, reinterpret_cast<const char*>(&top), 1, Scalar::f64, &value);
  EXPECT_EQ(value, 0x1p64);
}

// Reads an array in pieces of `step` rows, smaller than any that the reader thread takes.
std::vector<double> read_in_steps(const std::string& path, const std::string& member, std::int64_t step) {
  detail::Array array = detail::open_feature_array({path, member}, {});
  const auto rows = static_cast<std::int64_t>(array.shape[0]);
  const auto cols = static_cast<std::size_t>(array.shape[1]);
  detail::ArrayRows source(std::move(array), Scalar::f64);
  std::vector<double> values(static_cast<std::size_t>(rows) * cols);
  for (int pass = 0; pass < 2; ++pass) {
    std::fill(values.begin(), values.end(), 0.0);
    for (std::int64_t row = 0; row < rows; row += step) {
      source.read_rows(reinterpret_cast<char*>(values.data() + static_cast<std::size_t>(row) * cols),
                       std::min(step, rows - row));
    }
    EXPECT_TRUE(source.rewind());
  }
  return values;
}

TEST(Rows, TurnsColumnOrderRoundInPieces) {
  const std::pair<std::string, std::string> files[] = {{data("f8_fortran.npy"), ""},
                                                       {data("i2_big_fortran.npy"), ""},
                                                       {data("fortran_stored.npz"), "features"},
                                                       {data("fortran_deflated.npz"), "features"}};
  for (const auto& [path, member] : files) {
    for (const std::int64_t step : {1, 7, 36, 37}) {
      SCOPED_TRACE(path);
      const std::vector<double> values = read_in_steps(path, member, step);
      for (std::int64_t i = 0; i < data_rows * data_cols; ++i) {
        ASSERT_EQ(values[static_cast<std::size_t>(i)], expected(i / data_cols, i % data_cols)) << i << " by " << step;
      }
    }
  }
}

TEST(Rows, TurnsManyColumnsRound) {
  // More columns than are turned round at once, and not a multiple of that.
  constexpr std::size_t rows = 50;
  constexpr std::size_t cols = 37;
  std::vector<double> columns(rows * cols);
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = static_cast<double>(i);
  const TemporaryFolder folder;
  const std::string path = folder.write(
      "many.npy", npy_bytes("{'descr': '<f8', 'fortran_order': True, 'shape': (50, 37), }",
                            std::string_view(reinterpret_cast<const char*>(columns.data()), columns.size() * 8)));
  for (const std::int64_t step : {1, 9, 50}) {
    const std::vector<double> values = read_in_steps(path, "", step);
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t col = 0; col < cols; ++col) {
        ASSERT_EQ(values[row * cols + col], static_cast<double>(col * rows + row)) << row << ", " << col;
      }
    }
  }
}

TEST(Rows, ReadsManyBuffersInBlocksOfAnySize) {
  constexpr std::int64_t rows = 300'000;
  constexpr std::int64_t cols = 16;  // 18 MiB: several buffers of 4 MiB
  std::vector<float> matrix(static_cast<std::size_t>(rows * cols));
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i] = static_cast<float>(i % 16'777'216);
  const TemporaryFolder folder;
  const std::string path = folder.write(
      "long.npy", npy_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (300000, 16), }",
                            std::string_view(reinterpret_cast<const char*>(matrix.data()), matrix.size() * 4)));
  ReadOptions options;
  options.read_ahead = std::size_t{4} << 20;
  const auto reader = open_features(path, options);
  for (const std::vector<std::int64_t>& blocks :
       {std::vector<std::int64_t>{4096}, {65536, 1000, 100'000}, {1, 70'000}, {299'999}, {300'000}, {1'000'000}}) {
    std::int64_t row = 0;
    for (std::size_t turn = 0; row < rows; ++turn) {
      const std::int64_t wanted = blocks[turn % blocks.size()];
      const MatrixView view = reader->next(wanted);
      ASSERT_EQ(view.rows, std::min(wanted, rows - row));
      const auto* values = static_cast<const float*>(view.data);
      const float* right = matrix.data() + row * cols;
      ASSERT_TRUE(std::equal(right, right + view.rows * cols, values)) << "from row " << row << ", block " << wanted;
      row += view.rows;
    }
    EXPECT_EQ(reader->next(1).rows, 0);
    EXPECT_EQ(reader->bytes_read(), rows * cols * 4);
    ASSERT_TRUE(reader->rewind());
  }
}

}  // namespace
}  // namespace culogme::io_test
