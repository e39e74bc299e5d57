// Products of f32 by three bfloat16 each, on the processor's matrix tiles, against sums from the definition.

#include "cpu/split_product.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/data.hpp"
#include "support/tolerance.hpp"

namespace {

using culogme::detail::SplitScratch;

constexpr float untouched = -7.5f;

class SplitProduct : public testing::Test {
 protected:
  void SetUp() override {
    const culogme::detail::MatrixTiles state = culogme::detail::matrix_tiles();
    ASSERT_NE(state, culogme::detail::MatrixTiles::wrong) << "the tiles give a wrong product";
    if (state != culogme::detail::MatrixTiles::there)
      GTEST_SKIP() << "this processor or system has no matrix tiles (AMX), or CULOGME_AMX is off";
  }
};

/// k rows of n columns with NaN between them, and the product around which nothing may be written.
struct Product {
  std::int64_t n, k, lda, ldc;
  std::vector<float> a, c;

  Product(std::int64_t columns, std::int64_t rows)
      : n(columns),
        k(rows),
        lda(columns + 3),
        ldc(columns + 5),
        a(static_cast<std::size_t>(lda * rows), std::numeric_limits<float>::quiet_NaN()),
        c(static_cast<std::size_t>(ldc * columns), untouched) {}

  float& element(std::int64_t row, std::int64_t column) { return a[static_cast<std::size_t>(row * lda + column)]; }
  float result(std::int64_t i, std::int64_t j) const { return c[static_cast<std::size_t>(j * ldc + i)]; }

  bool multiply(bool add) {
    SplitScratch scratch;
    return culogme::detail::split_syrk(n, k, a.data(), lda, add, c.data(), ldc, scratch);
  }

