// The QR of row tiles that route svd stands on, and the reflectors of the eigenproblem, at sizes around their strips
// and panels, against the definition in long double.

#include "cpu/triangle.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cpu/blas.hpp"
#include "cpu/reflectors.hpp"
#include "support/data.hpp"
#include "support/tolerance.hpp"

namespace {

using culogme::detail::AlignedVector;
using culogme::detail::TriangleFactor;
using support::Data;

std::size_t at(std::int64_t i, std::int64_t j, std::int64_t stride) { return static_cast<std::size_t>(j * stride + i); }

/// Rows [first, first + rows) of F and Y are taken in as one tile, with NaN in the rows between columns.
void absorb(TriangleFactor& factor, const Data& f, const Data& y, std::int64_t first, std::int64_t rows) {
  const std::int64_t stride = rows + 3;
  const double nan = std::nan("");
  AlignedVector<double> tile(static_cast<std::size_t>(stride * f.cols), nan),
      targets(static_cast<std::size_t>(stride * y.cols), nan);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < f.cols; ++j) tile[at(i, j, stride)] = f(first + i, j);
    for (std::int64_t k = 0; k < y.cols; ++k) targets[at(i, k, stride)] = y(first + i, k);
  }
  factor.absorb(rows, tile.data(), targets.data(), stride);
}

long double product(const Data& a, std::int64_t i, const Data& b, std::int64_t j) {
  long double sum = 0;
  for (std::int64_t row = 0; row < a.rows; ++row) sum += static_cast<long double>(a(row, i)) * b(row, j);
  return sum;
}

/// R'R = F'F, R'Q'Y = F'Y and |Q'y|^2 + outside = y'y, entry by entry beside the norms of the two columns.
void expect_factor(const TriangleFactor& factor, const Data& f, const Data& y, std::int64_t tiles) {
  const double bound = 2 * tolerance::qr_column(f.cols, tiles);
  const std::int64_t d = f.cols;
  const auto column = [d](const AlignedVector<double>& matrix, std::int64_t j) { return matrix.data() + j * d; };
  const auto dot = [](const double* a, const double* b, std::int64_t count) {
    long double sum = 0;
    for (std::int64_t i = 0; i < count; ++i) sum += static_cast<long double>(a[i]) * b[i];
    return sum;
  };
  std::vector<double> norms;
  for (std::int64_t j = 0; j < d; ++j) norms.push_back(std::sqrt(static_cast<double>(product(f, j, f, j))));
  for (std::int64_t j = 0; j < d; ++j) {
    for (std::int64_t i = j + 1; i < d; ++i) ASSERT_EQ(factor.triangle[at(i, j, d)], 0) << i << ", " << j;
    const double scale = bound * norms[static_cast<std::size_t>(j)];
    for (std::int64_t i = 0; i <= j; ++i)
      ASSERT_NEAR(static_cast<double>(dot(column(factor.triangle, i), column(factor.triangle, j), i + 1)),
                  static_cast<double>(product(f, i, f, j)), scale * norms[static_cast<std::size_t>(i)])
          << i << ", " << j;
    for (std::int64_t k = 0; k < y.cols; ++k)
      ASSERT_NEAR(static_cast<double>(dot(column(factor.triangle, j), column(factor.projected, k), j + 1)),
                  static_cast<double>(product(f, j, y, k)), scale * std::sqrt(static_cast<double>(product(y, k, y, k))))
          << "target " << k << ", column " << j;
  }
  for (std::int64_t k = 0; k < y.cols; ++k) {
    const auto square = static_cast<double>(product(y, k, y, k));
    const double* const inside = column(factor.projected, k);
    ASSERT_NEAR(static_cast<double>(dot(inside, inside, d)) + factor.outside[static_cast<std::size_t>(k)], square,
                bound * square);
  }
}

