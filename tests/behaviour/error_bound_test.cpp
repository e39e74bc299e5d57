// What the error bound and the estimate say of one spectrum, against what they are made of.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "error_bound.hpp"

namespace {

using culogme::TargetStatus;
using culogme::detail::ErrorBounds;
using culogme::detail::EvidenceResult;
using culogme::detail::SpectrumScalars;

// Rows of a Hadamard matrix, as unit vectors: directions that lie along no column.
double direction(unsigned i, unsigned j, double size) {
  return (std::popcount(i & j) % 2 == 0 ? 1 : -1) / std::sqrt(size);
}

// Standard deviation of tr(A dG), A = (G + t)^-1, where dG is symmetric and its entries are independent with deviation
// 1: one of the diagonal counts once, one beside it twice.
double deviation_of_trace(const std::vector<double>& sigma, double t) {
  const auto size = static_cast<unsigned>(sigma.size());
  double variance = 0;
  for (unsigned i = 0; i < size; ++i)
    for (unsigned j = 0; j <= i; ++j) {
      double entry = 0;
      for (unsigned k = 0; k < size; ++k) entry += direction(k, i, size) * direction(k, j, size) / (sigma[k] + t);
      variance += (i == j ? 1 : 4) * entry * entry;
    }
  return std::sqrt(variance);
}

// The part of the trace: the estimate holds six deviations of an error whose third is `entry_error`, the bound errors
// of the diagonal that have one sign, whatever the spectrum and however far below it t lies.
TEST(ErrorBoundTest, EstimateHoldsSixDeviationsOfTheTrace) {
  constexpr double rows = 1000, entry_error = 1e-12;  // all elements of the diagonal are alike
  std::vector<std::vector<double>> spectra(3, std::vector<double>(16, 1.0));
  spectra[1][0] = 1e-3;
  for (std::size_t i = 0; i < 16; ++i) spectra[2][i] = std::exp2(-static_cast<double>(i));
  for (const std::vector<double>& sigma : spectra)
    for (const double t : {1e-6, 1e-3, 1.0, 1e3}) {
      const auto size = static_cast<std::int64_t>(sigma.size());
      SpectrumScalars s;
      s.dof = rows;
      s.rows_total = static_cast<std::int64_t>(rows);
      s.features = s.rank = size;
      s.norm_error = 1e-11;
      EvidenceResult result;
      result.point.status = TargetStatus::interior;
      result.point.t = t;
      result.point.error = result.square = result.square_scale = 1;
      double smallest = sigma[0], largest = sigma[0];
      double inverse = 0;
      for (const double value : sigma) {
        inverse += 1 / (value + t);
        result.point.gamma += value / (value + t);
        smallest = std::min(smallest, value);
        largest = std::max(largest, value);
      }
      SCOPED_TRACE(std::to_string(smallest) + " to " + std::to_string(largest) + ", t " + std::to_string(t));
      const double others = culogme::detail::error_bounds(s, smallest, largest, result).bound;
      s.entry_error = entry_error;
      s.trace_error = static_cast<double>(size) * entry_error;
      const ErrorBounds found = culogme::detail::error_bounds(s, smallest, largest, result);
      const double of_weights = entry_error * result.point.gamma / (rows * t);
      const double of_estimate = 2 * (found.estimate - others) - of_weights,
                   of_bound = 2 * (found.bound - others) - of_weights;
      const double deviation = entry_error / 3 * deviation_of_trace(sigma, t) / rows;
      const double rounding = 1e-12 * (found.bound + others);
      EXPECT_GE(of_estimate, 6 * deviation - rounding);
      EXPECT_LE(of_estimate, of_bound + rounding);
      EXPECT_GE(of_bound, entry_error * inverse / rows - rounding);
      EXPECT_LE(of_bound, s.trace_error / (t + smallest) / rows + rounding);
    }
}

}  // namespace
