#include "cpu/evidence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "cpu/blas.hpp"
#include "cpu/evidence_terms.hpp"
#include "cpu/parallel.hpp"
#include "error_bound.hpp"
#include "rounding.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Beyond exp(margin) times the extreme eigenvalues the evidence has two-term asymptotes and at most one more maximum.
constexpr double margin = 4;
/// The bound on the errors of the spectrum is this much larger than the errors are; below that E is noise.
constexpr double bound_slack = 16;
constexpr double spacing = 1;  // of the grid in ln t; the sums vary on the scale 1
constexpr double largest_step = 3;
constexpr int most_iterations = 200;
/// A Newton step this small leaves an error of its square in ln t, and of its cube in E, which moves along with two
/// terms.
constexpr double last_step = 1e-5;
constexpr std::int64_t targets_per_block = 64;

/// -1/2 [ln(2 pi E / n) + 1 + ln det / n]: log evidence per row with beta eliminated.
double evidence_value(double error, double log_det, double dof) {
  return -0.5 * (std::log(2 * std::numbers::pi * error / dof) + 1 + log_det / dof);
}

/// The grid and what all targets share on it.
struct Grid {
  std::vector<double> ln_t, gamma, log_det;
  std::vector<double> weights;  ///< [2 G][rank]: w, then a w, of every grid point
  std::int64_t visible = 0;     ///< first point at which the errors of the spectrum leave E known
  std::int64_t size() const { return static_cast<std::int64_t>(ln_t.size()); }
};

Grid make_grid(const Spectrum& s) {
  Grid grid;
  const double low = std::log(s.eigenvalues.front()) - margin, high = std::log(s.eigenvalues.back()) + margin;
  const auto points = static_cast<std::int64_t>(std::ceil((high - low) / spacing)) + 1;
  grid.weights.resize(size_of(2 * points * s.rank));
  for (std::int64_t g = 0; g < points; ++g) {
    const double ln_t = low + spacing * static_cast<double>(g), t = std::exp(ln_t);
    double* const w = grid.weights.data() + g * s.rank;
    double* const aw = w + points * s.rank;
    double gamma = 0;
    for (std::int64_t i = 0; i < s.rank; ++i) {
      const double inverse = 1 / (s.eigenvalues[size_of(i)] + t), a = s.eigenvalues[size_of(i)] * inverse;
      w[i] = t * inverse;
      aw[i] = a * w[i];
      gamma += a;
    }
    grid.ln_t.push_back(ln_t);
    grid.gamma.push_back(gamma);
    grid.log_det.push_back(log_determinant(s.eigenvalues.data(), s.rank, t));
  }
  const bool all_known = s.eigenvalues.front() >= 10 * s.norm_error;
  while (!all_known && grid.visible < points - 2 &&
         std::exp(grid.ln_t[size_of(grid.visible)]) < s.norm_error / bound_slack)
    ++grid.visible;
  return grid;
}

class TargetSolver {
 public:
  TargetSolver(const Spectrum& spectrum, const Grid& grid, std::int64_t target, const double* on_grid)
      : s_(spectrum),
        grid_(grid),
        x2_(spectrum.projections.data() + target * spectrum.rank),
        on_grid_(on_grid),
        square_(spectrum.square[size_of(target)]),
        residual_(spectrum.residual[size_of(target)]),
        noise_(spectrum.residual_noise[size_of(target)]),
        lost_(spectrum.square_error * spectrum.square_scale[size_of(target)]),
        hidden_(spectrum.hidden[size_of(target)] != 0) {}

  /// True when y is in the span of the features as far as can be known, and rows are left over. r0 far below zero is no
  /// zero but a failure, which solve() reports as unknown.
  /// Where the eigenvalues sink into the noise without a gap, nobody knows that no more of them are left for y.
  bool unbounded() const {
    constexpr double gap = 1000;
    const bool rank_known =
        s_.rank >= std::min(s_.features, s_.rows_total) || s_.eigenvalues.front() >= gap * s_.norm_error;
    return rank_known && rows_are_left() && !hidden_ && std::fabs(residual_) <= noise_ &&
           noise_ <= std::sqrt(u64) * square_;
  }

