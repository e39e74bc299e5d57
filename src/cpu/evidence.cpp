#include "cpu/evidence.hpp"

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "cpu/blas.hpp"
#include "cpu/evidence_terms.hpp"
#include "cpu/grid_sums.hpp"
#include "cpu/parallel.hpp"
#include "evidence_solver.hpp"
#include "target_fit.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr std::int64_t targets_per_block = 32;

/// The grid and the sums that all targets share on it.
struct SharedGrid : EvidenceGrid {
  std::vector<double> gamma, log_det;
  GridSums sums;  ///< of w, then of a w, at every grid point: 2 points rows
};

SharedGrid make_grid(const Spectrum& s) {
  SharedGrid grid{evidence_grid(s, s.eigenvalues.front(), s.eigenvalues.back()), {}, {}, {}};
  AlignedVector<double> weights(size_of(2 * grid.points * s.rank));
  for (std::int64_t g = 0; g < grid.points; ++g) {
    const double t = std::exp(grid.ln_t(g));
    double* const w = weights.data() + g * s.rank;
    double* const aw = w + grid.points * s.rank;
    double gamma = 0;
    for (std::int64_t i = 0; i < s.rank; ++i) {
      const double inverse = 1 / (s.eigenvalues[size_of(i)] + t), a = s.eigenvalues[size_of(i)] * inverse;
      w[i] = t * inverse;
      aw[i] = a * w[i];
      gamma += a;
    }
    grid.gamma.push_back(gamma);
    grid.log_det.push_back(log_determinant(s.eigenvalues.data(), s.rank, t));
  }
  grid.sums = GridSums(std::move(weights), 2 * grid.points, s.rank);
  return grid;
}

/// The sums of one target, from vectors in host memory; those on the grid were added up for many targets at once.
class HostSums {
 public:
  HostSums(const Spectrum& spectrum, const SharedGrid& grid, std::int64_t target, const double* on_grid)
      : s_(spectrum),
        grid_(grid),
        x2_(spectrum.projections.data() + target * spectrum.rank),
        on_grid_(on_grid),
        residual_(spectrum.targets[size_of(target)].residual),
        slope_of_(slope_rule(spectrum, spectrum.targets[size_of(target)].square_scale)) {}

  EvidenceTerms terms(double t) const { return evidence_terms(s_.eigenvalues.data(), x2_, s_.rank, t); }
  double log_det(double t) const { return log_determinant(s_.eigenvalues.data(), s_.rank, t); }
  double gamma(std::int64_t g) const { return grid_.gamma[size_of(g)]; }
  double error(std::int64_t g) const { return on_grid_[g]; }
  double slope(std::int64_t g) const {
    return slope_of_(gamma(g), residual_ + on_grid_[g], on_grid_[grid_.points + g]);
  }
  double grid_log_det(std::int64_t g) const { return grid_.log_det[size_of(g)]; }

  SumPair at_zero() const {
    return over_all([](double sigma, double x2) { return SumPair{x2 / sigma, std::log(sigma)}; });
  }
  SumPair at_infinity() const {
    return over_all([](double sigma, double x2) { return SumPair{sigma, sigma * x2}; });
  }
  SumPair inverse() const {
    return over_all([](double sigma, double x2) { return SumPair{1 / sigma, x2 / (sigma * sigma)}; });
  }

 private:
  template <class Term>
  SumPair over_all(const Term& term) const {
    SumPair sum;
    for (std::int64_t i = 0; i < s_.rank; ++i) {
      const SumPair value = term(s_.eigenvalues[size_of(i)], x2_[i]);
      sum.first += value.first;
      sum.second += value.second;
    }
    return sum;
  }

  const Spectrum& s_;
  const SharedGrid& grid_;
  const double* x2_;
  const double* on_grid_;
  double residual_;
  SlopeRule slope_of_;
};

TargetFit fit_target(const Spectrum& s, const SharedGrid& grid, std::int64_t target, const double* on_grid) {
  const TargetScalars& y = s.targets[size_of(target)];
  if (is_empty_target(s.rows[size_of(target)], y.square)) return {};
  const EvidenceResult result = maximise_target(s, grid, y, HostSums(s, grid, target, on_grid));
  const Exponents exponents{s.exponent, s.target_exponent.empty() ? 0 : s.target_exponent[size_of(target)]};
  return make_fit(s, s.rank > 0 ? s.eigenvalues.front() : 0, s.rank > 0 ? s.eigenvalues.back() : 0, exponents, result);
}

}  // namespace

std::vector<TargetFit> maximise_evidence(const Spectrum& s, int threads) {
  const auto targets = static_cast<std::int64_t>(s.targets.size());
  std::vector<TargetFit> fits(size_of(targets));
  const SharedGrid grid = s.rank > 0 ? make_grid(s) : SharedGrid{};
  const std::int64_t width = grid.sums.rows();
  const BlasThreads one_per_worker(1);
  parallel_for(threads, targets, targets_per_block, [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> on_grid(size_of(width * (end - begin)));
    if (s.rank > 0) grid.sums.add_up(s.projections.data() + begin * s.rank, end - begin, on_grid.data());
    for (std::int64_t target = begin; target < end; ++target)
      fits[size_of(target)] = fit_target(s, grid, target, on_grid.data() + (target - begin) * width);
  });
  return fits;
}

}  // namespace culogme::detail