  /// Sum and sum of magnitudes.
  std::pair<long double, long double> expected(std::int64_t i, std::int64_t j) {
    long double sum = 0, magnitude = 0;
    for (std::int64_t row = 0; row < k; ++row) {
      const long double product = static_cast<long double>(element(row, i)) * static_cast<long double>(element(row, j));
      sum += product;
      magnitude += std::fabs(product);
    }
    return {sum, magnitude};
  }
};

const std::vector<std::int64_t> all_columns = {1, 2, 15, 16, 17, 31, 32, 33, 47, 64, 65, 100};
const std::vector<std::int64_t> all_rows = {1, 2, 31, 32, 33, 63, 64, 65, 300};

/// Integers whose significands fill one, two or three of the parts, and whose sums stay below 2^24. With three parts
/// the first and the last column are large, in different rows, so that only their own squares are not exact.
float integer(int parts, std::int64_t row, std::int64_t column, std::int64_t columns, support::Random& random) {
  const auto small = static_cast<float>(random.integer(-2, 2));
  if (parts == 1) return small;
  if (parts == 2) return column % 3 == 0 && row % 8 == 0 ? 300.0f * small + 1 : small;
  constexpr float three_parts = 131329;  // 2^17 + 2^8 + 1
  if (column == 0) return row % 16 == 0 ? three_parts * small : 0.0f;
  if (column == columns - 1) return row % 16 == 8 ? three_parts * small : 0.0f;
  return small;
}

TEST_F(SplitProduct, OfIntegersIsExact) {
  support::Random random(5);
  for (const int parts : {1, 2, 3})
    for (const std::int64_t n : all_columns)
      for (const std::int64_t k : all_rows) {
        Product p(n, k);
        for (std::int64_t row = 0; row < k; ++row)
          for (std::int64_t column = 0; column < n; ++column)
            p.element(row, column) = integer(parts, row, column, n, random);
        ASSERT_TRUE(p.multiply(false));
        ASSERT_TRUE(p.multiply(true));
        for (std::int64_t j = 0; j < n; ++j)
          for (std::int64_t i = j; i < n; ++i) {
            if (parts == 3 && i == j && (i == 0 || i == n - 1)) continue;
            ASSERT_EQ(p.result(i, j), static_cast<float>(2 * p.expected(i, j).first))
                << parts << " parts, " << k << " rows of " << n << " columns, entry " << i << ", " << j;
          }
      }
}

TEST_F(SplitProduct, WritesNothingOutsideItsTriangleButItsBlocks) {
  for (const std::int64_t n : all_columns) {
    Product p(n, 40);
    for (std::int64_t row = 0; row < p.k; ++row)
      for (std::int64_t column = 0; column < n; ++column) p.element(row, column) = 1;
    ASSERT_TRUE(p.multiply(false));
    for (std::int64_t j = 0; j < n; ++j)
      for (std::int64_t i = 0; i < p.ldc; ++i) {
        const bool outside = i >= n || i < j / 32 * 32;
        if (!outside && i < j) continue;  // written, of no meaning
        ASSERT_EQ(p.result(i, j), outside ? untouched : 40.0f) << n << " columns, entry " << i << ", " << j;
      }
  }
}

TEST_F(SplitProduct, IsAtLeastAsGoodAsItsBound) {
  support::Random random(6);
  const std::vector<std::string> kinds = {"signed", "positive", "wide range"};
  for (const std::string& kind : kinds)
    for (const std::int64_t n : {17, 33, 64})
      for (const std::int64_t k : {1, 33, 512}) {
        Product p(n, k);
        for (std::int64_t row = 0; row < k; ++row)
          for (std::int64_t column = 0; column < n; ++column) {
            const double value = random.normal();
            p.element(row, column) =
                static_cast<float>(kind == "signed"     ? value
                                   : kind == "positive" ? std::fabs(value) + 1
                                                        : std::ldexp(value, static_cast<int>(column) - 20));
          }
        ASSERT_TRUE(p.multiply(false));
        for (std::int64_t j = 0; j < n; ++j)
          for (std::int64_t i = j; i < n; ++i) {
            const auto [sum, magnitude] = p.expected(i, j);
            ASSERT_LE(std::fabs(static_cast<double>(static_cast<long double>(p.result(i, j)) - sum)),
                      tolerance::split_product(k) * static_cast<double>(magnitude))
                << kind << ", " << k << " rows of " << n << " columns, entry " << i << ", " << j;
          }
      }
}

TEST_F(SplitProduct, KeepsTheLastBitOfBothFactors) {
  Product p(33, 32);
  for (std::int64_t row = 0; row < p.k; ++row)
    for (std::int64_t column = 0; column < p.n; ++column) p.element(row, column) = row == 31 ? 1 : 0;
  const float three_parts = 1 + 0x1p-10f + 0x1p-23f;
  for (const std::int64_t row : {0, 5, 31}) p.element(row, 0) = p.element(row, 32) = p.element(row, 1) = 0;
  p.element(31, 31) = 0;
  p.element(0, 0) = three_parts;
  p.element(0, 32) = 1;
  p.element(5, 1) = 1;
  p.element(5, 31) = three_parts;
  p.element(9, 0) = p.element(9, 1) = p.element(9, 31) = p.element(9, 32) = 0;
  ASSERT_TRUE(p.multiply(false));
  EXPECT_EQ(p.result(32, 0), three_parts);
  EXPECT_EQ(p.result(31, 1), three_parts);
}

/// The tiles flush subnormal numbers: what would lose digits by it is left to others.
TEST_F(SplitProduct, RefusesColumnsThatWouldUnderflow) {
  support::Random random(7);
  for (const int exponent : {-44, -46, -70}) {
    Product p(40, 64);
    for (std::int64_t row = 0; row < p.k; ++row)
      for (std::int64_t column = 0; column < p.n; ++column) {
        const double value = 1 + random.uniform();
        p.element(row, column) = static_cast<float>(column == 7    ? 0
                                                    : column == 35 ? std::ldexp(value, exponent)
                                                                   : value);
      }
    const bool done = p.multiply(false);
    EXPECT_EQ(done, exponent == -44) << exponent;
    for (std::int64_t j = 0; j < p.n; ++j)
      for (std::int64_t i = j; i < p.n; ++i) {
        if (!done) {
          ASSERT_EQ(p.result(i, j), untouched);
          continue;
        }
        const auto [sum, magnitude] = p.expected(i, j);
        ASSERT_LE(std::fabs(static_cast<double>(static_cast<long double>(p.result(i, j)) - sum)),
                  tolerance::split_product(p.k) * static_cast<double>(magnitude))
            << i << ", " << j;
      }
  }
}

}  // namespace
