#pragma once

#include <cstddef>
#include <vector>

#include "oracle/linear_algebra.hpp"

namespace oracle {

/// Features (N x D) and targets (N x K) of y = F w + noise, w ~ N(0, I / alpha), noise ~ N(0, I / beta).
struct Problem {
  Matrix features;
  Matrix targets;
};

/// The same problem without what an intercept can explain: rows are N - 1 orthonormal contrasts (Helmert), which span
/// the complement of the vector of ones. Their density is the marginal likelihood under a flat prior on the intercept.
Problem contrasts(const Problem& problem);

/// log N(y; 0, F F' / alpha + I / beta) / N by the Cholesky factor of the N x N covariance: the definition. O(N^3).
Real dense_evidence(const Problem& problem, std::size_t target, Real alpha, Real beta);

/// What the evidence depends on: eigenvalues s of F F' above the noise and the targets' coordinates.
struct Spectrum {
  std::size_t rows = 0;                    ///< N; N - 1 for contrasts
  std::vector<Real> eigenvalues;           ///< [rank] of F F', decreasing
  std::vector<std::vector<Real>> squares;  ///< [targets][rank] of u_i' y
  std::vector<Real> outside;               ///< [targets] squared norm of the part of y outside the range of F
  std::vector<Real> total;                 ///< [targets] y'y
  std::size_t rank() const { return eigenvalues.size(); }
};

/// By QR of F (of F' where rows < cols) and one-sided Jacobi on the triangle: never through F'F.
Spectrum decompose(const Problem& problem);

enum class Status { interior, null_limit, interpolation_limit, unbounded, empty };
const char* status_name(Status status);

/// A local maximum of the evidence over t = alpha / beta, or one of its limits.
struct Candidate {
  Status status = Status::empty;
  Real evidence = 0;  ///< per row
  Real t = 0;         ///< infinite at the null limit, 0 at the interpolation limit
};

/// The global maximum over all alpha, beta > 0.
struct Maximum {
  Status status = Status::empty;
  Real evidence = 0, null_evidence = 0;  ///< per row
  Real alpha = 0, beta = 0, gamma = 0, t = 0;
  Real curvature = 0;                 ///< -d^2 (log evidence) / d(ln t)^2 at an interior maximum
  std::vector<Candidate> candidates;  ///< best first; the first one is the maximum
};

/// Evidence per row at t with beta at its best, N / E(t).
Real profile_evidence(const Spectrum& spectrum, std::size_t target, Real t);

/// Scans ln t on a grid of 1/16 over the spectrum and 80 beyond both of its ends, halves every bracket of a maximum to
/// the last digit, and compares all maxima and both limits. A target without length is `empty`.
Maximum maximise(const Spectrum& spectrum, std::size_t target);

/// 2 d(log evidence) / d ln t = gamma - N t m'm / E.
Real profile_slope(const Spectrum& spectrum, std::size_t target, Real t);

}  // namespace oracle
