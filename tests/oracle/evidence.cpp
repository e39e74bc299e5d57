#include "oracle/evidence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace oracle {

namespace {

const Real log_two_pi = std::log(2 * std::numbers::pi_v<Real>);
const Real infinity = std::numeric_limits<Real>::infinity();

// Row k of the result: (mean of the first k + 1 entries minus the next one) times sqrt((k + 1) / (k + 2)). The first
// row is taken off before, which changes no contrast, so that a constant column gives exact zeros.
Matrix helmert(const Matrix& a) {
  Matrix result(a.rows - 1, a.cols);
  for (std::size_t j = 0; j < a.cols; ++j) {
    Real sum = 0;
    for (std::size_t k = 0; k + 1 < a.rows; ++k) {
      sum += a(k, j) - a(0, j);
      const Real count = static_cast<Real>(k + 1);
      result(k, j) = (sum / count - (a(k + 1, j) - a(0, j))) * std::sqrt(count / (count + 1));
    }
  }
  return result;
}

// -1/2 [ln(2 pi E / N) + 1 + log determinant / N]
Real evidence_of(Real residual, Real log_determinant, Real rows) {
  return -(log_two_pi + std::log(residual / rows) + 1 + log_determinant / rows) / 2;
}

// E(t) = r0 + sum x2 t / (t + s)
Real residual_of(const Spectrum& spectrum, std::size_t target, Real t) {
  Real sum = spectrum.outside[target];
  for (std::size_t i = 0; i < spectrum.rank(); ++i)
    sum += spectrum.squares[target][i] * (t / (t + spectrum.eigenvalues[i]));
  return sum;
}

Real gamma_of(const Spectrum& spectrum, Real t) {
  Real sum = 0;
  for (const Real s : spectrum.eigenvalues) sum += s / (s + t);
  return sum;
}

// Halves [low, high] in ln t, where the slope goes from positive to negative, until the ends are neighbours.
Real bisect(const Spectrum& spectrum, std::size_t target, Real low, Real high) {
  for (int step = 0; step < 90; ++step) {
    const Real middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (profile_slope(spectrum, target, std::exp(middle)) > 0 ? low : high) = middle;
  }
  return std::exp(low + (high - low) / 2);
}

std::vector<Candidate> interior_candidates(const Spectrum& spectrum, std::size_t target) {
  std::vector<Candidate> result;
  const Real step = Real(1) / 16, beyond = 80;
  const Real first = std::log(spectrum.eigenvalues.back()) - beyond;
  const Real last = std::log(spectrum.eigenvalues.front()) + beyond;
  Real before = profile_slope(spectrum, target, std::exp(first));
  for (Real at = first + step; at <= last; at += step) {
    const Real here = profile_slope(spectrum, target, std::exp(at));
    if (before > 0 && here <= 0) {
      const Real t = bisect(spectrum, target, at - step, at);
      result.push_back({Status::interior, profile_evidence(spectrum, target, t), t});
    }
    before = here;
  }
  return result;
}

void fill_from_candidate(Maximum& maximum, const Spectrum& spectrum, std::size_t target) {
  const Candidate& best = maximum.candidates.front();
  const Real rows = static_cast<Real>(spectrum.rows);
  maximum.status = best.status;
  maximum.evidence = best.evidence;
  maximum.t = best.t;
  if (best.status == Status::null_limit) {
    maximum.alpha = infinity;
    maximum.beta = rows / spectrum.total[target];
  } else if (best.status == Status::interpolation_limit) {
    Real weights = 0;  // m'm as t -> 0
    for (std::size_t i = 0; i < spectrum.rank(); ++i) weights += spectrum.squares[target][i] / spectrum.eigenvalues[i];
    maximum.alpha = rows / weights;
    maximum.beta = infinity;
    maximum.gamma = rows;
  } else {
    maximum.beta = rows / residual_of(spectrum, target, best.t);
    maximum.alpha = best.t * maximum.beta;
    maximum.gamma = gamma_of(spectrum, best.t);
    const Real h = Real(1) / 4096;
    maximum.curvature = (profile_slope(spectrum, target, best.t * std::exp(-h)) -
                         profile_slope(spectrum, target, best.t * std::exp(h))) /
                        (4 * h);
  }
}

}  // namespace

Problem contrasts(const Problem& problem) { return {helmert(problem.features), helmert(problem.targets)}; }

Real dense_evidence(const Problem& problem, std::size_t target, Real alpha, Real beta) {
  const std::size_t n = problem.features.rows;
  Matrix covariance(n, n);
  for (std::size_t k = 0; k < problem.features.cols; ++k)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t i = 0; i < n; ++i) covariance(i, j) += problem.features(i, k) * problem.features(j, k) / alpha;
  for (std::size_t i = 0; i < n; ++i) covariance(i, i) += 1 / beta;
  cholesky(covariance);
  std::vector<Real> y(problem.targets.column(target), problem.targets.column(target) + n);
  forward_substitute(covariance, y);
  Real log_determinant = 0;
  for (std::size_t i = 0; i < n; ++i) log_determinant += 2 * std::log(covariance(i, i));
  const Real rows = static_cast<Real>(n);
  return -(rows * log_two_pi + log_determinant + dot(y.data(), y.data(), n)) / (2 * rows);
}

