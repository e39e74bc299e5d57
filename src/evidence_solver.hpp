#pragma once

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

#include "evidence_result.hpp"
#include "host_device.hpp"
#include "minmax.hpp"
#include "spectrum_scalars.hpp"

namespace culogme::detail {

// The search for the maximum of one target's evidence (docs/method.md, section "The maximum"), for every backend: only
// the sums over the eigenvalues differ, which a policy `Sums` provides.
//
//   EvidenceTerms terms(double t)           sums at t > 0, without r0
//   double log_det(double t)                sum ln(1 + sigma / t)
//   double gamma(g), error(g), slope(g)     at grid point g; error without r0, slope by slope_of
//   double grid_log_det(g)
//   SumPair at_zero(), at_infinity()        sum x2 / sigma and sum ln sigma; sum sigma and sum sigma x2
//   SumPair inverse()                       sum 1 / sigma and sum x2 / sigma^2
//
// On a device all threads of a block run the solver side by side; the policy gives each of them the same bits.

struct SumPair {
  double first = 0, second = 0;
};

inline constexpr double infinite = std::numeric_limits<double>::infinity();

/// Beyond exp(margin) times the extreme eigenvalues the evidence has two-term asymptotes and at most one more maximum.
inline constexpr double grid_margin = 4;
/// Of the grid in ln t; the sums vary on the scale 1.
inline constexpr double grid_spacing = 1;
/// The bound on the errors of the spectrum is this much larger than the errors are; below that E is noise.
inline constexpr double bound_slack = 16;
inline constexpr double largest_step = 3;
inline constexpr int most_iterations = 200;
/// A Newton step this small leaves an error of its square in ln t, and of its cube in E, which moves along with two
/// terms.
inline constexpr double last_step = 1e-5;

/// -1/2 [ln(2 pi E / n) + 1 + ln det / n]: log evidence per row with beta eliminated.
CULOGME_HOST_DEVICE inline double evidence_value(double error, double log_det, double dof) {
  return -0.5 * (std::log(2 * std::numbers::pi * error / dof) + 1 + log_det / dof);
}

/// What all targets of a spectrum share: the grid in ln t.
struct EvidenceGrid {
  double low = 0;
  std::int64_t points = 0;
  std::int64_t visible = 0;  ///< first point at which the errors of the spectrum leave E known
  bool rank_known = false;   ///< no more eigenvalues can be hidden in the noise

  CULOGME_HOST_DEVICE double ln_t(std::int64_t g) const { return low + grid_spacing * static_cast<double>(g); }
};

/// Singular values kept are above svd_error >= 8 u64 = 2^-50 of the largest one, so their squares are above 2^-100 and
/// the grid has a largest size. Eigenvalues of Gram matrices are above noise_fraction(n) > 2^-48.
inline constexpr std::int64_t most_grid_points = 80;
static_assert(static_cast<double>(most_grid_points - 1) * grid_spacing >= 100 * std::numbers::ln2 + 2 * grid_margin);
static_assert(8 * u64 >= 0x1p-50);
/// The cubic needs four.
static_assert(2 * grid_margin >= 3 * grid_spacing);

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

/// Through the slopes at four grid points, which are evenly spaced: by differences, without a division.
class GridCubic {
 public:
  CULOGME_HOST_DEVICE GridCubic(const EvidenceGrid& grid, std::int64_t first, double f0, double f1, double f2,
                                double f3)
      : start_(grid.ln_t(first)),
        f0_(f0),
        f1_(f1 - f0),
        f2_((f2 - 2 * f1 + f0) / 2),
        f3_((f3 - 3 * (f2 - f1) - f0) / 6) {}
  CULOGME_HOST_DEVICE double operator()(double u) const {
    const double x = (u - start_) * (1 / grid_spacing);
    return f0_ + x * (f1_ + (x - 1) * (f2_ + (x - 2) * f3_));
  }

 private:
  double start_, f0_, f1_, f2_, f3_;
};

template <class Sums>
class EvidenceSolver {
 public:
  CULOGME_HOST_DEVICE EvidenceSolver(const SpectrumScalars& spectrum, const EvidenceGrid& grid,
                                     const TargetScalars& target, const Sums& sums)
      : s_(spectrum), grid_(grid), y_(target), sums_(sums), slope_of_(slope_rule(spectrum, target.square_scale)) {}

