// The evidence on the device against the CPU backend on the same decompositions: both run one solver, so only the order
// of sums and the fused multiply-adds of the device differ.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cpu/evidence.hpp"
#include "device.hpp"
#include "evidence_problem.hpp"
#include "kernels/launch_evidence.hpp"
#include "target_fit.hpp"

namespace {

using culogme::TargetFit;
using culogme::TargetStatus;
using culogme::detail::EvidenceResult;
using culogme::detail::Spectrum;
using culogme::kernels::DeviceSpectrum;
using kernel_test::Problem;

constexpr std::size_t large_shared = std::size_t{96} << 10, no_shared = 0;

struct Found {
  DeviceSpectrum spectrum;
  std::vector<EvidenceResult> results;
  std::vector<TargetFit> fits;
};

class EvidenceKernelTest : public device::KernelTest {
 protected:
  Found run(const Problem& problem, std::size_t shared_limit = large_shared) {
    const device::Array<double> eigenvalues(problem.eigenvalues), projected(problem.projected), square(problem.square),
        square_scale(problem.square_scale),
        traces({problem.source.trace_before, problem.source.trace_after, problem.source.energy_trace,
                problem.source.energy_entry});
    const device::Array<std::int64_t> rows(problem.rows);
    const device::Array<DeviceSpectrum> spectrum(1);
    const device::Array<EvidenceResult> results(problem.square.size());
    culogme::kernels::launch_spectrum_scalars({eigenvalues.data(), without_traces(problem.source), traces.data(),
                                               nullptr, nullptr, nullptr, problem.size(), spectrum.data()},
                                              stream_);
    culogme::kernels::launch_evidence(
        {spectrum.data(), eigenvalues.data(), projected.data(), square.data(), square_scale.data(), rows.data(),
         results.data(), problem.size(), problem.targets(), shared_limit},
        stream_);
    synchronize();
    Found found{spectrum.host()[0], results.host(), {}};
    EXPECT_TRUE(spectrum.pads_are_whole() && results.pads_are_whole()) << "written beyond the results";
    for (const EvidenceResult& result : found.results)
      found.fits.push_back(culogme::detail::make_fit(found.spectrum.scalars, found.spectrum.smallest,
                                                     found.spectrum.largest, {}, result));
    return found;
  }

  // Everything that the kernel reads from the arrays is nonsense in the source.
  static culogme::detail::SpectrumSource without_traces(culogme::detail::SpectrumSource source) {
    source.trace_before = source.trace_after = source.energy_trace = source.energy_entry =
        std::numeric_limits<double>::quiet_NaN();
    return source;
  }

  static void expect_equal(const Spectrum& cpu, const std::vector<TargetFit>& expected, const Found& found) {
    const auto& scalars = found.spectrum.scalars;
    EXPECT_EQ(scalars.rank, cpu.rank);
    EXPECT_EQ(scalars.cut, cpu.cut);
    EXPECT_EQ(scalars.dof, cpu.dof);
    EXPECT_EQ(found.spectrum.smallest, cpu.rank > 0 ? cpu.eigenvalues.front() : 0);
    const double u = tolerance_of_scalars;
    EXPECT_NEAR(scalars.gram_error, cpu.gram_error, u * cpu.gram_error);
    EXPECT_NEAR(scalars.trace_error, cpu.trace_error, u * cpu.trace_error);
    EXPECT_NEAR(scalars.entry_error, cpu.entry_error, u * cpu.entry_error);
    EXPECT_NEAR(scalars.rounded_row, cpu.rounded_row, u * cpu.rounded_row);
    EXPECT_NEAR(scalars.norm_error, cpu.norm_error, u * cpu.norm_error);
    EXPECT_NEAR(scalars.square_error, cpu.square_error, u * cpu.square_error);
    ASSERT_EQ(found.fits.size(), expected.size());
    for (std::size_t k = 0; k < expected.size(); ++k) {
      SCOPED_TRACE("target " + std::to_string(k));
      expect_fit(cpu, static_cast<std::int64_t>(k), expected[k], found.fits[k]);
    }
  }

