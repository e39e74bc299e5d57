// From singular values to the spectrum, and the evidence behind it, against the CPU's functions on the same numbers.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cpu/evidence.hpp"
#include "cpu/triangle_spectrum.hpp"
#include "device.hpp"
#include "device_rows.hpp"
#include "evidence_problem.hpp"
#include "kernels/launch_triangle.hpp"
#include "probe_vectors.hpp"
#include "target_fit.hpp"

namespace {

using culogme::TargetFit;
using culogme::TargetStatus;
using culogme::detail::EvidenceResult;
using culogme::detail::Spectrum;
using culogme::kernels::DeviceSpectrum;

constexpr std::size_t large_shared = std::size_t{96} << 10, no_shared = 0;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t steps = 3;

using culogme::detail::probe_count;

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

/// Singular values that fall from 2 to 2 `least` evenly in the logarithm and then are `zeros` of rounding, and targets
/// of norm 1 with `outside` beside them.
struct Problem {
  culogme::detail::SpectrumSource source;
  std::vector<double> values, projected, square, outside;
  std::vector<std::int64_t> rows;

  std::int64_t size() const { return static_cast<std::int64_t>(values.size()); }
  std::int64_t targets() const { return static_cast<std::int64_t>(square.size()); }
};

/// Norms of the rows of U'A V - S: some below what factor_error expects, some above.
double residual_of(std::int64_t row) { return static_cast<double>(row % 3) * 0x1p-48; }

// Of the matrix that was decomposed, as its columns said.
constexpr double frobenius_square = 49, largest_square = 4;

Problem make_problem(std::int64_t size, std::int64_t targets, double least, std::int64_t zeros, bool dual,
                     double outside) {
  Problem problem;
  problem.source.rows_total = dual ? size : 3 * size + 5;
  problem.source.features = dual ? 2 * size : size;
  problem.source.dof = static_cast<double>(problem.source.rows_total);
  problem.source.dual = dual;
  const std::int64_t kept = size - zeros;
  for (std::int64_t i = 0; i < kept; ++i)
    problem.values.push_back(2 *
                             std::pow(least, kept == 1 ? 0 : static_cast<double>(i) / static_cast<double>(kept - 1)));
  for (std::int64_t i = 0; i < zeros; ++i) problem.values.push_back(i % 2 == 0 ? 1e-18 : 0);
  support::Random random(static_cast<std::uint64_t>(size + targets));
  for (std::int64_t k = 0; k < targets; ++k) {
    std::vector<double> along(size_of(size));
    double sum = 0;
    for (std::int64_t i = 0; i < size; ++i) {
      along[size_of(i)] = random.normal() * (k % 2 == 0 ? 1 : problem.values[size_of(i)] + 1e-3);
      sum += along[size_of(i)] * along[size_of(i)];
    }
    for (const double value : along) problem.projected.push_back(value * std::sqrt((1 - outside) / sum));
    problem.square.push_back(1);
    problem.outside.push_back(outside);
    problem.rows.push_back(problem.source.rows_total);
  }
  return problem;
}

Spectrum cpu_spectrum(const Problem& problem) {
  Spectrum spectrum;
  spectrum.rows_total = problem.source.rows_total;
  spectrum.features = problem.source.features;
  spectrum.dof = problem.source.dof;
  spectrum.dual = problem.source.dual;
  spectrum.rows = problem.rows;
  for (const double square : problem.square) spectrum.targets.push_back({square, 0, 0, 0, false});
  culogme::detail::SingularValues found{{problem.values.rbegin(), problem.values.rend()}, {}, {}, {}};
  for (std::int64_t i = problem.size(); i-- > 0;) found.residuals.push_back(residual_of(i));
  for (std::int64_t k = 0; k < problem.targets(); ++k)
    for (std::int64_t i = problem.size(); i-- > 0;)
      found.projected.push_back(problem.projected[size_of(k * problem.size() + i)]);
  culogme::detail::set_singular(spectrum, found, problem.outside,
                                problem.source.dual ? 1 : std::sqrt(largest_square / frobenius_square), steps);
  return spectrum;
}

class SingularKernelTest : public device::KernelTest {
 protected:
  struct Found {
    DeviceSpectrum spectrum;
    std::vector<double> eigenvalues, projected;
    std::vector<TargetFit> fits;
  };