  /// True when y is in the span of the features as far as can be known, and rows are left over. r0 far below zero is no
  /// zero but a failure, which solve() reports as unknown.
  CULOGME_HOST_DEVICE bool unbounded() const {
    return grid_.rank_known && slope_of_.rows_are_left && !y_.hidden && std::fabs(y_.residual) <= y_.residual_noise &&
           y_.residual_noise <= exact_fraction(s_) * y_.square;
  }

  CULOGME_HOST_DEVICE EvidencePoint solve() {
    best_ = {TargetStatus::null_limit, evidence_value(y_.square, 0, s_.dof), infinite, y_.square, 0, 0};
    if (s_.rank > 0) {
      if (!slope_of_.rows_are_left) offer(interpolation());
      const std::int64_t first = grid_.visible, last = grid_.points - 1;
      if (sums_.slope(first) <= 0) solve_below();
      for (std::int64_t g = first; g < last; ++g) {
        if (sums_.slope(g) > 0 && sums_.slope(g + 1) <= 0)
          solve_between(grid_.ln_t(g), grid_.ln_t(g + 1), start_between(g));
        else if (g > first && hidden_pair(g))
          refine(g);
      }
      if (sums_.slope(last) > 0 && decreasing_at_infinity()) solve_above();
      if (better_in_noise()) best_.known = false;
    }
    // An r0 that is no larger than its noise may be none, and then the evidence has any height at small t. (The noise
    // of narrow rows is counted far too large for that, unless the evidence grows towards small t.)
    const bool counted = s_.drift == 0 || (s_.rank > 0 && sums_.slope(grid_.visible) <= 0);
    const bool may_be_none = slope_of_.rows_are_left && y_.residual <= y_.residual_noise && counted;
    if (y_.hidden || may_be_none) best_.known = false;
    return best_;
  }

  /// Limit t -> 0 where y'y has no part outside the span: E ~ t A.
  CULOGME_HOST_DEVICE EvidencePoint interpolation() const {
    const SumPair zero = sums_.at_zero();
    return {TargetStatus::interpolation_limit,
            evidence_value(zero.first, zero.second, s_.dof),
            0,
            zero.first,
            static_cast<double>(s_.rank),
            zero.second};
  }

  CULOGME_HOST_DEVICE std::int32_t iterations() const { return iterations_; }

 private:
  /// Where the spectrum is noise the evidence is too; but if even that promises more than what was found, nobody knows.
  /// The same for what y holds in directions that the dual form left out and counts as residual: one of them could hold
  /// all of it, and with an eigenvalue up to what was cut explain as much as is best.
  CULOGME_HOST_DEVICE bool better_in_noise() const {
    const bool left_out = s_.dual && !(s_.factor_error > 0) && y_.residual > 0 && rank() < s_.dof;
    const auto promised = [&](double ln_t, double explained, double log_det) {
      const double most = s_.cut_error * std::exp(-ln_t), best = (s_.dof - 1) * y_.residual / explained - 1;
      const double beside = clamp_to(best, 0.0, most);
      return better(explained + y_.residual / (1 + beside), log_det + std::log1p(beside));
    };
    for (std::int64_t g = 0; g < grid_.points; ++g) {
      const double explained = sums_.error(g), log_det = sums_.grid_log_det(g);
      // E grows with t.
      const bool doubtful = g < grid_.visible || (slope_of_.rows_are_left && y_.residual + explained <= slope_of_.lost);
      if (doubtful && better(larger_of(y_.residual, 0.0) + explained, log_det)) return true;
      if (!left_out) {
        if (!doubtful) break;
        continue;
      }
      if (promised(grid_.ln_t(g), explained, log_det)) return true;
      if (g > 0) continue;
      // Below the grid E is proportional to t.
      const double deepest = std::log(s_.cut_error) - grid_margin - grid_.low;
      for (double moved = -grid_spacing; moved > deepest - grid_spacing; moved -= grid_spacing)
        if (promised(grid_.low + moved, explained * std::exp(moved), log_det - rank() * moved)) return true;
    }
    return false;
  }

  CULOGME_HOST_DEVICE bool better(double error, double log_det) const {
    return evidence_value(error, log_det, s_.dof) > best_.evidence;
  }