  static void expect_fit(const Spectrum& cpu, std::int64_t target, const TargetFit& expected, const TargetFit& found) {
    const double bound = kernel_test::agreement(cpu, target, expected);
    EXPECT_STREQ(culogme::status_name(found.status), culogme::status_name(expected.status));
    if (!std::isfinite(expected.evidence)) {
      EXPECT_EQ(found.evidence, expected.evidence);
    } else {
      EXPECT_NEAR(found.evidence, expected.evidence, bound);
    }
    EXPECT_NEAR(found.null_evidence, expected.null_evidence, 8 * tolerance_of_scalars);
    EXPECT_EQ(std::isfinite(found.error_bound), std::isfinite(expected.error_bound));
    // Newton stops within its last step of the maximum, which is flat: alpha, beta and gamma follow t.
    if (expected.status == TargetStatus::interior && std::isfinite(expected.error_bound)) {
      const double t = expected.alpha / expected.beta, moved = culogme::detail::last_step;
      EXPECT_NEAR(found.alpha / found.beta, t, t * moved);
      EXPECT_NEAR(found.gamma, expected.gamma, expected.gamma * moved);
      EXPECT_NEAR(found.error_bound, expected.error_bound, 0.01 * expected.error_bound);
    }
    EXPECT_NEAR(found.iterations, expected.iterations, 2 + expected.iterations / 4);
  }

  Found check(const Problem& problem, std::size_t shared_limit = large_shared) {
    const Spectrum cpu = kernel_test::cpu_spectrum(problem);
    Found found = run(problem, shared_limit);
    expect_equal(cpu, culogme::detail::maximise_evidence(cpu, 1), found);
    return found;
  }

  static constexpr double tolerance_of_scalars = 16 * 0x1p-53;
};

Problem signals(Problem problem, std::int64_t targets, std::uint64_t seed) {
  for (std::int64_t k = 0; k < targets; ++k)
    kernel_test::add_target(problem, seed + static_cast<std::uint64_t>(k),
                            0.1 + 0.85 * static_cast<double>(k) / static_cast<double>(targets), 0.01);
  return problem;
}

TEST_F(EvidenceKernelTest, ShapesAroundTheEdges) {
  for (const std::int64_t size : {1, 2, 31, 32, 33, 127, 128, 129, 1000})
    for (const std::int64_t targets : {1, 2, 33}) {
      SCOPED_TRACE(std::to_string(size) + " eigenvalues, " + std::to_string(targets) + " targets");
      check(signals(kernel_test::primal(size, 10 * size + 20, 1e-5), targets, 100));
    }
}

TEST_F(EvidenceKernelTest, DualShapesAroundTheEdges) {
  for (const std::int64_t size : {2, 31, 32, 33, 127, 128, 129, 1000})
    for (const std::int64_t noisy : {std::int64_t{0}, size / 3}) {
      SCOPED_TRACE(std::to_string(size) + " rows, " + std::to_string(noisy) + " noisy");
      check(signals(kernel_test::dual(size, 1e-5, noisy), 3, 200));
    }
}

TEST_F(EvidenceKernelTest, StreamedWhereSharedMemoryIsTooSmall) {
  for (const std::int64_t size : {1, 33, 129, 1000}) {
    SCOPED_TRACE(size);
    check(signals(kernel_test::primal(size + 5, 4 * size + 20, 1e-5, 5), 3, 300), no_shared);
    check(signals(kernel_test::dual(size + 5, 1e-5, 5), 3, 300), no_shared);
  }
  check(signals(kernel_test::primal(5000, 20000, 1e-5, 5), 2, 300), no_shared);
}

// More than the 48 KiB that every launch may have.
TEST_F(EvidenceKernelTest, OptsInToMoreSharedMemory) {
  check(signals(kernel_test::primal(5000, 20000, 1e-5, 5), 2, 400));
}

TEST_F(EvidenceKernelTest, TargetsWithoutSignalAreNull) {
  Problem problem = kernel_test::primal(40, 1000, 1e-3);
  for (std::uint64_t seed = 1; seed <= 5; ++seed) kernel_test::add_target(problem, seed, 0.002, 0);
  for (const TargetFit& fit : check(problem).fits) EXPECT_EQ(fit.status, TargetStatus::null_limit);
}

// Targets drawn from the limit itself: their maximum lies in it or close to it, about half and half.
TEST_F(EvidenceKernelTest, AllRowsSpannedInterpolate) {
  Problem problem = kernel_test::dual(60, 0.1);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) kernel_test::add_target(problem, seed, 1, 0);
  const Found found = check(problem);
  int limits = 0;
  for (std::size_t k = 0; k < found.fits.size(); ++k) {
    if (found.fits[k].status != TargetStatus::interpolation_limit) continue;
    ++limits;
    EXPECT_GT(found.results[k].inverse_sum, 0);
    EXPECT_GT(found.results[k].weight_sum, 0);
  }
  EXPECT_GT(limits, 5);
}

