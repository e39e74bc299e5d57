#include "support/compare.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace support {

namespace {

oracle::Matrix matrix_of(const Data& data) {
  oracle::Matrix result(static_cast<std::size_t>(data.rows), static_cast<std::size_t>(data.cols));
  for (std::int64_t j = 0; j < data.cols; ++j)
    for (std::int64_t i = 0; i < data.rows; ++i)
      result(static_cast<std::size_t>(i), static_cast<std::size_t>(j)) = data(i, j);
  return result;
}

double to_double(oracle::Real x) { return static_cast<double>(x); }

void expect_near(double value, double expected, double bound, const char* what) {
  if (std::isinf(expected)) {
    EXPECT_EQ(value, expected) << what;
  } else {
    EXPECT_LE(std::fabs(value - expected), bound) << what << " is " << value << ", the oracle says " << expected;
  }
}

// The oracle's candidate with the library's status, which must be as good as the best within `bound`.
bool status_is_right(oracle::Status status, const oracle::Maximum& maximum, double bound) {
  return std::any_of(maximum.candidates.begin(), maximum.candidates.end(), [&](const oracle::Candidate& candidate) {
    return candidate.status == status &&
           (candidate.status == maximum.status || to_double(maximum.evidence - candidate.evidence) <= bound);
  });
}

// alpha, beta and gamma follow t, and t is known as far as the evidence tells values of t apart.
void expect_parameters(const culogme::TargetFit& fit, const oracle::Maximum& maximum, std::int64_t rows, double bound) {
  const double moved = tolerance::ln_t(bound, rows, maximum);
  const double gamma = to_double(maximum.gamma), n = static_cast<double>(rows);
  const double of_beta = moved * gamma / n + 2 * bound;
  if (moved > 0.25) return;  // flat: alpha and beta mean nothing
  expect_near(fit.beta, to_double(maximum.beta), to_double(maximum.beta) * (of_beta + moved * moved), "beta");
  expect_near(fit.alpha, to_double(maximum.alpha), to_double(maximum.alpha) * (of_beta + moved + 2 * moved * moved),
              "alpha");
  expect_near(fit.gamma, gamma, gamma * (moved + moved * moved) + 2 * n * bound, "gamma");
}

void expect_target(const culogme::TargetFit& fit, const oracle::Maximum& maximum, std::int64_t rows, double bound) {
  const oracle::Status status = status_of(fit.status);
  if (maximum.status == oracle::Status::empty || maximum.status == oracle::Status::unbounded) {
    EXPECT_STREQ(oracle::status_name(status), oracle::status_name(maximum.status));
    if (maximum.status == oracle::Status::unbounded) {
      EXPECT_EQ(fit.evidence, to_double(maximum.evidence));
    }
    return;
  }
  EXPECT_TRUE(status_is_right(status, maximum, bound))
      << "status is " << oracle::status_name(status) << ", the oracle says " << oracle::status_name(maximum.status);
  expect_near(fit.evidence, to_double(maximum.evidence), bound, "evidence");
  expect_near(fit.null_evidence, to_double(maximum.null_evidence), bound + tolerance::reordered(rows, 0, 2), "null");
  EXPECT_LE(std::fabs(fit.evidence - to_double(maximum.evidence)), fit.error_bound) << "the stated bound is too small";
  if (status != maximum.status) return;
  if (status == oracle::Status::interior) expect_parameters(fit, maximum, rows, bound);
  if (status == oracle::Status::null_limit) {
    EXPECT_EQ(fit.alpha, std::numeric_limits<double>::infinity());
    EXPECT_EQ(fit.gamma, 0);
    EXPECT_EQ(fit.evidence, fit.null_evidence);
  }
}

// 0 for a target that has no finite evidence to compare.
double target_bound(const Expected& expected, std::size_t target, tolerance::Products products, bool dual) {
  const oracle::Maximum& maximum = expected.targets[target];
  if (maximum.status == oracle::Status::empty || maximum.status == oracle::Status::unbounded) return 0;
  return tolerance::evidence(expected.norms, products, expected.intercept, expected.spectrum, target, maximum, dual);
}

bool same_bits(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

}  // namespace

oracle::Status status_of(culogme::TargetStatus status) {
  switch (status) {
    case culogme::TargetStatus::interior:
      return oracle::Status::interior;
    case culogme::TargetStatus::null_limit:
      return oracle::Status::null_limit;
    case culogme::TargetStatus::interpolation_limit:
      return oracle::Status::interpolation_limit;
    case culogme::TargetStatus::unbounded:
      return oracle::Status::unbounded;
    case culogme::TargetStatus::empty:
      break;
  }
  return oracle::Status::empty;
}

oracle::Problem problem_of(const Data& features, const Data& targets) {
  return {matrix_of(features), matrix_of(targets)};
}

std::vector<oracle::Real> row_of(const Data& data, std::int64_t row) {
  std::vector<oracle::Real> values;
  for (std::int64_t j = 0; j < data.cols; ++j) values.push_back(data(row, j));
  return values;
}

Expected expect(const Data& features, const Data& targets, bool intercept) {
  Expected expected;
  expected.intercept = intercept;
  expected.norms = tolerance::norms_of(features);
  const oracle::Problem problem = problem_of(features, targets);
  expected.spectrum = oracle::decompose(intercept ? oracle::contrasts(problem) : problem);
  oracle::Real sum = 0, null_sum = 0, count = 0;
  for (std::size_t k = 0; k < static_cast<std::size_t>(targets.cols); ++k) {
    const oracle::Maximum maximum = oracle::maximise(expected.spectrum, k);
    if (maximum.status != oracle::Status::empty) {
      sum += maximum.evidence;
      null_sum += maximum.null_evidence;
      count += 1;
    }
    expected.targets.push_back(maximum);
  }
  expected.value = to_double(sum / count);
  expected.null_value = to_double(null_sum / count);
  return expected;
}

double value_bound(const Expected& expected, tolerance::Products products, bool dual) {
  double sum = 0, count = 0;
  for (std::size_t k = 0; k < expected.targets.size(); ++k) {
    if (expected.targets[k].status == oracle::Status::empty) continue;
    sum += target_bound(expected, k, products, dual);
    count += 1;
  }
  return sum / count + tolerance::reordered(0, 1, std::fabs(expected.value));
}

bool goes_dual(const Expected& expected) {
  return static_cast<std::int64_t>(expected.spectrum.rows) <= expected.norms.cols;
}

bool first_order_holds(const Expected& expected, tolerance::Products products, bool dual) {
  return std::isfinite(expected.value) ? std::isfinite(value_bound(expected, products, dual)) : true;
}

void expect_score(const culogme::Score& score, const Expected& expected, tolerance::Products products, bool dual) {
  ASSERT_EQ(score.targets.size(), expected.targets.size());
  EXPECT_EQ(score.rows, expected.norms.rows);
  EXPECT_EQ(score.features, expected.norms.cols);
  EXPECT_EQ(score.intercept, expected.intercept);
  const auto rows = static_cast<std::int64_t>(expected.spectrum.rows);
  for (std::size_t k = 0; k < expected.targets.size(); ++k) {
    SCOPED_TRACE("target " + std::to_string(k));
    const double bound = target_bound(expected, k, products, dual);
    ASSERT_TRUE(std::isfinite(bound)) << "the first-order bound does not hold for this test's data";
    expect_target(score.targets[k], expected.targets[k], rows, bound);
  }
  expect_value(score, expected, value_bound(expected, products, dual));
  EXPECT_LE(std::fabs(score.null_value - expected.null_value),
            tolerance::reordered(expected.norms.rows, 1, std::fabs(expected.null_value)));
}

void expect_value(const culogme::Score& score, const Expected& expected, double limit) {
  if (std::isinf(expected.value)) {
    EXPECT_EQ(score.value, expected.value);
    return;
  }
  const double error = std::fabs(score.value - expected.value);
  EXPECT_LE(error, limit) << "score is " << score.value << ", the oracle says " << expected.value;
  EXPECT_LE(error, score.error_bound) << "the stated bound is too small";
}

void expect_same_bits(const culogme::Score& a, const culogme::Score& b) {
  EXPECT_TRUE(same_bits(a.value, b.value)) << a.value << " and " << b.value;
  EXPECT_TRUE(same_bits(a.error_bound, b.error_bound)) << a.error_bound << " and " << b.error_bound;
  EXPECT_TRUE(same_bits(a.error_estimate, b.error_estimate)) << a.error_estimate << " and " << b.error_estimate;
  EXPECT_TRUE(same_bits(a.null_value, b.null_value)) << a.null_value << " and " << b.null_value;
  EXPECT_EQ(a.rows, b.rows);
  EXPECT_EQ(a.features, b.features);
  EXPECT_EQ(a.rank, b.rank);
  EXPECT_EQ(a.route, b.route);
  EXPECT_EQ(a.warnings, b.warnings);
  ASSERT_EQ(a.targets.size(), b.targets.size());
  for (std::size_t k = 0; k < a.targets.size(); ++k) {
    const culogme::TargetFit &x = a.targets[k], &y = b.targets[k];
    EXPECT_TRUE(x.name == y.name && x.rows == y.rows && x.status == y.status && x.iterations == y.iterations &&
                same_bits(x.evidence, y.evidence) && same_bits(x.null_evidence, y.null_evidence) &&
                same_bits(x.alpha, y.alpha) && same_bits(x.beta, y.beta) && same_bits(x.gamma, y.gamma) &&
                same_bits(x.error_bound, y.error_bound))
        << "target " << k << ": " << x.evidence << " and " << y.evidence;
  }
}

}  // namespace support
