#pragma once

#include "oracle/evidence.hpp"

namespace oracle {

/// What the published implementation returns for one target.
struct ReferenceFit {
  Real evidence = 0, alpha = 0, beta = 0;
  int iterations = 0;
};

/// The published fixed point, with all that is wrong with it: alpha = beta = 1 at the start, at most 11 steps, stop
/// when t = alpha / beta moves by at most 1e-3 of itself, 1e-5 added to both denominators, D / 2 ln alpha beside a sum
/// over the min(N, D) eigenvalues that were kept, and an evidence that mixes the new alpha and beta with the old
/// residuals. Eigenvalues of which the square root is at most 1e-10 are cut where N > D.
ReferenceFit reference_fit(const Problem& problem, std::size_t target);

}  // namespace oracle