TEST_F(EvidenceKernelTest, TargetsInTheSpanAreUnbounded) {
  Problem problem = kernel_test::primal(30, 100, 1e-2);
  for (std::uint64_t seed = 1; seed <= 5; ++seed) kernel_test::add_target(problem, seed, 1, 0.1);
  for (const TargetFit& fit : check(problem).fits) EXPECT_EQ(fit.status, TargetStatus::unbounded);
}

TEST_F(EvidenceKernelTest, EmptyTargetsAreSkipped) {
  Problem problem = signals(kernel_test::primal(30, 100, 1e-2), 4, 500);
  problem.rows[1] = 0;
  problem.square[3] = 0;
  const Found found = check(problem);
  EXPECT_EQ(found.fits[1].status, TargetStatus::empty);
  EXPECT_EQ(found.fits[2].status, TargetStatus::interior);
  EXPECT_EQ(found.fits[3].status, TargetStatus::empty);
}

TEST_F(EvidenceKernelTest, NoEigenvalueAboveTheNoise) {
  Problem problem = kernel_test::primal(8, 100, 1);
  problem.eigenvalues.assign(8, 0);
  problem.projected.assign(16, 0);
  problem.square = problem.square_scale = {1, 2};
  problem.rows = {3, 4};
  const Found found = check(problem);
  EXPECT_EQ(found.spectrum.scalars.rank, 0);
  EXPECT_EQ(found.fits[0].status, TargetStatus::null_limit);
}

// Spectra on which weak and strong directions each want a t of their own; between them lie targets whose second maximum
// is about to appear, which only a refined grid can tell.
TEST_F(EvidenceKernelTest, SeveralMaxima) {
  int several = 0, refined = 0, below = 0;
  for (const std::int64_t size : {3, 6})
    for (const double least : {1e-4, 1e-6}) {
      Problem problem = kernel_test::primal(size, 2 * size + 1, least);
      for (std::uint64_t seed = 1; seed <= 200; ++seed)
        kernel_test::add_target(problem, seed, 1 - std::pow(10.0, -0.05 * static_cast<double>(seed % 80)), 1e-3, -0.5);
      const Spectrum cpu = kernel_test::cpu_spectrum(problem);
      const Found found = check(problem);
      for (std::int64_t k = 0; k < problem.targets(); ++k) {
        several += kernel_test::stationary_points(cpu, k) >= 3 ? 1 : 0;
        refined += found.results[static_cast<std::size_t>(k)].iterations >= 16 ? 1 : 0;
        below += found.results[static_cast<std::size_t>(k)].point.t < cpu.eigenvalues.front() ? 1 : 0;
      }
    }
  // The problems are what they are meant to be.
  EXPECT_GT(several, 50);
  EXPECT_GT(refined, 5);
  EXPECT_GT(below, 5);
}

// Products in f32: what is seen of the evidence ends where their errors begin.
TEST_F(EvidenceKernelTest, NoiseLimitedSpectra) {
  Problem problem = kernel_test::primal(200, 3000, 1e-9);
  problem.source.f32 = true;
  problem.source.rows_f32 = 3000;
  problem.source.energy_trace = 20;
  problem.source.energy_entry = 0.5;
  for (std::uint64_t seed = 1; seed <= 12; ++seed)
    kernel_test::add_target(problem, seed, 1 - std::pow(10.0, -static_cast<double>(seed % 6)), 1e-6,
                            0.2 * static_cast<double>(seed % 5) - 0.8);
  const Found found = check(problem);
  EXPECT_GT(found.spectrum.grid.visible, 0);
  EXPECT_GT(found.spectrum.scalars.cut, 0);
  int unknown = 0;
  for (const EvidenceResult& result : found.results) unknown += result.point.known ? 0 : 1;
  EXPECT_GT(unknown, 0);
}

// A maximum that is seen, and a promise of a better one where the spectrum is noise.
TEST_F(EvidenceKernelTest, BetterInTheNoise) {
  Problem problem = kernel_test::primal(12, 25, 1e-6);
  problem.source.f32 = true;
  problem.source.rows_f32 = 25;
  problem.source.energy_trace = 12;
  problem.source.energy_entry = 1;
  for (std::uint64_t seed = 1; seed <= 200; ++seed)
    kernel_test::add_target(problem, seed, 1 - std::pow(10.0, -0.05 * static_cast<double>(seed % 80)), 1e-3, -0.5);
  const Found found = check(problem);
  const double seen = std::exp(found.spectrum.grid.ln_t(found.spectrum.grid.visible));
  int better = 0;
  for (const EvidenceResult& result : found.results)
    better += !result.point.known && result.point.t > 1.01 * seen ? 1 : 0;
  EXPECT_GT(better, 5);
}

