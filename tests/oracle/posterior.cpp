#include "oracle/posterior.hpp"

namespace oracle {
namespace {

Real covariance(const std::vector<Real>& a, const std::vector<Real>& b, Real alpha) {
  return dot(a.data(), b.data(), a.size()) / alpha;
}

}  // namespace

Normal predict(const Problem& problem, std::size_t target, Real alpha, Real beta, bool intercept,
               const std::vector<Real>& features, std::size_t without) {
  std::vector<std::vector<Real>> rows;
  std::vector<Real> y;
  for (std::size_t i = 0; i < problem.features.rows; ++i) {
    if (i == without) continue;
    rows.emplace_back();
    for (std::size_t j = 0; j < problem.features.cols; ++j) rows.back().push_back(problem.features(i, j));
    y.push_back(problem.targets(i, target));
  }
  const std::size_t n = rows.size();
  Matrix lower(n, n);
  for (std::size_t j = 0; j < n; ++j)
    for (std::size_t i = j; i < n; ++i) lower(i, j) = covariance(rows[i], rows[j], alpha) + (i == j ? 1 / beta : 0);
  for (std::size_t j = 0; j < n; ++j)
    for (std::size_t i = 0; i < j; ++i) lower(i, j) = lower(j, i);
  cholesky(lower);
  // With L of the covariance, inner products of L^-1 a and L^-1 b are a' C^-1 b.
  std::vector<Real> across, ones(n, 1);
  for (const std::vector<Real>& row : rows) across.push_back(covariance(row, features, alpha));
  forward_substitute(lower, across);
  forward_substitute(lower, y);
  forward_substitute(lower, ones);
  Normal result{dot(across.data(), y.data(), n),
                covariance(features, features, alpha) + 1 / beta - dot(across.data(), across.data(), n)};
  if (intercept) {
    const Real weight = dot(ones.data(), ones.data(), n), left = 1 - dot(ones.data(), across.data(), n);
    result.mean += left * dot(ones.data(), y.data(), n) / weight;
    result.variance += left * left / weight;
  }
  return result;
}

}  // namespace oracle
