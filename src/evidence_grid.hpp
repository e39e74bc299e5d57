#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

#include "host_device.hpp"
#include "minmax.hpp"
#include "rounding.hpp"
#include "spectrum_scalars.hpp"

namespace culogme::detail {

// The grid in ln t on which the search for the maximum begins, and what the slope of the evidence does between its
// points (docs/method.md, section "The maximum").

/// Beyond exp(margin) times the extreme eigenvalues the first terms of the asymptotes tell whether the evidence has one
/// more maximum; where they nearly cancel, one may be missed that is better by 1e-10.
inline constexpr double grid_margin = 6;
/// Of the grid in ln t; the sums vary on the scale 1.
inline constexpr double grid_spacing = 1;
/// The bound on the errors of the spectrum is this much larger than the errors are; below that E is noise.
inline constexpr double bound_slack = 16;
/// How far the slope is taken to be from a cubic, as a share of its second derivatives.
inline constexpr double cubic_doubt = 1.0 / 32;
/// What the grid cannot see of the slope, as a share of gamma, the size of both terms where the slope is zero: waves as
/// long as two steps, whose second derivatives at the points may be zero.
inline constexpr double unseen_share = 1.0 / 256;

/// What all targets of a spectrum share: the grid in ln t.
struct EvidenceGrid {
  double low = 0;
  std::int64_t points = 0;
  std::int64_t visible = 0;  ///< first point at which the errors of the spectrum leave E known
  bool rank_known = false;   ///< no more eigenvalues can be hidden in the noise

  CULOGME_HOST_DEVICE double ln_t(std::int64_t g) const { return low + grid_spacing * static_cast<double>(g); }
};

/// Singular values kept are above svd_error > 4 u64 = 2^-51 of the largest one, so their squares are above 2^-102 and
/// the grid has a largest size. Eigenvalues of Gram matrices are above noise_fraction(n) > 2^-48.
inline constexpr std::int64_t most_grid_points = 84;
static_assert(static_cast<double>(most_grid_points - 1) * grid_spacing >= 102 * std::numbers::ln2 + 2 * grid_margin);
static_assert(4 * u64 >= 0x1p-51);

/// Empty where rank is 0. `smallest` and `largest` of the kept eigenvalues.
CULOGME_HOST_DEVICE inline EvidenceGrid evidence_grid(const SpectrumScalars& s, double smallest, double largest) {
  EvidenceGrid grid;
  if (s.rank == 0) return grid;
  // Where the eigenvalues sink into the noise without a gap, nobody knows that no more of them are left for y.
  constexpr double gap = 1000;
  grid.rank_known = s.rank >= smaller_of(s.features, s.rows_total) || smallest >= gap * s.norm_error;
  grid.low = std::log(smallest) - grid_margin;
  const double high = std::log(largest) + grid_margin;
  grid.points = static_cast<std::int64_t>(std::ceil((high - grid.low) / grid_spacing)) + 1;
  const bool all_known = smallest >= 10 * s.norm_error;
  while (!all_known && grid.visible < grid.points - 2 && std::exp(grid.ln_t(grid.visible)) < s.norm_error / bound_slack)
    ++grid.visible;
  return grid;
}

/// 2 n dL / d ln t: positive where the evidence increases with t. `lost`: below it E is lost in rounding, t too small.
struct SlopeRule {
  double dof = 0, lost = 0;
  bool rows_are_left = false;

  CULOGME_HOST_DEVICE double operator()(double gamma, double error, double error_slope) const {
    return error > lost || !rows_are_left ? gamma - dof * error_slope / error : gamma;
  }
};

CULOGME_HOST_DEVICE inline SlopeRule slope_rule(const SpectrumScalars& s, double square_scale) {
  return {s.dof, lost_fraction(s) * square_scale, static_cast<double>(s.rank) < s.dof};
}

/// The slope over one cell, with x from 0 to 1: a cubic with these values and second derivatives at the ends.
struct SlopeCell {
  double start = 0, end = 0;
  double start_bend = 0, end_bend = 0;

  CULOGME_HOST_DEVICE double operator()(double x) const {
    return start + x * (end - start) - x * (1 - x) * ((2 - x) * start_bend + (1 + x) * end_bend) / 6;
  }

  CULOGME_HOST_DEVICE bool has_maximum() const { return start > 0 && end <= 0; }

  /// Where it is zero, if it has a maximum.
  CULOGME_HOST_DEVICE double root() const {
    double low = 0, high = 1;
    for (int step = 0; step < 20; ++step) ((*this)(0.5 * (low + high)) > 0 ? low : high) = 0.5 * (low + high);
    return 0.5 * (low + high);
  }

  /// True where the cubic, or what differs from it by cubic_doubt, has more zeros than the signs at the ends tell:
  /// where it changes its sign but may turn between, and where it does not but may reach zero. Never where one end and
  /// the bends are no larger than `rounding`.
  CULOGME_HOST_DEVICE bool may_hide_maximum(double rounding) const {
    const double rise = end - start, bend = larger_of(std::fabs(start_bend), std::fabs(end_bend));
    const double nearer = smaller_of(std::fabs(start), std::fabs(end)), doubt = cubic_doubt * bend;
    if (larger_of(nearer, bend) <= rounding) return false;
    if ((start > 0) != (end > 0)) {
      // Turned so that it rises; the least derivative is at an end or where the second derivative is zero.
      const double sign = rise > 0 ? 1 : -1, first = sign * start_bend, last = sign * end_bend;
      const double at_start = sign * rise - (2 * first + last) / 6, at_end = sign * rise + (first + 2 * last) / 6;
      double least = smaller_of(at_start, at_end);
      if (first < 0 && last > 0) least = smaller_of(least, at_start - 0.5 * first * first / (last - first));
      return least < doubt;
    }
    if (nearer > 0.125 * bend + doubt) return false;
    const double sign = start > 0 ? 1 : -1, dip = larger_of(sign * start_bend, sign * end_bend);
    // The parabola with the larger bend is nowhere above the cubic.
    const double least =
        std::fabs(rise) < 0.5 * dip ? 0.5 * std::fabs(start + end) - dip / 8 - rise * rise / (2 * dip) : nearer;
    return least < doubt;
  }
};

/// With the derivatives at the ends.
CULOGME_HOST_DEVICE inline SlopeCell hermite_cell(double start, double start_derivative, double end,
                                                  double end_derivative) {
  const double rise = end - start;
  return {start, end, 6 * rise - 4 * start_derivative - 2 * end_derivative,
          -6 * rise + 2 * start_derivative + 4 * end_derivative};
}

}  // namespace culogme::detail
