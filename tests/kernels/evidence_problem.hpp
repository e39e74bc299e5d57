#pragma once

#include <cstdint>
#include <vector>

#include "backend.hpp"
#include "spectrum_scalars.hpp"

/// Decompositions that no data stand behind: what launch_evidence takes, and what the CPU backend makes of it.
namespace kernel_test {

struct Problem {
  culogme::detail::SpectrumSource source;
  std::vector<double> eigenvalues;  ///< [n], increasing
  std::vector<double> projected;    ///< [targets][n]
  std::vector<double> square;       ///< [targets]
  std::vector<double> square_scale;
  std::vector<std::int64_t> rows;

  std::int64_t size() const { return static_cast<std::int64_t>(eigenvalues.size()); }
  std::int64_t targets() const { return static_cast<std::int64_t>(square.size()); }
};

/// Features and rows, eigenvalues that fall from 1 to `least` evenly in the logarithm; `noisy` of them lie below the
/// noise.
Problem primal(std::int64_t size, std::int64_t rows, double least, std::int64_t noisy = 0);
/// The same of FF': `size` rows, more features; `noisy` as above.
Problem dual(std::int64_t size, double least, std::int64_t noisy = 0);

/// A target with y'y = 1 of which the features explain `share`, spread over the directions as weights with a prior
/// would: x2 ~ chi^2 (sigma + scale) sigma^slope.
void add_target(Problem& problem, std::uint64_t seed, double share, double scale, double slope = 0);

/// The spectrum of the CPU backend.
culogme::detail::Spectrum cpu_spectrum(const Problem& problem);

/// Maxima and minima that the slope of the evidence goes through on a fine grid, by sums of this function's own.
int stationary_points(const culogme::detail::Spectrum& spectrum, std::int64_t target);

/// Bound on the difference of two evaluations of the same maximum that add the same terms in another order: the terms'
/// own rounding, that of the sums, and what of E = r0 + sum x2 w cancels in r0.
double agreement(const culogme::detail::Spectrum& spectrum, std::int64_t target, const culogme::TargetFit& fit);

}  // namespace kernel_test