  CULOGME_HOST_DEVICE double rank() const { return static_cast<double>(s_.rank); }

  /// A dip of the slope towards zero between points of one sign may hide a maximum and a minimum: when the parabola
  /// through the three points goes to less than half of the middle one.
  CULOGME_HOST_DEVICE bool hidden_pair(std::int64_t g) const {
    double before = sums_.slope(g - 1), here = sums_.slope(g), after = sums_.slope(g + 1);
    if (here <= 0) {
      before = -before;
      here = -here;
      after = -after;
    }
    if (here < 0 || before < here || after < here) return false;
    const double difference = after - before, curve = before - 2 * here + after;
    return curve > 0 && here - difference * difference / (8 * curve) < 0.5 * here;
  }

  /// The two cells around point g again at an eighth of the spacing.
  CULOGME_HOST_DEVICE void refine(std::int64_t g) {
    constexpr int pieces = 16;
    double from = grid_.ln_t(g - 1), from_slope = sums_.slope(g - 1);
    for (int piece = 1; piece <= pieces; ++piece) {
      const double to = grid_.ln_t(g - 1) + 2 * grid_spacing * piece / pieces;
      const double to_slope = slope_at(to);
      if (from_slope > 0 && to_slope <= 0) solve_between(from, to, 0.5 * (from + to));
      from = to;
      from_slope = to_slope;
    }
  }

  CULOGME_HOST_DEVICE double slope_at(double ln_t) {
    const EvidenceTerms terms = sums_.terms(std::exp(ln_t));
    ++iterations_;
    return slope_of_(terms.gamma, y_.residual + terms.error, terms.error_slope);
  }

  /// Root of the cubic through the slopes at four grid points around the bracket, so that Newton starts close.
  CULOGME_HOST_DEVICE double start_between(std::int64_t g) const {
    const std::int64_t first = clamp_to<std::int64_t>(g - 1, 0, grid_.points - 4);
    const GridCubic cubic(grid_, first, sums_.slope(first), sums_.slope(first + 1), sums_.slope(first + 2),
                          sums_.slope(first + 3));
    double low = grid_.ln_t(g), high = grid_.ln_t(g + 1);
    for (int step = 0; step < 20; ++step) (cubic(0.5 * (low + high)) > 0 ? low : high) = 0.5 * (low + high);
    return 0.5 * (low + high);
  }

  /// At t -> infinity the slope is c / t with c = sum sigma - n sum sigma x2 / y'y.
  CULOGME_HOST_DEVICE bool decreasing_at_infinity() const {
    const SumPair infinity = sums_.at_infinity();
    return infinity.first * y_.square < s_.dof * infinity.second;
  }

  /// Decreasing at the low end: with r0 > 0 the evidence falls again as t -> 0, since rank < n; the maximum lies near
  /// t = rank r0 / (A (n - rank)).
  CULOGME_HOST_DEVICE void solve_below() {
    if (!slope_of_.rows_are_left) {
      solve_above_zero();
      return;
    }
    if (y_.residual <= y_.residual_noise) {
      // There is a maximum below what can be known: solve() says so.
      const std::int64_t first = grid_.visible;
      offer(interior(std::exp(grid_.ln_t(first)), y_.residual + sums_.error(first), sums_.gamma(first)));
      return;
    }
    const double rank = static_cast<double>(s_.rank), high = grid_.ln_t(grid_.visible);
    const double guess = std::log(rank * y_.residual) - std::log(sums_.at_zero().first * (s_.dof - rank));
    double low = smaller_of(guess, high) - 2;
    for (int step = 0; step < 60 && slope_at(low) <= 0; ++step) low -= 2 << smaller_of(step, 5);
    solve_between(low, high, smaller_of(guess, 0.5 * (low + high)));
  }

  /// With rank = n the slope is t (n sum x2 / sigma^2 / A - sum 1 / sigma) as t -> 0: where that is positive, the
  /// interpolation limit is no maximum, and there is one before the slope is negative.
  CULOGME_HOST_DEVICE void solve_above_zero() {
    const SumPair inverse = sums_.inverse();
    if (s_.dof * inverse.second <= inverse.first * sums_.at_zero().first) return;
    const double high = grid_.ln_t(grid_.visible);
    double low = high - 2;
    int step = 0;
    for (; step < 60 && slope_at(low) <= 0; ++step) low -= 2;
    if (step < 60) solve_between(low, high, 0.5 * (low + high));
  }

