#pragma once

#include <cstdint>

#include <culogme/score.hpp>

#include "evidence_result.hpp"
#include "spectrum_scalars.hpp"

namespace culogme::detail {

/// Powers of two that features and a target were multiplied by: F' = 2^-features F, y' = 2^-target y.
struct Exponents {
  std::int32_t features = 0, target = 0;
};

/// The maximum in units of the original features and target, with its error bound; name and rows are the caller's.
/// `smallest` and `largest` are the extreme kept eigenvalues.
TargetFit make_fit(const SpectrumScalars& spectrum, double smallest, double largest, Exponents exponents,
                   const EvidenceResult& result);

}  // namespace culogme::detail