  EvidencePoint solve() {
    best_ = {TargetStatus::null_limit, evidence_value(square_, 0, s_.dof), infinity, square_, 0, 0};
    if (s_.rank > 0) {
      if (!rows_are_left()) offer(interpolation());
      const std::int64_t first = grid_.visible, last = grid_.size() - 1;
      if (slope(first) <= 0) solve_below();
      for (std::int64_t g = first; g < last; ++g) {
        if (slope(g) > 0 && slope(g + 1) <= 0)
          solve_between(grid_.ln_t[size_of(g)], grid_.ln_t[size_of(g + 1)], start_between(g));
        else if (g > first && hidden_pair(g))
          refine(g);
      }
      if (slope(last) > 0 && decreasing_at_infinity()) solve_above();
      if (better_in_noise()) best_.known = false;
    }
    if (hidden_) best_.known = false;
    return best_;
  }

  /// Limit t -> 0 where y'y has no part outside the span: E ~ t A.
  EvidencePoint interpolation() const {
    double a = 0, log_det = 0;
    for (std::int64_t i = 0; i < s_.rank; ++i) {
      a += x2_[i] / s_.eigenvalues[size_of(i)];
      log_det += std::log(s_.eigenvalues[size_of(i)]);
    }
    return {TargetStatus::interpolation_limit,
            evidence_value(a, log_det, s_.dof),
            0,
            a,
            static_cast<double>(s_.rank),
            log_det};
  }

  int iterations() const { return iterations_; }

 private:
  bool rows_are_left() const { return static_cast<double>(s_.rank) < s_.dof; }

  /// 2 n dL / d ln t: positive where the evidence increases with t. Where E is lost in rounding t is too small.
  double slope_of(double gamma, double error, double error_slope) const {
    return error > lost_ || !rows_are_left() ? gamma - s_.dof * error_slope / error : gamma;
  }
  double slope(std::int64_t g) const {
    return slope_of(grid_.gamma[size_of(g)], residual_ + on_grid_[g], on_grid_[grid_.size() + g]);
  }

  /// Where the spectrum is noise the evidence is too; but if even that promises more than what was found, nobody knows.
  bool better_in_noise() const {
    for (std::int64_t g = 0; g < grid_.visible; ++g) {
      const double error = residual_ + on_grid_[g];
      if (error > lost_ && evidence_value(error, grid_.log_det[size_of(g)], s_.dof) > best_.evidence) return true;
    }
    return false;
  }

