#include "cpu/evidence_terms.hpp"

#include <cmath>
#include <cstring>
#include <numbers>

#include "cpu/simd.hpp"

namespace culogme::detail {
namespace {

typedef std::int64_t IntegerLanes __attribute__((vector_size(64)));

/// Within these bounds on sigma + t the product of two of them neither overflows nor underflows.
constexpr double least_pair = 0x1p-500, largest_pair = 0x1p500;

struct LaneTerms {
  Lanes gamma, gamma_slope, error, error_slope, error_curve;
};

CULOGME_ALWAYS_INLINE void add_terms(const Lanes& sigma, const Lanes& x, const Lanes& inverse, double t,
                                     LaneTerms& sums) {
  const Lanes a = sigma * inverse, w = t * inverse;
  const Lanes aw = a * w, xaw = x * aw;
  sums.gamma += a;
  sums.gamma_slope += aw;
  sums.error += x * w;
  sums.error_slope += xaw;
  sums.error_curve += xaw * (a - w);
}

/// Of two vectors, or what is left of them. Divisions take most of the time, so where `paired`, one serves both:
/// 1 / d0 = d1 / (d0 d1).
template <bool paired>
CULOGME_ALWAYS_INLINE void add_two(const double* eigenvalues, const double* x2, std::int64_t left, double t,
                                   LaneTerms& sums) {
  Lanes sigma0, sigma1{}, x0, x1{};
  load(sigma0, eigenvalues, left);
  load(x0, x2, left);
  if (left > lane_count) {
    load(sigma1, eigenvalues + lane_count, left - lane_count);
    load(x1, x2 + lane_count, left - lane_count);
  }
  const Lanes d0 = sigma0 + t, d1 = sigma1 + t;
  if constexpr (paired) {
    const Lanes inverse = 1.0 / (d0 * d1);
    add_terms(sigma0, x0, inverse * d1, t, sums);
    add_terms(sigma1, x1, inverse * d0, t, sums);
  } else {
    add_terms(sigma0, x0, 1.0 / d0, t, sums);
    add_terms(sigma1, x1, 1.0 / d1, t, sums);
  }
}

template <bool paired>
CULOGME_ALWAYS_INLINE void terms_body(const double* eigenvalues, const double* x2, std::int64_t rank, double t,
                                      EvidenceTerms& result) {
  constexpr std::int64_t two = 2 * lane_count;
  LaneTerms sums{};
  std::int64_t i = 0;
  for (; i + two <= rank; i += two) add_two<paired>(eigenvalues + i, x2 + i, two, t, sums);
  if (i < rank) add_two<paired>(eigenvalues + i, x2 + i, rank - i, t, sums);
  result = {total(sums.gamma), total(sums.gamma_slope), total(sums.error), total(sums.error_slope),
            total(sums.error_curve)};
}

struct Product {
  double mantissa[lane_count];
  std::int64_t exponent;
};

/// Two factors a step, or what is left of them; each is below largest_pair.
CULOGME_ALWAYS_INLINE void multiply_two(const double* eigenvalues, std::int64_t left, double inverse_t, Lanes& product,
                                        IntegerLanes& exponent) {
  constexpr std::int64_t mantissa_mask = (std::int64_t{1} << 52) - 1, one = std::int64_t{1023} << 52;
  Lanes sigma0, sigma1{};
  load(sigma0, eigenvalues, left);
  if (left > lane_count) load(sigma1, eigenvalues + lane_count, left - lane_count);
  product *= (1.0 + sigma0 * inverse_t) * (1.0 + sigma1 * inverse_t);
  IntegerLanes bits;
  std::memcpy(&bits, &product, sizeof bits);
  exponent += bits >> 52;
  bits = (bits & mantissa_mask) | one;
  std::memcpy(&product, &bits, sizeof bits);
}

CULOGME_ALWAYS_INLINE void product_body(const double* eigenvalues, std::int64_t rank, double inverse_t,
                                        Product& result) {
  constexpr std::int64_t two = 2 * lane_count;
  Lanes product = Lanes{} + 1.0;
  IntegerLanes exponent{};
  std::int64_t i = 0;
  for (; i + two <= rank; i += two) multiply_two(eigenvalues + i, two, inverse_t, product, exponent);
  if (i < rank) multiply_two(eigenvalues + i, rank - i, inverse_t, product, exponent);
  result.exponent = -1023 * lane_count * ((rank + two - 1) / two);
  for (int lane = 0; lane < lane_count; ++lane) {
    result.mantissa[lane] = product[lane];
    result.exponent += exponent[lane];
  }
}

template <bool paired>
void terms_baseline(const double* s, const double* x, std::int64_t n, double t, EvidenceTerms& r) {
  terms_body<paired>(s, x, n, t, r);
}
template <bool paired>
CULOGME_TARGET_AVX2 void terms_avx2(const double* s, const double* x, std::int64_t n, double t, EvidenceTerms& r) {
  terms_body<paired>(s, x, n, t, r);
}
template <bool paired>
CULOGME_TARGET_AVX512 void terms_avx512(const double* s, const double* x, std::int64_t n, double t, EvidenceTerms& r) {
  terms_body<paired>(s, x, n, t, r);
}
void product_baseline(const double* s, std::int64_t n, double t, Product& r) { product_body(s, n, t, r); }
CULOGME_TARGET_AVX2 void product_avx2(const double* s, std::int64_t n, double t, Product& r) {
  product_body(s, n, t, r);
}
CULOGME_TARGET_AVX512 void product_avx512(const double* s, std::int64_t n, double t, Product& r) {
  product_body(s, n, t, r);
}

template <bool paired>
EvidenceTerms terms(const double* eigenvalues, const double* x2, std::int64_t rank, double t) {
  EvidenceTerms result;
  switch (instruction_set()) {
    case InstructionSet::avx512:
      terms_avx512<paired>(eigenvalues, x2, rank, t, result);
      break;
    case InstructionSet::avx2:
      terms_avx2<paired>(eigenvalues, x2, rank, t, result);
      break;
    case InstructionSet::baseline:
      terms_baseline<paired>(eigenvalues, x2, rank, t, result);
      break;
  }
  return result;
}

}  // namespace

EvidenceTerms evidence_terms(const double* eigenvalues, const double* x2, std::int64_t rank, double t) {
  // Eigenvalues increase, and t is the least where there is none.
  const bool paired = rank > 0 && t > least_pair && eigenvalues[rank - 1] + t < largest_pair;
  return paired ? terms<true>(eigenvalues, x2, rank, t) : terms<false>(eigenvalues, x2, rank, t);
}

double log_determinant(const double* eigenvalues, std::int64_t rank, double t) {
  if (rank == 0) return 0;
  // Eigenvalues increase: the last one tells whether two factors could overflow.
  if (!(1 + eigenvalues[rank - 1] / t < largest_pair)) {
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
  double mantissa = 1;
  for (const double lane : product.mantissa) mantissa *= lane;
  return static_cast<double>(product.exponent) * std::numbers::ln2 + std::log(mantissa);
}

}  // namespace culogme::detail