Spectrum decompose(const Problem& problem) {
  const std::size_t n = problem.features.rows, d = problem.features.cols, targets = problem.targets.cols;
  Spectrum result;
  result.rows = n;
  Matrix triangle, coordinates = problem.targets;
  if (n >= d) {
    Matrix factor = problem.features;
    householder(factor, coordinates);
    triangle = Matrix(d, d);
    for (std::size_t j = 0; j < d; ++j) std::copy_n(factor.column(j), j + 1, triangle.column(j));
  } else {
    Matrix factor = transpose(problem.features), nothing;
    householder(factor, nothing);
    triangle = Matrix(n, n);
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t i = j; i < n; ++i) triangle(i, j) = factor(j, i);
  }
  const std::size_t size = triangle.rows;
  const Real noise = noise_norm(triangle);
  orthogonalise_columns(triangle);

  std::vector<Real> norms(size);
  for (std::size_t j = 0; j < size; ++j) norms[j] = std::sqrt(dot(triangle.column(j), triangle.column(j), size));
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return norms[a] > norms[b]; });
  while (!order.empty() && norms[order.back()] <= noise) order.pop_back();
  for (const std::size_t j : order) result.eigenvalues.push_back(norms[j] * norms[j]);

  result.squares.resize(targets);
  for (std::size_t k = 0; k < targets; ++k) {
    result.total.push_back(dot(problem.targets.column(k), problem.targets.column(k), n));
    Real* z = coordinates.column(k);
    Real outside = dot(z + size, z + size, n - size);
    for (const std::size_t j : order) {
      const Real x = dot(triangle.column(j), z, size) / norms[j];
      result.squares[k].push_back(x * x);
      for (std::size_t i = 0; i < size; ++i) z[i] -= x * triangle(i, j) / norms[j];
    }
    if (order.size() < size) outside += dot(z, z, size);  // else what is left of z is rounding
    result.outside.push_back(outside);
  }
  return result;
}

const char* status_name(Status status) {
  switch (status) {
    case Status::interior:
      return "interior";
    case Status::null_limit:
      return "null_limit";
    case Status::interpolation_limit:
      return "interpolation_limit";
    case Status::unbounded:
      return "unbounded";
    case Status::empty:
      return "empty";
  }
  return "?";
}

Real profile_evidence(const Spectrum& spectrum, std::size_t target, Real t) {
  Real log_determinant = 0;
  for (const Real s : spectrum.eigenvalues) log_determinant += std::log1p(s / t);
  return evidence_of(residual_of(spectrum, target, t), log_determinant, static_cast<Real>(spectrum.rows));
}

Real profile_slope(const Spectrum& spectrum, std::size_t target, Real t) {
  const Real rows = static_cast<Real>(spectrum.rows), residual = residual_of(spectrum, target, t);
  Real squared_weights = 0, noise_weights = 0, not_gamma = 0;
  for (std::size_t i = 0; i < spectrum.rank(); ++i) {
    const Real s = spectrum.eigenvalues[i], of_signal = s / (s + t), of_noise = t / (s + t);
    squared_weights += spectrum.squares[target][i] * of_signal * of_noise;  // t m'm
    noise_weights += spectrum.squares[target][i] * of_noise * of_noise;
    not_gamma += of_noise;
  }
  // Where y lies in the range, gamma and N t m'm / E both tend to N as t -> 0: their difference in its own form.
  if (spectrum.rank() == spectrum.rows && t < spectrum.eigenvalues.front())
    return rows * noise_weights / residual - not_gamma;
  return gamma_of(spectrum, t) - rows * squared_weights / residual;
}

Maximum maximise(const Spectrum& spectrum, std::size_t target) {
  Maximum result;
  const Real rows = static_cast<Real>(spectrum.rows);
  const Real total = spectrum.total[target];
  if (spectrum.rows == 0 || total == 0) return result;
  result.null_evidence = evidence_of(total, 0, rows);
  result.candidates.push_back({Status::null_limit, result.null_evidence, infinity});

  // In exact arithmetic `outside` is 0 or not; here its rounding error is (N u)^2 y'y.
  const Real unit = std::numeric_limits<Real>::epsilon() * (rows + static_cast<Real>(spectrum.rank()) + 8);
  const bool explained = spectrum.outside[target] <= unit * unit * total;
  if (explained && spectrum.rank() < spectrum.rows) {
    result.status = Status::unbounded;
    result.evidence = result.beta = infinity;
    result.candidates.insert(result.candidates.begin(), {Status::unbounded, infinity, 0});
    return result;
  }
  if (spectrum.rank() > 0 && spectrum.rows > 1) {  // with one row the evidence does not depend on t
    const std::vector<Candidate> interior = interior_candidates(spectrum, target);
    result.candidates.insert(result.candidates.end(), interior.begin(), interior.end());
    if (explained) {
      Real weights = 0, log_determinant = 0;
      for (std::size_t i = 0; i < spectrum.rank(); ++i) {
        weights += spectrum.squares[target][i] / spectrum.eigenvalues[i];
        log_determinant += std::log(spectrum.eigenvalues[i]);
      }
      result.candidates.push_back({Status::interpolation_limit, evidence_of(weights, log_determinant, rows), 0});
    }
  }
  std::stable_sort(result.candidates.begin(), result.candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.evidence > b.evidence; });
  fill_from_candidate(result, spectrum, target);
  return result;
}

}  // namespace oracle
