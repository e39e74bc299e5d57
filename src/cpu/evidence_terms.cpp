#include "cpu/evidence_terms.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "cpu/simd.hpp"

namespace culogme::detail {
namespace {

typedef std::int64_t IntegerLanes __attribute__((vector_size(64)));

/// Loads up to eight values; the rest of the lanes are zero, which adds nothing to any sum below.
CULOGME_ALWAYS_INLINE void load(Lanes& lanes, const double* from, std::int64_t left) {
  if (left >= lane_count) {
    std::memcpy(&lanes, from, sizeof lanes);
    return;
  }
  lanes = Lanes{};
  std::memcpy(&lanes, from, static_cast<std::size_t>(left) * sizeof(double));
}

/// Sum of the lanes, always in the same order.
CULOGME_ALWAYS_INLINE double total(const Lanes& v) {
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

CULOGME_ALWAYS_INLINE void terms_body(const double* eigenvalues, const double* x2, std::int64_t rank, double t,
                                      EvidenceTerms& result) {
  Lanes gamma{}, gamma_slope{}, error{}, error_slope{}, error_curve{};
  for (std::int64_t i = 0; i < rank; i += lane_count) {
    Lanes sigma, x;
    load(sigma, eigenvalues + i, rank - i);
    load(x, x2 + i, rank - i);
    const Lanes inverse = 1.0 / (sigma + t);
    const Lanes a = sigma * inverse, w = t * inverse;
    const Lanes aw = a * w, xaw = x * aw;
    gamma += a;
    gamma_slope += aw;
    error += x * w;
    error_slope += xaw;
    error_curve += xaw * (a - w);
  }
  result = {total(gamma), total(gamma_slope), total(error), total(error_slope), total(error_curve)};
}

struct Product {
  double mantissa[lane_count];
  std::int64_t exponent;
};

CULOGME_ALWAYS_INLINE void product_body(const double* eigenvalues, std::int64_t rank, double inverse_t,
                                        Product& result) {
  constexpr std::int64_t mantissa_mask = (std::int64_t{1} << 52) - 1, one = std::int64_t{1023} << 52;
  Lanes product = Lanes{} + 1.0;
  IntegerLanes exponent{};
  std::int64_t steps = 0;
  for (std::int64_t i = 0; i < rank; i += lane_count, ++steps) {
    Lanes sigma;
    load(sigma, eigenvalues + i, rank - i);
    product *= 1.0 + sigma * inverse_t;
    IntegerLanes bits;
    std::memcpy(&bits, &product, sizeof bits);
    exponent += bits >> 52;
    bits = (bits & mantissa_mask) | one;
    std::memcpy(&product, &bits, sizeof bits);
  }
  result.exponent = -1023 * lane_count * steps;
  for (int lane = 0; lane < lane_count; ++lane) {
    result.mantissa[lane] = product[lane];
    result.exponent += exponent[lane];
  }
}

void terms_baseline(const double* s, const double* x, std::int64_t n, double t, EvidenceTerms& r) {
  terms_body(s, x, n, t, r);
}
CULOGME_TARGET_AVX2 void terms_avx2(const double* s, const double* x, std::int64_t n, double t, EvidenceTerms& r) {
  terms_body(s, x, n, t, r);
}
CULOGME_TARGET_AVX512 void terms_avx512(const double* s, const double* x, std::int64_t n, double t, EvidenceTerms& r) {
  terms_body(s, x, n, t, r);
}
void product_baseline(const double* s, std::int64_t n, double t, Product& r) { product_body(s, n, t, r); }
CULOGME_TARGET_AVX2 void product_avx2(const double* s, std::int64_t n, double t, Product& r) {
  product_body(s, n, t, r);
}
CULOGME_TARGET_AVX512 void product_avx512(const double* s, std::int64_t n, double t, Product& r) {
  product_body(s, n, t, r);
}

}  // namespace

EvidenceTerms evidence_terms(const double* eigenvalues, const double* x2, std::int64_t rank, double t) {
  EvidenceTerms result;
  switch (instruction_set()) {
    case InstructionSet::avx512:
      terms_avx512(eigenvalues, x2, rank, t, result);
      break;
    case InstructionSet::avx2:
      terms_avx2(eigenvalues, x2, rank, t, result);
      break;
    case InstructionSet::baseline:
      terms_baseline(eigenvalues, x2, rank, t, result);
      break;
  }
  return result;
}

double log_determinant(const double* eigenvalues, std::int64_t rank, double t) {
  if (rank == 0) return 0;
  // Eigenvalues increase: the last one tells whether a factor could overflow.
  if (!(eigenvalues[rank - 1] / t < std::numeric_limits<double>::max() / 4)) {
    double sum = 0;
    for (std::int64_t i = 0; i < rank; ++i) sum += std::log(t + eigenvalues[i]) - std::log(t);
    return sum;
  }
  Product product{};
  switch (instruction_set()) {
    case InstructionSet::avx512:
      product_avx512(eigenvalues, rank, 1 / t, product);
      break;
    case InstructionSet::avx2:
      product_avx2(eigenvalues, rank, 1 / t, product);
      break;
    case InstructionSet::baseline:
      product_baseline(eigenvalues, rank, 1 / t, product);
      break;
  }
  double sum = static_cast<double>(product.exponent) * std::log(2.0);
  for (const double mantissa : product.mantissa) sum += std::log(mantissa);
  return sum;
}

}  // namespace culogme::detail