  CULOGME_HOST_DEVICE void solve_above() {
    const double low = grid_.ln_t(grid_.points - 1);
    double high = low + 2;
    for (int step = 0; step < 60 && slope_at(high) > 0; ++step) high += 2 << smaller_of(step, 5);
    solve_between(low, high, 0.5 * (low + high));
  }

  /// Newton on the slope in u = ln t, kept inside the bracket by bisection and short by the step cap.
  CULOGME_HOST_DEVICE void solve_between(double low, double high, double u) {
    for (int step = 0; step < most_iterations; ++step) {
      const EvidenceTerms terms = sums_.terms(std::exp(u));
      ++iterations_;
      const double e = y_.residual + terms.error, ratio = terms.error_slope / e;
      const double value = slope_of_(terms.gamma, e, terms.error_slope);
      const double derivative = -terms.gamma_slope - s_.dof * (terms.error_curve / e - ratio * ratio);
      (value > 0 ? low : high) = u;
      double next = derivative < 0 && e > 0 ? u - clamp_to(value / derivative, -largest_step, largest_step) : low - 1;
      const bool newton = next >= low && next <= high;
      if (!newton) next = 0.5 * (low + high);
      const double move = next - u;
      u = next;
      const bool collapsed = high - low <= 4 * u64 * larger_of(1.0, std::fabs(u));
      if ((newton && std::fabs(move) <= last_step) || collapsed) {
        const double moved = e + move * (terms.error_slope + 0.5 * move * terms.error_curve);
        offer(interior(std::exp(u), moved, terms.gamma - terms.gamma_slope * move));
        return;
      }
    }
    const double t = std::exp(u);
    const EvidenceTerms terms = sums_.terms(t);
    offer(interior(t, y_.residual + terms.error, terms.gamma));
  }

  CULOGME_HOST_DEVICE EvidencePoint interior(double t, double e, double gamma) const {
    const double log_det = sums_.log_det(t);
    return {TargetStatus::interior, evidence_value(e, log_det, s_.dof), t, e, gamma, log_det};
  }

  /// A limit keeps its place against an interior point that is only better by rounding.
  CULOGME_HOST_DEVICE void offer(const EvidencePoint& candidate) {
    const double rounding =
        best_.status == TargetStatus::interior
            ? 0
            : 16 * u64 *
                  (1 + std::fabs(best_.evidence) + (std::fabs(candidate.log_det) + std::fabs(best_.log_det)) / s_.dof);
    const bool finite = std::fabs(candidate.evidence) <= DBL_MAX && candidate.error > 0;
    if (finite && candidate.evidence > best_.evidence + rounding) best_ = candidate;
  }

  const SpectrumScalars& s_;
  const EvidenceGrid& grid_;
  const TargetScalars& y_;
  const Sums& sums_;
  const SlopeRule slope_of_;
  EvidencePoint best_;
  std::int32_t iterations_ = 0;
};

/// A target without rows or without spread has no evidence; its sums are not asked for.
CULOGME_HOST_DEVICE inline bool is_empty_target(std::int64_t rows, double square) { return rows == 0 || !(square > 0); }

/// The maximum of a target that is not empty.
template <class Sums>
CULOGME_HOST_DEVICE EvidenceResult maximise_target(const SpectrumScalars& spectrum, const EvidenceGrid& grid,
                                                   const TargetScalars& target, const Sums& sums) {
  EvidenceResult result;
  result.square = target.square;
  result.square_scale = target.square_scale;
  result.lost = target.lost;
  result.residual_noise = target.residual_noise;
  EvidenceSolver<Sums> solver(spectrum, grid, target, sums);
  if (spectrum.rank > 0 && solver.unbounded()) {
    result.point = solver.interpolation();
    result.point.status = TargetStatus::unbounded;
    return result;
  }
  result.point = solver.solve();
  result.iterations = solver.iterations();
  if (result.point.status == TargetStatus::interpolation_limit) {
    const SumPair inverse = sums.inverse();
    result.inverse_sum = inverse.first;
    result.weight_sum = inverse.second;
  }
  return result;
}

}  // namespace culogme::detail