// Blocks take more targets than one; most are empty, so that the test is quick.
TEST_F(EvidenceKernelTest, MoreTargetsThanBlocks) {
  constexpr std::int64_t targets = 66000;
  Problem problem = signals(kernel_test::primal(8, 50, 1e-2), 4, 800);
  std::vector<double> projected(static_cast<std::size_t>(targets) * 8, 0.0);
  std::vector<std::int64_t> rows(static_cast<std::size_t>(targets), 0);
  // Blocks of 65535 a launch: 3 and 65538 share one.
  const std::size_t places[] = {3, 65535 + 3, 65534, 65999};
  for (std::size_t k = 0; k < 4; ++k) {
    std::copy_n(problem.projected.begin() + static_cast<std::ptrdiff_t>(8 * k), 8,
                projected.begin() + static_cast<std::ptrdiff_t>(8 * places[k]));
    rows[places[k]] = 1;
  }
  problem.projected = projected;
  problem.rows = rows;
  problem.square.assign(static_cast<std::size_t>(targets), 1);
  problem.square_scale = problem.square;
  const Found found = check(problem);
  for (const std::size_t place : places) EXPECT_STREQ(culogme::status_name(found.fits[place].status), "interior");
}

TEST_F(EvidenceKernelTest, TwoRunsGiveTheSameBits) {
  const Problem problem = signals(kernel_test::primal(333, 2000, 1e-8, 2), 9, 600);
  const Found first = run(problem), second = run(problem);
  for (std::size_t k = 0; k < first.fits.size(); ++k) {
    EXPECT_EQ(first.fits[k].evidence, second.fits[k].evidence);
    EXPECT_EQ(first.fits[k].alpha, second.fits[k].alpha);
    EXPECT_EQ(first.fits[k].gamma, second.fits[k].gamma);
    EXPECT_EQ(first.fits[k].error_bound, second.fits[k].error_bound);
  }
}

// A decomposition may give anything; the host judges it afterwards, so the kernels must end and stay in their memory.
TEST_F(EvidenceKernelTest, NonsenseFromTheDecomposition) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  for (const double nonsense : {nan, infinity, -1e300, 1e308}) {
    for (const std::size_t place : {std::size_t{0}, std::size_t{20}, std::size_t{39}}) {
      SCOPED_TRACE(std::to_string(nonsense) + " at " + std::to_string(place));
      Problem problem = signals(kernel_test::primal(40, 60, 1e-3), 2, 700);
      problem.eigenvalues[place] = nonsense;
      run(problem);
      run(problem, no_shared);
    }
  }
  Problem problem = signals(kernel_test::primal(40, 60, 1e-3), 2, 700);
  problem.projected.assign(problem.projected.size(), nan);
  run(problem);
  problem.eigenvalues.assign(problem.eigenvalues.size(), nan);
  run(problem);
}

TEST_F(EvidenceKernelTest, NormsOfTheProbe) {
  const Problem problem = kernel_test::primal(300, 1000, 1e-3);
  std::vector<double> image(300), rebuilt(300);
  double square = 0;
  for (std::size_t i = 0; i < image.size(); ++i) {
    image[i] = static_cast<double>(i % 17);
    rebuilt[i] = image[i] + static_cast<double>(i % 3);
    square += static_cast<double>((i % 3) * (i % 3));
  }
  const device::Array<double> eigenvalues(problem.eigenvalues), image_there(image), rebuilt_there(rebuilt),
      traces({1.0, 1.0, 0.0, 0.0}), frobenius_square(std::vector<double>{49});
  const device::Array<DeviceSpectrum> spectrum(1);
  culogme::kernels::launch_spectrum_scalars({eigenvalues.data(), problem.source, traces.data(), image_there.data(),
                                             rebuilt_there.data(), frobenius_square.data(), 300, spectrum.data()},
                                            stream_);
  synchronize();
  EXPECT_NEAR(spectrum.host()[0].residual, std::sqrt(square), tolerance_of_scalars * std::sqrt(square));
  EXPECT_EQ(spectrum.host()[0].frobenius, 7);
}

TEST_F(EvidenceKernelTest, NothingToDo) {
  culogme::kernels::launch_evidence({}, stream_);
  culogme::kernels::launch_spectrum_scalars({}, stream_);
  synchronize();
}

}  // namespace