  /// A dip of the slope towards zero between points of one sign may hide a maximum and a minimum: when the parabola
  /// through the three points goes to less than half of the middle one.
  bool hidden_pair(std::int64_t g) const {
    double before = slope(g - 1), here = slope(g), after = slope(g + 1);
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
  void refine(std::int64_t g) {
    constexpr int pieces = 16;
    double from = grid_.ln_t[size_of(g - 1)], from_slope = slope(g - 1);
    for (int piece = 1; piece <= pieces; ++piece) {
      const double to = grid_.ln_t[size_of(g - 1)] + 2 * spacing * piece / pieces;
      const double to_slope = slope_at(to);
      if (from_slope > 0 && to_slope <= 0) solve_between(from, to, 0.5 * (from + to));
      from = to;
      from_slope = to_slope;
    }
  }

  double slope_at(double ln_t) {
    const EvidenceTerms terms = evidence_terms(s_.eigenvalues.data(), x2_, s_.rank, std::exp(ln_t));
    ++iterations_;
    return slope_of(terms.gamma, residual_ + terms.error, terms.error_slope);
  }

  /// Root of the cubic through the slopes at four grid points around the bracket, so that Newton starts close.
  double start_between(std::int64_t g) const {
    const std::int64_t first = std::clamp<std::int64_t>(g - 1, 0, std::max<std::int64_t>(grid_.size() - 4, 0));
    const int count = static_cast<int>(std::min<std::int64_t>(4, grid_.size()));
    const auto cubic = [&](double u) {
      double sum = 0;
      for (int i = 0; i < count; ++i) {
        double basis = slope(first + i);
        for (int j = 0; j < count; ++j)
          if (j != i)
            basis *= (u - grid_.ln_t[size_of(first + j)]) /
                     (grid_.ln_t[size_of(first + i)] - grid_.ln_t[size_of(first + j)]);
        sum += basis;
      }
      return sum;
    };
    double low = grid_.ln_t[size_of(g)], high = grid_.ln_t[size_of(g + 1)];
    for (int step = 0; step < 20; ++step) (cubic(0.5 * (low + high)) > 0 ? low : high) = 0.5 * (low + high);
    return 0.5 * (low + high);
  }

  /// At t -> infinity the slope is c / t with c = sum sigma - n sum sigma x2 / y'y.
  bool decreasing_at_infinity() const {
    double trace = 0, weighted = 0;
    for (std::int64_t i = 0; i < s_.rank; ++i) {
      trace += s_.eigenvalues[size_of(i)];
      weighted += s_.eigenvalues[size_of(i)] * x2_[i];
    }
    return trace * square_ < s_.dof * weighted;
  }

  /// Decreasing at the low end: with r0 > 0 the evidence falls again as t -> 0, since rank < n; the maximum lies near
  /// t = rank r0 / (A (n - rank)).
  void solve_below() {
    if (!rows_are_left()) return;  // the interpolation limit is the end of this branch
    if (residual_ <= noise_) {     // the maximum lies below what can be known
      const std::int64_t first = grid_.visible;
      EvidencePoint end =
          interior(std::exp(grid_.ln_t[size_of(first)]), residual_ + on_grid_[first], grid_.gamma[size_of(first)]);
      end.known = false;
      offer(end);
      return;
    }
    const double rank = static_cast<double>(s_.rank), high = grid_.ln_t[size_of(grid_.visible)];
    const double guess = std::log(rank * residual_) - std::log(interpolation().error * (s_.dof - rank));
    double low = std::min(guess, high) - 2;
    for (int step = 0; step < 60 && slope_at(low) <= 0; ++step) low -= 2 << std::min(step, 5);
    solve_between(low, high, std::min(guess, 0.5 * (low + high)));
  }

  void solve_above() {
    const double low = grid_.ln_t.back();
    double high = low + 2;
    for (int step = 0; step < 60 && slope_at(high) > 0; ++step) high += 2 << std::min(step, 5);
    solve_between(low, high, 0.5 * (low + high));
  }

  /// Newton on the slope in u = ln t, kept inside the bracket by bisection and short by the step cap.
  void solve_between(double low, double high, double u) {
    for (int step = 0; step < most_iterations; ++step) {
      const double t = std::exp(u);
      const EvidenceTerms terms = evidence_terms(s_.eigenvalues.data(), x2_, s_.rank, t);
      ++iterations_;
      const double e = residual_ + terms.error, ratio = terms.error_slope / e;
      const double value = slope_of(terms.gamma, e, terms.error_slope);
      const double derivative = -terms.gamma_slope - s_.dof * (terms.error_curve / e - ratio * ratio);
      (value > 0 ? low : high) = u;
      double next = derivative < 0 && e > 0 ? u - std::clamp(value / derivative, -largest_step, largest_step) : low - 1;
      const bool newton = next >= low && next <= high;
      if (!newton) next = 0.5 * (low + high);
      const double move = next - u;
      u = next;
      const bool collapsed = high - low <= 4 * u64 * std::max(1.0, std::fabs(u));
      if ((newton && std::fabs(move) <= last_step) || collapsed) {
        const double moved = e + move * (terms.error_slope + 0.5 * move * terms.error_curve);
        offer(interior(std::exp(u), moved, terms.gamma - terms.gamma_slope * move));
        return;
      }
    }
    const double t = std::exp(u);
    const EvidenceTerms terms = evidence_terms(s_.eigenvalues.data(), x2_, s_.rank, t);
    offer(interior(t, residual_ + terms.error, terms.gamma));
  }

  EvidencePoint interior(double t, double e, double gamma) const {
    const double log_det = log_determinant(s_.eigenvalues.data(), s_.rank, t);
    return {TargetStatus::interior, evidence_value(e, log_det, s_.dof), t, e, gamma, log_det};
  }

  /// A limit keeps its place against an interior point that is only better by rounding.
  void offer(const EvidencePoint& candidate) {
    const double rounding =
        best_.status == TargetStatus::interior
            ? 0
            : 16 * u64 *
                  (1 + std::fabs(best_.evidence) + (std::fabs(candidate.log_det) + std::fabs(best_.log_det)) / s_.dof);
    const bool finite = std::isfinite(candidate.evidence) && candidate.error > 0;
    if (finite && candidate.evidence > best_.evidence + rounding) best_ = candidate;
  }

  const Spectrum& s_;
  const Grid& grid_;
  const double* x2_;
  const double* on_grid_;
  double square_, residual_, noise_, lost_;
  bool hidden_;
  EvidencePoint best_;
  int iterations_ = 0;
};

/// alpha, beta and the evidence of the original features and targets: F = 2^e F', y = 2^f y'.
void set_unscaled(TargetFit& fit, const Spectrum& s, std::int64_t target, double evidence, double alpha, double beta) {
  const int f = s.target_exponent.empty() ? 0 : s.target_exponent[size_of(target)];
  fit.evidence = evidence - f * std::numbers::ln2;
  fit.null_evidence = evidence_value(s.square[size_of(target)], 0, s.dof) - f * std::numbers::ln2;
  fit.alpha = std::ldexp(alpha, 2 * (s.exponent - f));
  fit.beta = std::ldexp(beta, -2 * f);
}

TargetFit unbounded_fit(const Spectrum& s, std::int64_t target, const TargetSolver& solver) {
  TargetFit fit;
  EvidencePoint point = solver.interpolation();
  fit.status = point.status = TargetStatus::unbounded;
  fit.gamma = point.gamma;
  fit.error_bound = error_bound(s, target, point, nullptr);
  set_unscaled(fit, s, target, infinity, point.gamma / point.error, infinity);
  return fit;
}

TargetFit fit_target(const Spectrum& s, const Grid& grid, std::int64_t target, const double* on_grid) {
  TargetFit fit;
  if (s.rows[size_of(target)] == 0 || !(s.square[size_of(target)] > 0)) return fit;
  TargetSolver solver(s, grid, target, on_grid);
  if (s.rank > 0 && solver.unbounded()) return unbounded_fit(s, target, solver);
  const EvidencePoint point = solver.solve();
  fit.status = point.status;
  fit.iterations = solver.iterations();
  fit.gamma = point.gamma;
  fit.error_bound = error_bound(s, target, point, s.projections.data() + target * s.rank);
  double alpha = infinity, beta = s.dof / point.error;
  if (point.status == TargetStatus::interior) alpha = point.t * beta;
  // E = t A, so beta = n / (t A) grows without limit while alpha = t beta stays.
  if (point.status == TargetStatus::interpolation_limit) {
    alpha = s.dof / point.error;
    beta = infinity;
  }
  set_unscaled(fit, s, target, point.evidence, alpha, beta);
  return fit;
}

}  // namespace

std::vector<TargetFit> maximise_evidence(const Spectrum& s, int threads) {
  const auto targets = static_cast<std::int64_t>(s.square.size());
  std::vector<TargetFit> fits(size_of(targets));
  const Grid grid = s.rank > 0 ? make_grid(s) : Grid{};
  const std::int64_t width = 2 * grid.size();
  const BlasThreads one_per_worker(1);
  parallel_for(threads, targets, targets_per_block, [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> on_grid(size_of(width * (end - begin)));
    if (s.rank > 0)
      gemm(true, false, width, end - begin, s.rank, grid.weights.data(), s.rank, s.projections.data() + begin * s.rank,
           s.rank, 0, on_grid.data(), width);
    for (std::int64_t target = begin; target < end; ++target)
      fits[size_of(target)] = fit_target(s, grid, target, on_grid.data() + (target - begin) * width);
  });
  return fits;
}

}  // namespace culogme::detail
