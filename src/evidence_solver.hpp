#pragma once

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

#include "evidence_grid.hpp"
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

inline constexpr double largest_step = 3;
inline constexpr int most_iterations = 200;
/// A Newton step this small leaves an error of its square in ln t, and of its cube in E, which moves along with two
/// terms.
inline constexpr double last_step = 1e-5;

/// -1/2 [ln(2 pi E / n) + 1 + ln det / n]: log evidence per row with beta eliminated.
CULOGME_HOST_DEVICE inline double evidence_value(double error, double log_det, double dof) {
  return -0.5 * (std::log(2 * std::numbers::pi * error / dof) + 1 + log_det / dof);
}

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
      if (has_interpolation()) offer(interpolation());
      const std::int64_t first = grid_.visible, last = grid_.points - 1;
      solve_below();
      for (std::int64_t g = first; g < last; ++g) {
        const SlopeCell cell = cell_at(g);
        if (cell.may_hide_maximum(rounding()) || unlike_in_middle(g, cell))
          refine(g);
        else if (cell.has_maximum())
          solve_between(grid_.ln_t(g), grid_.ln_t(g + 1), grid_.ln_t(g) + grid_spacing * cell.root());
      }
      if (sums_.slope(last) > 0 && decreasing_at_infinity()) solve_above();
      if (better_in_noise()) best_.known = false;
    }
    // An r0 that is no larger than its noise may be none, and then the evidence has any height at small t.
    const bool may_be_none = slope_of_.rows_are_left && y_.residual <= y_.residual_noise;
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

  /// The best interior maximum that solve() did not take; empty if there is none.
  CULOGME_HOST_DEVICE const EvidencePoint& other() const { return other_; }

  CULOGME_HOST_DEVICE bool has_interpolation() const { return s_.rank > 0 && !slope_of_.rows_are_left; }

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

  /// Between points g and g + 1, from the two and one on either side (at the ends of the grid on one).
  CULOGME_HOST_DEVICE SlopeCell cell_at(std::int64_t g) const {
    const std::int64_t first = grid_.visible, last = grid_.points - 1;
    const double start = sums_.slope(g), end = sums_.slope(g + 1);
    const double before = g > first ? sums_.slope(g - 1) - 2 * start + end : 0;
    const double after = g + 1 < last ? start - 2 * end + sums_.slope(g + 2) : before;
    return {start, end, g > first ? before : after, after};
  }

  /// What the slope may be by the rounding errors of its sums alone.
  CULOGME_HOST_DEVICE double rounding() const { return larger_of(32.0, rank() / 4) * u64 * s_.dof; }

  /// Where the slope is no larger than what the grid cannot see (at both ends, if it has a maximum between them), one
  /// look between its points tells more.
  CULOGME_HOST_DEVICE bool unlike_in_middle(std::int64_t g, const SlopeCell& cell) {
    const double start = std::fabs(cell.start), end = std::fabs(cell.end);
    const double size = cell.has_maximum() ? larger_of(start, end) : smaller_of(start, end);
    if (size > unseen_share * sums_.gamma(g) || size <= rounding()) return false;
    const double expected = cell(0.5), found = slope_at(grid_.ln_t(g) + 0.5 * grid_spacing).value;
    return expected > 0 ? found < 0.5 * expected : found > 0.5 * expected;
  }

  /// The cell between points g and g + 1 again, from the slope and its derivative, halved where it may hide a maximum.
  CULOGME_HOST_DEVICE void refine(std::int64_t g) {
    // A pair of maxima that is still hidden in a piece of the smallest size is of the order of that size to the fourth,
    // 1e-12, of the evidence. Where the slope is no smooth function (E is lost in rounding) there is no end to halving.
    constexpr int most_pieces = 1024, most_evaluations = 64;
    const double low = grid_.ln_t(g), piece = grid_spacing / most_pieces;
    // The signs at the ends are those of the grid, on which the cells beside this one rely.
    SlopePoint from = {sums_.slope(g), slope_at(low).derivative};
    const std::int32_t enough = iterations_ + most_evaluations;
    for (int at = 0, size = most_pieces; at < most_pieces;) {
      const double start = low + piece * at, width = piece * size;
      SlopePoint to = slope_at(start + width);
      if (at + size == most_pieces) to.value = sums_.slope(g + 1);
      const SlopeCell cell = hermite_cell(from.value, width * from.derivative, to.value, width * to.derivative);
      if (size > 1 && iterations_ < enough && cell.may_hide_maximum(rounding())) {
        size /= 2;
        continue;
      }
      if (cell.has_maximum()) solve_between(start, start + width, start + width * cell.root());
      from = to;
      at += size;
      size = at & -at;  // the largest piece that halving can make there
    }
  }

  /// 2 n dL / d ln t and its derivative in ln t.
  struct SlopePoint {
    double value, derivative;
  };

  CULOGME_HOST_DEVICE SlopePoint slope_point(const EvidenceTerms& terms, double error) const {
    const double ratio = terms.error_slope / error;
    return {slope_of_(terms.gamma, error, terms.error_slope),
            -terms.gamma_slope - s_.dof * (terms.error_curve / error - ratio * ratio)};
  }

  CULOGME_HOST_DEVICE SlopePoint slope_at(double ln_t) {
    const EvidenceTerms terms = sums_.terms(std::exp(ln_t));
    ++iterations_;
    return slope_point(terms, y_.residual + terms.error);
  }

  /// At t -> infinity the slope is c / t with c = sum sigma - n sum sigma x2 / y'y.
  CULOGME_HOST_DEVICE bool decreasing_at_infinity() const {
    const SumPair infinity = sums_.at_infinity();
    return infinity.first * y_.square < s_.dof * infinity.second;
  }

  /// With r0 > 0 the evidence falls as t -> 0, since rank < n. Where E ~ r0 + A t it has its maximum at
  /// t = rank r0 / (A (n - rank)).
  CULOGME_HOST_DEVICE void solve_below() {
    const std::int64_t first = grid_.visible;
    const bool decreasing = sums_.slope(first) <= 0;
    if (!slope_of_.rows_are_left) {
      if (decreasing) solve_above_zero();
      return;
    }
    if (y_.residual <= y_.residual_noise) {
      // There is a maximum below what can be known: solve() says so.
      if (decreasing)
        offer(interior(std::exp(grid_.ln_t(first)), y_.residual + sums_.error(first), sums_.gamma(first)));
      return;
    }
    const double left = s_.dof - rank();
    if (!decreasing && rank() * y_.residual >= left * sums_.error(first)) return;
    const double weights = sums_.at_zero().first;
    const double guess = std::log(rank() * y_.residual) - std::log(weights * left);
    double high = grid_.ln_t(first);
    if (!decreasing) {
      // With the next terms the slope is rank - n + n r0 / (A t) + c t, c = n sum x2 / sigma^2 / A - sum 1 / sigma, and
      // may be positive at the first point, but not where it is least. (Without growth it is still later terms.)
      const SumPair inverse = sums_.inverse();
      const double growth = s_.dof * inverse.second / weights - inverse.first;
      const double least = 0.5 * std::log(s_.dof * y_.residual / (weights * growth));
      high = growth > 0 ? smaller_of(high, least) : 0.5 * (guess + high);
      if (slope_at(high).value > 0) return;
    }
    double low = smaller_of(guess, high) - 2;
    for (int step = 0; step < 60 && slope_at(low).value <= 0; ++step) low -= 2 << smaller_of(step, 5);
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
    for (; step < 60 && slope_at(low).value <= 0; ++step) low -= 2;
    if (step < 60) solve_between(low, high, 0.5 * (low + high));
  }

  CULOGME_HOST_DEVICE void solve_above() {
    const double low = grid_.ln_t(grid_.points - 1);
    double high = low + 2;
    for (int step = 0; step < 60 && slope_at(high).value > 0; ++step) high += 2 << smaller_of(step, 5);
    solve_between(low, high, 0.5 * (low + high));
  }

  /// Newton on the slope in u = ln t, kept inside the bracket by bisection and short by the step cap.
  CULOGME_HOST_DEVICE void solve_between(double low, double high, double u) {
    for (int step = 0; step < most_iterations; ++step) {
      const EvidenceTerms terms = sums_.terms(std::exp(u));
      ++iterations_;
      const double e = y_.residual + terms.error;
      const auto [value, derivative] = slope_point(terms, e);
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
    if (!finite) return;
    const bool taken = candidate.evidence > best_.evidence + rounding;
    const EvidencePoint loser = taken ? best_ : candidate;
    if (taken) best_ = candidate;
    const bool first = other_.status == TargetStatus::empty;
    if (loser.status == TargetStatus::interior && (first || loser.evidence > other_.evidence)) other_ = loser;
  }

  const SpectrumScalars& s_;
  const EvidenceGrid& grid_;
  const TargetScalars& y_;
  const Sums& sums_;
  const SlopeRule slope_of_;
  EvidencePoint best_, other_;
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
  result.other = solver.other();
  if (solver.has_interpolation()) {
    result.limit = solver.interpolation();
    const SumPair inverse = sums.inverse();
    result.inverse_sum = inverse.first;
    result.weight_sum = inverse.second;
  }
  return result;
}

}  // namespace culogme::detail