  Found run(const Problem& problem, std::size_t shared_limit = large_shared) {
    const std::int64_t n = problem.size(), probes = probe_count(n);
    std::vector<double> projected = problem.projected, right;
    // The test vectors: U'(A T) = S V'T but for one element in a row, and a length that is off.
    for (std::int64_t j = 0; j < probes; ++j)
      for (std::int64_t i = 0; i < n; ++i) {
        const bool off = i % probes == j;
        right.push_back(off ? 0 : (i + j) % 2 == 0 ? 1 : -1);
        projected.push_back(off ? residual_of(i) / std::sqrt(culogme::detail::probe_weight(n))
                                : problem.values[size_of(i)] * right.back());
      }
    for (std::int64_t i = 0; i < n; ++i) projected.push_back(2);
    const device::Array<double> values(problem.values), eigenvalues(size_of(n)), projected_there(projected),
        right_there(right), norms(std::vector<double>{frobenius_square, largest_square}), square(problem.square),
        outside(problem.outside);
    const device::Array<std::int64_t> rows(problem.rows);
    const device::Array<DeviceSpectrum> spectrum(1);
    const device::Array<EvidenceResult> results(problem.square.size());
    culogme::kernels::launch_singular_scalars(
        {values.data(), eigenvalues.data(), projected_there.data(), right_there.data(), norms.data(), n,
         problem.targets(), steps, problem.source, spectrum.data()},
        stream_);
    culogme::kernels::launch_evidence(
        {spectrum.data(), eigenvalues.data(), projected_there.data(), square.data(), nullptr, rows.data(),
         results.data(), n, problem.targets(), shared_limit, outside.data()},
        stream_);
    synchronize();
    Found found{spectrum.host()[0], eigenvalues.host(), projected_there.host(), {}};
    EXPECT_TRUE(device::pads_are_whole(spectrum, eigenvalues, projected_there, results));
    for (const EvidenceResult& result : results.host())
      found.fits.push_back(culogme::detail::make_fit(found.spectrum.scalars, found.spectrum.smallest,
                                                     found.spectrum.largest, {}, result));
    return found;
  }

