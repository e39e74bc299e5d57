#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/score.hpp>

#include "oracle/evidence.hpp"
#include "support/data.hpp"
#include "support/tolerance.hpp"

namespace support {

oracle::Problem problem_of(const Data& features, const Data& targets);

/// A row as the oracle takes it.
std::vector<oracle::Real> row_of(const Data& data, std::int64_t row);

/// What the oracle says about a problem.
struct Expected {
  bool intercept = false;
  tolerance::Norms norms;
  oracle::Spectrum spectrum;
  std::vector<oracle::Maximum> targets;
  double value = 0;       ///< mean over the targets that are not empty; +infinity if one is unbounded
  double null_value = 0;  ///< mean null evidence
};
Expected expect(const Data& features, const Data& targets, bool intercept);

/// Fails for each target where evidence, null evidence, alpha, beta, gamma or status are not the oracle's within the
/// bounds of tolerance.hpp, where the score is not their mean, or where |score - oracle| > score.error_bound.
/// A status may differ only where the oracle's best candidate of that status is within the bound.
/// `dual`: the N x N matrix was decomposed.
void expect_score(const culogme::Score& score, const Expected& expected, tolerance::Products products,
                  bool dual = false);

/// Whether a one-shot score goes through the dual Gram matrix: no more degrees of freedom than features.
bool goes_dual(const Expected& expected);

/// Whether the first-order bound holds for every target, so that expect_score has something to compare with.
bool first_order_holds(const Expected& expected, tolerance::Products products, bool dual = false);

/// Mean of the targets' bounds of tolerance.hpp; infinite where the first order does not hold.
double value_bound(const Expected& expected, tolerance::Products products, bool dual = false);

/// |score.value - expected.value| <= limit and <= score.error_bound; +infinity equals only itself.
void expect_value(const culogme::Score& score, const Expected& expected, double limit);

/// All numbers of both scores have the same bits (times and texts of the engine left out).
void expect_same_bits(const culogme::Score& a, const culogme::Score& b);

oracle::Status status_of(culogme::TargetStatus status);

/// Message of the exception of type E that `call` throws; the test fails, with an empty message, if it does not.
template <class E, class Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

}  // namespace support

/// Fails unless `text` holds `part`.
#define CULOGME_EXPECT_HOLDS(text, part) \
  EXPECT_NE(std::string(text).find(part), std::string::npos) << "the text is: " << (text)
