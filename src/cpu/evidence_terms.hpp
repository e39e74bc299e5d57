#pragma once

#include <cstdint>

namespace culogme::detail {

/// Sums over the eigenvalues at one t = alpha / beta, with a = sigma / (sigma + t) and w = t / (sigma + t) = 1 - a.
/// d/du is the derivative with respect to u = ln t. Symbols as in docs/method.md.
struct EvidenceTerms {
  double gamma = 0;        ///< sum a, effective number of parameters
  double gamma_slope = 0;  ///< sum a w = -d gamma / du
  double error = 0;        ///< sum x2 w; r0 + this is E(t)
  double error_slope = 0;  ///< sum x2 a w = dE / du = t ||m||^2
  double error_curve = 0;  ///< sum x2 a w (a - w) = d2E / du2
};

/// O(rank), one division per eigenvalue. `x2` is [rank]. t > 0.
EvidenceTerms evidence_terms(const double* eigenvalues, const double* x2, std::int64_t rank, double t);

/// sum ln(1 + sigma / t), by products whose exponents are split off, one logarithm per lane.
double log_determinant(const double* eigenvalues, std::int64_t rank, double t);

}  // namespace culogme::detail
