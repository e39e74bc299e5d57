#pragma once

#include <cstddef>
#include <vector>

#include "oracle/evidence.hpp"

namespace oracle {

/// A normal distribution of one value.
struct Normal {
  Real mean = 0, variance = 0;
};

/// What y at the row `features` is, given the rows of `problem`, by conditioning the joint normal distribution of all
/// values: covariance F F' / alpha + I / beta, and a constant with a flat prior where there is an intercept. No weights
/// appear. `without`: a row that is left out, or problem.features.rows. O(N^3).
Normal predict(const Problem& problem, std::size_t target, Real alpha, Real beta, bool intercept,
               const std::vector<Real>& features, std::size_t without);

}  // namespace oracle