TEST(Triangle, HoldsItsRowsAtAnyWidth) {
  for (const std::int64_t cols : {1, 2, 15, 16, 17, 31, 33, 100, 127, 128, 129, 145, 257})
    for (const std::int64_t targets : {0, 1, 3})
      for (const std::vector<std::int64_t>& tiles :
           {std::vector<std::int64_t>{cols + 20}, {3, 1, cols}, {cols, 2 * cols + 1}}) {
        SCOPED_TRACE(std::to_string(cols) + " columns, " + std::to_string(targets) + " targets, tiles of " +
                     testing::PrintToString(tiles));
        std::int64_t rows = 0;
        for (const std::int64_t tile : tiles) rows += tile;
        const Data f = support::normal(rows, cols, 1), y = support::normal(rows, targets, 2);
        TriangleFactor factor(cols, targets);
        std::int64_t first = 0;
        for (const std::int64_t tile : tiles) {
          absorb(factor, f, y, first, tile);
          first += tile;
        }
        expect_factor(factor, f, y, static_cast<std::int64_t>(tiles.size()));
      }
}

TEST(Triangle, TakesInAnotherAndThenFurtherRows) {
  for (const std::int64_t cols : {1, 16, 33, 129, 200})
    for (const std::int64_t targets : {0, 2}) {
      SCOPED_TRACE(std::to_string(cols) + " columns, " + std::to_string(targets) + " targets");
      const std::int64_t part = cols + 7;
      const Data f = support::normal(3 * part, cols, 3), y = support::normal(3 * part, targets, 4);
      TriangleFactor factor(cols, targets), other(cols, targets);
      absorb(factor, f, y, 0, part);
      absorb(other, f, y, part, part);
      factor.absorb(other);
      absorb(factor, f, y, 2 * part, part);
      expect_factor(factor, f, y, 4);
    }
}

TEST(Reflectors, AreWhatLapackLeft) {
  for (const std::int64_t n : {1, 2, 3, 16, 17, 18, 33, 130, 600})
    for (const std::int64_t rank : {std::int64_t{1}, n + 3}) {
      SCOPED_TRACE(std::to_string(n) + ", rank " + std::to_string(rank));
      const Data f = support::normal(rank, n, 5), x = support::normal(3, n, 6);
      AlignedVector<double> a(static_cast<std::size_t>(n * n)), d(static_cast<std::size_t>(n)), e = d, tau = d;
      culogme::detail::syrk(n, rank, f.values.data(), n, 0.0, a.data(), n);
      ASSERT_EQ(culogme::detail::sytrd(n, a.data(), d.data(), e.data(), tau.data()), 0);
      const culogme::detail::Reflectors reflectors(n, a.data(), tau.data());
      for (const bool transpose : {true, false}) {
        AlignedVector<double> c(x.values.begin(), x.values.end());
        reflectors.apply(transpose, x.rows, c.data());
        for (std::int64_t k = 0; k < x.rows; ++k) {
          std::vector<long double> exact;
          for (std::int64_t i = 0; i < n; ++i) exact.push_back(x(k, i));
          for (std::int64_t step = 0; step < n - 1; ++step) {
            const std::int64_t j = transpose ? step : n - 2 - step;
            const auto v = [&](std::int64_t i) -> long double { return i == j + 1 ? 1 : a[at(i, j, n)]; };
            long double dot = 0;
            for (std::int64_t i = j + 1; i < n; ++i) dot += v(i) * exact[static_cast<std::size_t>(i)];
            for (std::int64_t i = j + 1; i < n; ++i)
              exact[static_cast<std::size_t>(i)] -= tau[static_cast<std::size_t>(j)] * dot * v(i);
          }
          long double error = 0, square = 0;
          for (std::int64_t i = 0; i < n; ++i) {
            const long double value = exact[static_cast<std::size_t>(i)], off = c[at(i, k, n)] - value;
            error += off * off;
            square += value * value;
          }
          EXPECT_LE(std::sqrt(static_cast<double>(error / square)), tolerance::reflectors(n)) << "column " << k;
        }
      }
    }
}

}  // namespace
