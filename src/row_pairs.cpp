#include "row_pairs.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cpu/blas.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr std::size_t most_matrices = 8;  // about, of different t

/// Correlations of the residuals of paired rows, lower triangle by rows, for one t: of the entries of P = 1 - H, where
/// y - Fm = P y.
std::vector<double> correlations(const RowCoordinates& c, double lost, const std::vector<std::int64_t>& paired,
                                 double t) {
  const std::int64_t rank = c.scalars.rank, count = static_cast<std::int64_t>(paired.size());
  // As for single rows: where F spans everything, P is summed from what is left of each direction.
  const bool left_over = static_cast<double>(rank) >= c.scalars.dof && !std::isinf(t);
  AlignedVector<double> rows(size_of(count * rank)), product(size_of(count * count));
  std::vector<double> roots;
  for (const double sigma : c.eigenvalues)
    roots.push_back(std::sqrt(t == 0 ? 1 / sigma : left_over ? t / (sigma + t) : sigma / (sigma + t)));
  for (std::int64_t n = 0; n < count; ++n)
    for (std::int64_t i = 0; i < rank; ++i)
      rows[size_of(n * rank + i)] = roots[size_of(i)] * c.rows[size_of(paired[size_of(n)] * rank + i)];
  syrk_transposed(count, rank, rows.data(), rank, 0, product.data(), count);
  std::vector<double> result;
  const auto entry = [&](std::int64_t i, std::int64_t j) {
    const double sum = product[size_of(j * count + i)];
    return left_over ? sum : (i == j ? 1 : 0) - lost - sum;
  };
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t j = 0; j < i; ++j) {
      const double square = entry(i, i) * entry(j, j);
      result.push_back(square > 0 ? std::clamp(entry(i, j) / std::sqrt(square), -1.0, 1.0) : 0);
    }
  return result;
}

/// How far apart t may be that share a matrix.
double shared_range(const std::vector<double>& t, const std::vector<std::size_t>& order) {
  if (order.size() <= most_matrices) return 1;
  double least = 0, largest = 0;
  for (const std::size_t k : order) {
    if (!std::isfinite(t[k]) || t[k] == 0) continue;
    if (least == 0) least = t[k];
    largest = t[k];
  }
  return least > 0 ? std::pow(largest / least, 1.0 / most_matrices) : 1;
}

/// v_i + v_j - v_ij of two normal residuals a and b with a correlation: (square (a a + b b) - product a b) + constant.
struct PairFactors {
  double square, product, constant;
};

std::vector<PairFactors> pair_factors(const std::vector<double>& correlations) {
  constexpr double least = 0x1p-20;  // two rows that tell the same, exactly
  std::vector<PairFactors> factors;
  factors.reserve(correlations.size());
  for (const double correlation : correlations) {
    const double square = correlation * correlation, rest = std::max(1 - square, least);
    factors.push_back({square / rest / 2, correlation / rest, -std::log(rest) / 2});
  }
  return factors;
}

}  // namespace

PairTerms pair_terms(const RowCoordinates& coordinates, double lost, const std::vector<std::int64_t>& paired,
                     const PairTargets& targets) {
  const std::size_t count = paired.size();
  PairTerms result{std::vector<double>(count * (count - 1) / 2, 0), std::vector<double>(targets.t.size(), 0)};
  std::vector<std::size_t> order;
  for (std::size_t k = 0; k < targets.t.size(); ++k)
    if (!std::isnan(targets.t[k])) order.push_back(k);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return targets.t[a] < targets.t[b]; });
  const double range = shared_range(targets.t, order), weight = 1 / static_cast<double>(targets.scored);
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    const double least = targets.t[order[begin]];
    double logarithms = 0;
    for (; end < order.size() && targets.t[order[end]] <= range * least; ++end)
      logarithms += std::log(targets.t[order[end]]);
    const double t = least == 0 || std::isinf(least) || end == begin + 1
                         ? least
                         : std::exp(logarithms / static_cast<double>(end - begin));
    const std::vector<PairFactors> shared = pair_factors(correlations(coordinates, lost, paired, t));
    for (std::size_t at = begin; at < end; ++at) {
      const double* const residual = targets.residuals.data() + order[at] * count;
      double squares = 0;
      for (std::size_t i = 0, pair = 0; i < count; ++i)
        for (std::size_t j = 0; j < i; ++j, ++pair) {
          const auto& [square, product, constant] = shared[pair];
          const double a = residual[i], b = residual[j];
          const double term = square * (a * a + b * b) - product * a * b + constant;
          result.mean[pair] += term * weight;
          squares += term * term;
        }
      result.squares[order[at]] = squares;
    }
  }
  return result;
}

double standard_error(const double* values, std::size_t count, double square, std::size_t pairs, double rows,
                      double dof) {
  const double size = static_cast<double>(count);
  double mean = 0, spread = 0;
  for (std::size_t i = 0; i < count; ++i) mean += values[i] / size;
  for (std::size_t i = 0; i < count; ++i) spread += (values[i] - mean) * (values[i] - mean);
  const double single = rows * spread / (size - 1),
               together = rows * (rows - 1) / 2 * square / static_cast<double>(pairs);
  return single > 0 ? std::sqrt(single / (1 + together / single)) / dof : 0;
}

}  // namespace culogme::detail
