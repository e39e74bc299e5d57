// The torn tridiagonal solver against its own matrix: residuals and orthogonality, never single elements.

#include "cpu/tridiagonal.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cpu/blas.hpp"
#include "support/data.hpp"
#include "support/tolerance.hpp"

namespace {

using culogme::detail::AlignedVector;
using culogme::detail::TridiagonalSolver;

struct Tridiagonal {
  std::string name;
  AlignedVector<double> diagonal, beside;
};

std::vector<Tridiagonal> matrices(std::int64_t n) {
  const auto size = static_cast<std::size_t>(n);
  support::Random random(7);
  Tridiagonal plain{"random", {}, {}}, graded{"graded", {}, {}}, tiny{"scaled by 2^-300", {}, {}};
  for (std::size_t i = 0; i < size; ++i) {
    plain.diagonal.push_back(random.normal());
    plain.beside.push_back(random.normal());
    const double grade = std::exp2(-40.0 * static_cast<double>(i) / static_cast<double>(n));
    graded.diagonal.push_back(grade * (2 + random.normal()));
    graded.beside.push_back(grade * random.normal());
    tiny.diagonal.push_back(std::ldexp(plain.diagonal.back(), -300));
    tiny.beside.push_back(std::ldexp(plain.beside.back(), -300));
  }
  Tridiagonal wilkinson{"pairs of nearly equal eigenvalues", {}, AlignedVector<double>(size, 1)};
  for (std::int64_t i = 0; i < n; ++i)
    wilkinson.diagonal.push_back(std::fabs(static_cast<double>(i) - static_cast<double>(n - 1) / 2));
  const Tridiagonal equal{"one eigenvalue", AlignedVector<double>(size, 3), AlignedVector<double>(size, 0)};
  const Tridiagonal zero{"zero", AlignedVector<double>(size, 0), AlignedVector<double>(size, 0)};
  const Tridiagonal constant{"second difference", AlignedVector<double>(size, 2), AlignedVector<double>(size, -1)};
  Tridiagonal uncoupled = plain;
  uncoupled.name = "halves that do not touch";
  uncoupled.beside[size / 2 - 1] = 0;
  return {plain, graded, tiny, wilkinson, equal, zero, constant, uncoupled};
}

double norm(const AlignedVector<double>& v) {
  double square = 0;
  for (const double value : v) square += value * value;
  return std::sqrt(square);
}

AlignedVector<double> times(const Tridiagonal& t, const AlignedVector<double>& x) {
  AlignedVector<double> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = t.diagonal[i] * x[i];
    if (i > 0) y[i] += t.beside[i - 1] * x[i - 1];
    if (i + 1 < x.size()) y[i] += t.beside[i] * x[i + 1];
  }
  return y;
}

double largest_row(const Tridiagonal& t) {
  double largest = 0;
  for (std::size_t i = 0; i < t.diagonal.size(); ++i)
    largest = std::max(largest, std::fabs(t.diagonal[i]) + (i > 0 ? std::fabs(t.beside[i - 1]) : 0) +
                                    (i + 1 < t.diagonal.size() ? std::fabs(t.beside[i]) : 0));
  return largest;
}

AlignedVector<double> random_vector(std::size_t size, std::uint64_t seed) {
  support::Random random(seed);
  AlignedVector<double> x(size);
  for (double& value : x) value = random.normal();
  return x;
}

class TridiagonalTest : public testing::TestWithParam<std::int64_t> {};

TEST_P(TridiagonalTest, TornSolverDiagonalises) {
  const std::int64_t n = GetParam();
  for (const Tridiagonal& t : matrices(n))
    for (const int threads : {1, 2}) {
      SCOPED_TRACE(t.name + ", threads " + std::to_string(threads));
      const TridiagonalSolver torn(t.diagonal, t.beside, true, threads), whole(t.diagonal, t.beside, false, threads);
      ASSERT_EQ(torn.eigenvalues().size(), static_cast<std::size_t>(n));
      const double bound = tolerance::eigenproblem(n) * largest_row(t);
      EXPECT_TRUE(std::is_sorted(torn.eigenvalues().begin(), torn.eigenvalues().end()));
      for (std::int64_t i = 0; i < n; ++i)
        ASSERT_LE(std::fabs(torn.eigenvalues()[static_cast<std::size_t>(i)] -
                            whole.eigenvalues()[static_cast<std::size_t>(i)]),
                  bound);
      const AlignedVector<double> x = random_vector(static_cast<std::size_t>(n), 11);
      AlignedVector<double> copy = x;
      const AlignedVector<double> projected = torn.project(copy, 1);
      EXPECT_LE(std::fabs(norm(projected) - norm(x)), tolerance::eigenproblem(n) * norm(x));

      AlignedVector<double> difference = torn.back(projected);  // Z Z'x = x
      for (std::size_t i = 0; i < x.size(); ++i) difference[i] -= x[i];
      EXPECT_LE(norm(difference), tolerance::eigenproblem(n) * norm(x));

      AlignedVector<double> scaled = projected;  // Z diag(w) Z'x = T x
      for (std::size_t i = 0; i < x.size(); ++i) scaled[i] *= torn.eigenvalues()[i];
      AlignedVector<double> residual = torn.back(scaled);
      const AlignedVector<double> image = times(t, x);
      for (std::size_t i = 0; i < x.size(); ++i) residual[i] -= image[i];
      EXPECT_LE(norm(residual), bound * norm(x));
    }
}

TEST_P(TridiagonalTest, ManyColumnsAreProjectedAsOne) {
  const std::int64_t n = GetParam();
  const Tridiagonal t = matrices(n).front();
  const TridiagonalSolver solver(t.diagonal, t.beside, true, 2);
  AlignedVector<double> columns, first = random_vector(static_cast<std::size_t>(n), 1);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const AlignedVector<double> column = random_vector(static_cast<std::size_t>(n), seed);
    columns.insert(columns.end(), column.begin(), column.end());
  }
  const AlignedVector<double> together = solver.project(columns, 3), alone = solver.project(first, 1);
  AlignedVector<double> difference = alone;
  for (std::size_t i = 0; i < alone.size(); ++i) difference[i] -= together[i];
  EXPECT_LE(norm(difference), tolerance::eigenproblem(n) * norm(alone));
}

INSTANTIATE_TEST_SUITE_P(Sizes, TridiagonalTest, testing::Values(2, 3, 4, 5, 17, 64, 129, 400));

}  // namespace
