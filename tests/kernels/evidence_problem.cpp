#include "evidence_problem.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cpu/spectrum.hpp"
#include "support/data.hpp"
#include "support/tolerance.hpp"

namespace kernel_test {
namespace {

using culogme::TargetFit;
using culogme::TargetStatus;
using culogme::detail::Spectrum;

void set_eigenvalues(Problem& problem, std::int64_t size, double least, std::int64_t noisy) {
  const std::int64_t kept = size - noisy;
  for (std::int64_t i = 0; i < noisy; ++i)
    problem.eigenvalues.push_back(1e-18 * static_cast<double>(i - noisy / 2));  // rounding has both signs
  for (std::int64_t i = 0; i < kept; ++i) {
    const double place = kept == 1 ? 1 : static_cast<double>(i) / static_cast<double>(kept - 1);
    problem.eigenvalues.push_back(std::pow(least, 1 - place));
  }
  problem.source.trace_before = problem.source.trace_after =
      std::accumulate(problem.eigenvalues.begin(), problem.eigenvalues.end(), 0.0);
}

}  // namespace

Problem primal(std::int64_t size, std::int64_t rows, double least, std::int64_t noisy) {
  Problem problem;
  problem.source.rows_total = rows;
  problem.source.features = size;
  problem.source.dof = static_cast<double>(rows);
  set_eigenvalues(problem, size, least, noisy);
  return problem;
}

Problem dual(std::int64_t size, double least, std::int64_t noisy) {
  Problem problem = primal(2 * size, size, least, 0);
  problem.eigenvalues.clear();
  problem.source.dual = true;
  set_eigenvalues(problem, size, least, noisy);
  return problem;
}

void add_target(Problem& problem, std::uint64_t seed, double share, double scale, double slope) {
  support::Random random(seed);
  const auto n = problem.eigenvalues.size();
  std::vector<double> x2(n, 0);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double sigma = problem.eigenvalues[i], weight = random.normal();
    if (sigma < 1e-17) continue;
    x2[i] = weight * weight * (sigma + scale) * std::pow(sigma, slope);
    sum += x2[i];
  }
  for (std::size_t i = 0; i < n; ++i) {
    const double explained = share * x2[i] / sum;
    const double along = std::sqrt(problem.source.dual ? explained : explained * std::fabs(problem.eigenvalues[i]));
    problem.projected.push_back(random.normal() < 0 ? -along : along);
  }
  problem.square.push_back(1);
  problem.square_scale.push_back(1);
  problem.rows.push_back(1 + static_cast<std::int64_t>(seed % 7));
}

Spectrum cpu_spectrum(const Problem& problem) {
  Spectrum spectrum;
  for (std::size_t k = 0; k < problem.square.size(); ++k)
    spectrum.targets.push_back({problem.square[k], problem.square_scale[k], 0, 0, false});
  spectrum.rows = problem.rows;
  culogme::detail::set_projections(spectrum, problem.source, problem.eigenvalues, problem.projected);
  return spectrum;
}

int stationary_points(const Spectrum& spectrum, std::int64_t target) {
  const double* const x2 = spectrum.projections.data() + target * spectrum.rank;
  const double low = std::log(spectrum.eigenvalues.front()) - 4, high = std::log(spectrum.eigenvalues.back()) + 4;
  int changes = 0;
  bool before = false;
  for (double u = low; u < high; u += 1.0 / 16) {
    double gamma = 0, error = spectrum.targets[static_cast<std::size_t>(target)].residual, slope = 0;
    for (std::size_t i = 0; i < spectrum.eigenvalues.size(); ++i) {
      const double a = spectrum.eigenvalues[i] / (spectrum.eigenvalues[i] + std::exp(u));
      gamma += a;
      error += x2[i] * (1 - a);
      slope += x2[i] * a * (1 - a);
    }
    const bool rising = gamma > spectrum.dof * slope / error;
    if (u > low && rising != before) ++changes;
    before = rising;
  }
  return changes;
}

double agreement(const Spectrum& spectrum, std::int64_t target, const TargetFit& fit) {
  const auto& y = spectrum.targets[static_cast<std::size_t>(target)];
  const double u = tolerance::unit_f64, root = std::sqrt(static_cast<double>(spectrum.rank + 1));
  double log_det = 0, cancelled = 1;
  if (fit.status == TargetStatus::interior) {
    const double t = fit.alpha / fit.beta, error = spectrum.dof / fit.beta;
    for (const double sigma : spectrum.eigenvalues) log_det += std::log1p(sigma / t);
    // r0 = y'y - sum x2 has the rounding of y'y; of the dual it is a sum of its own.
    cancelled = (spectrum.dual ? y.residual : y.square_scale) / error + 1;
  } else if (fit.status == TargetStatus::interpolation_limit) {
    for (const double sigma : spectrum.eigenvalues) log_det += std::fabs(std::log(sigma));
  }
  return u * (16 * (1 + std::fabs(fit.evidence)) + (16 + root) * log_det / spectrum.dof + (8 + 2 * root) * cancelled);
}

}  // namespace kernel_test
