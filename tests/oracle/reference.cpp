#include "oracle/reference.hpp"

#include <cmath>
#include <numbers>

namespace oracle {

ReferenceFit reference_fit(const Problem& problem, std::size_t target) {
  const Spectrum spectrum = decompose(problem);
  const Real rows = static_cast<Real>(problem.features.rows), cols = static_cast<Real>(problem.features.cols);
  // N <= D keeps all N singular values, zeros too: they add nothing but ln alpha to the determinant.
  const bool cut = problem.features.rows > problem.features.cols;
  const Real zeros = cut ? 0 : rows - static_cast<Real>(spectrum.rank());
  std::vector<Real> sigma, x2;
  Real outside = spectrum.outside[target];
  for (std::size_t i = 0; i < spectrum.rank(); ++i) {
    const Real s = spectrum.eigenvalues[i], x = spectrum.squares[target][i];
    if (cut && std::sqrt(s) <= 1e-10L) {
      outside += x;
    } else {
      sigma.push_back(s);
      x2.push_back(x);
    }
  }

  ReferenceFit fit;
  fit.alpha = fit.beta = 1;
  for (fit.iterations = 1; fit.iterations <= 11; ++fit.iterations) {
    const Real t = fit.alpha / fit.beta;
    Real gamma = 0, m2 = 0, res2 = outside, log_determinant = 0;
    for (std::size_t i = 0; i < sigma.size(); ++i) {
      gamma += sigma[i] / (sigma[i] + t);
      m2 += sigma[i] * x2[i] / ((t + sigma[i]) * (t + sigma[i]));
      res2 += x2[i] / ((1 + sigma[i] / t) * (1 + sigma[i] / t));
    }
    fit.alpha = gamma / (m2 + 1e-5L);
    fit.beta = (rows - gamma) / (res2 + 1e-5L);
    const Real moved = fit.alpha / fit.beta;
    for (const Real s : sigma) log_determinant += std::log(fit.alpha + fit.beta * s);
    log_determinant += zeros * std::log(fit.alpha);
    fit.evidence = (cols / 2 * std::log(fit.alpha) + rows / 2 * std::log(fit.beta) - log_determinant / 2 -
                    fit.beta / 2 * res2 - fit.alpha / 2 * m2 - rows / 2 * std::log(2 * std::numbers::pi_v<Real>)) /
                   rows;
    if (std::fabs(moved - t) / t <= 1e-3L) break;
  }
  if (fit.iterations > 11) fit.iterations = 11;
  return fit;
}

}  // namespace oracle