  void check(const Problem& problem, std::size_t shared_limit = large_shared) {
    const Spectrum cpu = cpu_spectrum(problem);
    const std::vector<TargetFit> expected = culogme::detail::maximise_evidence(cpu, 1);
    const Found found = run(problem, shared_limit);
    const std::int64_t n = problem.size();
    const auto& scalars = found.spectrum.scalars;
    EXPECT_EQ(scalars.rank, cpu.rank);
    EXPECT_EQ(scalars.cut, cpu.cut);
    EXPECT_EQ(scalars.target_error, cpu.target_error);
    EXPECT_GT(scalars.factor_error, 0);
    // What test vectors see of directions that were left out adds to both.
    if (scalars.cut == 0) {
      EXPECT_EQ(scalars.column_error == scalars.factor_error, problem.source.dual);
    }
    EXPECT_LE(found.spectrum.grid.points, culogme::detail::most_grid_points);
    double square = 0;
    for (std::int64_t i = 0; i < n; ++i) square += residual_of(i) * residual_of(i);
    const double rounding = static_cast<double>(n) * culogme::detail::u64;
    EXPECT_NEAR(found.spectrum.residual, std::sqrt(square), rounding * std::sqrt(square));
    EXPECT_NEAR(scalars.unexpected_part, cpu.unexpected_part, 4 * rounding * cpu.unexpected_part);
    const double unexpected = std::ldexp(cpu.unexpected, cpu.exponent),
                 column_error = std::ldexp(cpu.column_error, cpu.exponent);
    EXPECT_NEAR(scalars.unexpected, unexpected, 4 * rounding * unexpected);
    EXPECT_NEAR(scalars.column_error, column_error, 4 * rounding * column_error);
    EXPECT_EQ(found.spectrum.frobenius, 7);
    EXPECT_NEAR(found.spectrum.turned, std::sqrt(static_cast<double>(n)), 1e-12);
    for (std::int64_t i = 0; i < n; ++i) {
      const double value = problem.values[size_of(n - 1 - i)];
      ASSERT_EQ(found.eigenvalues[size_of(i)], value * value);
      for (std::int64_t k = 0; k < problem.targets(); ++k)
        ASSERT_EQ(found.projected[size_of(k * n + i)], problem.projected[size_of(k * n + n - 1 - i)]);
    }
    for (std::size_t k = 0; k < expected.size(); ++k) {
      SCOPED_TRACE("target " + std::to_string(k));
      EXPECT_STREQ(culogme::status_name(found.fits[k].status), culogme::status_name(expected[k].status));
      EXPECT_EQ(std::isfinite(found.fits[k].error_bound), std::isfinite(expected[k].error_bound));
      if (!std::isfinite(expected[k].evidence)) continue;
      // Both numbers are of the same spectrum but for a power of two: only sums in another order differ.
      EXPECT_NEAR(found.fits[k].evidence, expected[k].evidence,
                  4 * kernel_test::agreement(cpu, static_cast<std::int64_t>(k), expected[k]));
    }
  }
};

TEST_F(SingularKernelTest, ShapesAroundTheEdges) {
  for (const std::int64_t size : {1, 2, 31, 33, 128, 129, 1000})
    for (const std::int64_t targets : {1, 2, 33})
      for (const bool dual : {false, true}) {
        if (size * targets > 5000) continue;  // says nothing new and takes long
        SCOPED_TRACE(std::to_string(size) + " values, " + std::to_string(targets) + " targets");
        check(make_problem(size, targets, 1e-3, 0, dual, dual ? 0 : 0.1));
      }
}

// What the Gram matrix cannot hold: the grid is as long as it gets.
TEST_F(SingularKernelTest, WideSpectra) {
  for (const double least : {1e-8, 1e-12, 1e-15, 0x1.8p-51})
    for (const double outside : {1e-1, 1e-8, 1e-16})
      for (const std::size_t shared : {large_shared, no_shared}) {
        SCOPED_TRACE(std::to_string(least) + ", outside " + std::to_string(outside));
        check(make_problem(24, 4, least, 0, false, outside), shared);
      }
  const Found found = run(make_problem(2, 1, 10 * 0x1p-53, 0, false, 1e-3));
  EXPECT_EQ(found.spectrum.scalars.rank, 2);
  EXPECT_GT(found.spectrum.grid.points, 75);
}

TEST_F(SingularKernelTest, RoundingIsLeftOut) {
  for (const bool dual : {false, true}) {
    check(make_problem(40, 5, 1e-4, 11, dual, dual ? 0 : 0.2));
    check(make_problem(40, 5, 1e-4, 11, dual, dual ? 0 : 0.2), no_shared);
  }
}

TEST_F(SingularKernelTest, NoSingularValueAboveTheNoise) {
  Problem problem = make_problem(8, 2, 1, 0, false, 0.5);
  problem.values.assign(8, 0);
  const Found found = run(problem);
  EXPECT_EQ(found.spectrum.scalars.rank, 0);
  EXPECT_EQ(found.fits[0].status, TargetStatus::null_limit);
}

TEST_F(SingularKernelTest, NonsenseFromTheDecomposition) {
  for (const double nonsense : {nan, std::numeric_limits<double>::infinity(), 1e308, -1.0})
    for (const std::size_t place : {std::size_t{0}, std::size_t{20}, std::size_t{39}}) {
      SCOPED_TRACE(std::to_string(nonsense) + " at " + std::to_string(place));
      Problem problem = make_problem(40, 2, 1e-3, 0, false, 0.1);
      problem.values[place] = nonsense;
      run(problem);
      run(problem, no_shared);
    }
}

TEST_F(SingularKernelTest, Probes) {
  for (const std::int64_t size : {1, 2, 16, 17, 255, 256, 257, 1000}) {
    const std::vector<double> columns = device::integer_values(size, 0, 9, 3);
    double sum = 0;
    for (const double value : columns) sum += value;
    const std::int64_t probes = probe_count(size);
    const device::Array<double> columns_there(columns), right(size_of(probes * size)), left(size_of(size)), norms(2);
    culogme::kernels::launch_singular_probe({columns_there.data(), size, right.data(), left.data(), norms.data()},
                                            stream_);
    synchronize();
    EXPECT_EQ(norms.host()[0], sum);
    EXPECT_EQ(norms.host()[1], *std::max_element(columns.begin(), columns.end()));
    const std::vector<double> p = right.host(), q = left.host();
    for (std::int64_t j = 0; j < probes; ++j) {
      double equal = 0;
      for (std::int64_t i = 0; i < size; ++i) {
        const double element = p[size_of(j * size + i)], sign = q[size_of(i)];
        EXPECT_EQ(element, culogme::detail::probe_element(size, j, i));
        EXPECT_EQ(std::fabs(sign), 1);
        if (size > culogme::detail::most_probes) {
          EXPECT_EQ(std::fabs(element), 1);
        }
        equal += element == sign ? 1 : 0;
      }
      // Two sides that are alike would see half of what they could.
      if (size >= 255) {
        EXPECT_NEAR(equal / static_cast<double>(size), 0.5, 0.2);
      }
    }
    EXPECT_TRUE(device::pads_are_whole(right, left, norms));
  }
}

}  // namespace
