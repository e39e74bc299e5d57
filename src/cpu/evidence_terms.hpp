#pragma once

#include <cstdint>

#include "evidence_result.hpp"

namespace culogme::detail {

/// O(rank), one division for two eigenvalues. `x2` is [rank]. t > 0.
EvidenceTerms evidence_terms(const double* eigenvalues, const double* x2, std::int64_t rank, double t);

/// sum ln(1 + sigma / t), by products whose exponents are split off, one logarithm in all.
double log_determinant(const double* eigenvalues, std::int64_t rank, double t);

}  // namespace culogme::detail
