#include "row_evidence.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include <culogme/error.hpp>

#include "cpu/blas.hpp"
#include "row_pairs.hpp"

namespace culogme {
namespace detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr std::int64_t targets_per_block = 64;
/// Least 1 - h_n: what rounding leaves of it where a row alone spans a direction.
constexpr double least_room = 0x1p-46;

/// Rows of the rarer kind, in the class or not, that a sample must hold for the standard error of a class alone.
constexpr std::int64_t least_of_class = 8;

/// Whether a sample of y, in {0, 1} less any mean for all tasks but regression, can stand for a target by itself: of a
/// rare class it holds a few rows by chance, and those few weigh most. In the mean over the classes every row counts.
bool sample_tells(const Score& score, const double* values, std::int64_t count) {
  if (score.task == Task::regression || count == score.rows) return true;
  const std::int64_t inside = std::count_if(values, values + count, [](double value) { return value > 0; });
  return std::min(inside, count - inside) >= least_of_class;
}

double sum_of_squares(const std::vector<double>& values) {
  return std::inner_product(values.begin(), values.end(), values.begin(), 0.0);
}

/// ln p(y_n | the other rows) of the sampled rows, target by target.
class RowDensities {
 public:
  RowDensities(const Score& score, const RowCoordinates& coordinates, std::int64_t count)
      : score_(score),
        c_(coordinates),
        rank_(coordinates.scalars.rank),
        count_(count),
        full_(static_cast<double>(coordinates.scalars.rank) >= coordinates.scalars.dof),
        lost_(score.intercept ? 1 / static_cast<double>(score.rows) : 0),
        squares_(coordinates.rows) {
    for (double& value : squares_) value *= value;
  }

  struct Block {
    AlignedVector<double> densities;  ///< [targets][S], zeros for empty targets
    AlignedVector<double> residuals;  ///< [targets][S] y_n less its mean given the others, in standard deviations
  };

  /// Of targets [begin, end).
  Block of(std::int64_t begin, std::int64_t end) const {
    const std::int64_t targets = end - begin;
    AlignedVector<double> shrunk(size_of(targets * rank_)), shares(size_of(targets * rank_)),
        explained(size_of(targets * count_), 0), leverage(size_of(targets * count_), 0);
    for (std::int64_t k = begin; k < end; ++k)
      set_weights(k, &shrunk[size_of((k - begin) * rank_)], &shares[size_of((k - begin) * rank_)]);
    if (rank_ > 0) {
      gemm(true, false, count_, targets, rank_, c_.rows.data(), rank_, shrunk.data(), rank_, 0, explained.data(),
           count_);
      gemm(true, false, count_, targets, rank_, squares_.data(), rank_, shares.data(), rank_, 0, leverage.data(),
           count_);
    }
    Block block{AlignedVector<double>(size_of(targets * count_), 0),
                AlignedVector<double>(size_of(targets * count_), 0)};
    for (std::int64_t k = begin; k < end; ++k) {
      const TargetFit& fit = score_.targets[size_of(k)];
      if (fit.status == TargetStatus::empty) continue;
      // Where F spans everything, residual and room were summed from what is left of each direction.
      const bool complement = full_ && fit.status != TargetStatus::null_limit;
      const double noise = precision(k),
                   constant = std::log(noise / (2 * std::numbers::pi)) - 2 * target_exponent(k) * std::numbers::ln2;
      for (std::int64_t i = 0; i < count_; ++i) {
        const std::size_t at = size_of((k - begin) * count_ + i);
        const double residual = complement ? explained[at] : c_.values[size_of(k * count_ + i)] - explained[at];
        const double room = complement ? leverage[at] : 1 - lost_ - leverage[at];
        const double kept = std::max(room, fit.status == TargetStatus::interpolation_limit ? 0 : least_room);
        block.residuals[at] = std::sqrt(noise / kept) * residual;
        block.densities[at] = (constant + std::log(kept) - block.residuals[at] * block.residuals[at]) / 2;
      }
    }
    return block;
  }

  /// t in the scaled units; 0 at the interpolation limit, infinite at the null limit, NaN of an empty target.
  double ratio(std::int64_t k) const {
    const TargetFit& fit = score_.targets[size_of(k)];
    const int f = target_exponent(k);
    if (fit.status == TargetStatus::interpolation_limit) return 0;
    if (fit.status == TargetStatus::null_limit) return std::numeric_limits<double>::infinity();
    if (fit.status != TargetStatus::interior) return std::numeric_limits<double>::quiet_NaN();
    return std::ldexp(fit.alpha, 2 * (f - c_.exponent)) / std::ldexp(fit.beta, 2 * f);
  }
  double lost() const { return lost_; }

 private:
  int target_exponent(std::int64_t k) const { return c_.target_exponent.empty() ? 0 : c_.target_exponent[size_of(k)]; }

  /// beta in the scaled units; alpha where beta is infinite and room and residual are both t times something.
  double precision(std::int64_t k) const {
    const TargetFit& fit = score_.targets[size_of(k)];
    const int f = target_exponent(k);
    return fit.status == TargetStatus::interpolation_limit ? std::ldexp(fit.alpha, 2 * (f - c_.exponent))
                                                           : std::ldexp(fit.beta, 2 * f);
  }

  /// What each direction adds to residual and leverage, or to what they leave.
  void set_weights(std::int64_t k, double* shrunk, double* shares) const {
    const TargetFit& fit = score_.targets[size_of(k)];
    const bool at_zero = fit.status == TargetStatus::interpolation_limit,
               interior = fit.status == TargetStatus::interior;
    const double t = interior ? ratio(k) : 0;
    for (std::int64_t i = 0; i < rank_; ++i) {
      const double sigma = c_.eigenvalues[size_of(i)];
      const double share = at_zero ? 1 / sigma : interior ? (full_ ? t : sigma) / (sigma + t) : 0;
      shares[i] = share;
      shrunk[i] = share * c_.targets[size_of(k * rank_ + i)];
    }
  }

  const Score& score_;
  const RowCoordinates& c_;
  std::int64_t rank_, count_;
  bool full_;
  double lost_;
  AlignedVector<double> squares_;
};

}  // namespace

AlignedVector<double> kept_coordinates(std::span<const double> projected, std::int64_t size,
                                       const std::vector<double>& eigenvalues, bool divide) {
  const auto rank = static_cast<std::int64_t>(eigenvalues.size());
  const std::int64_t count = static_cast<std::int64_t>(projected.size()) / size;
  std::vector<double> factor(eigenvalues.size(), 1);
  if (divide)
    for (std::size_t i = 0; i < factor.size(); ++i) factor[i] = 1 / std::sqrt(eigenvalues[i]);
  AlignedVector<double> kept(size_of(count * rank));
  for (std::int64_t k = 0; k < count; ++k)
    for (std::int64_t i = 0; i < rank; ++i)
      kept[size_of(k * rank + i)] = projected[size_of(k * size + size - rank + i)] * factor[size_of(i)];
  return kept;
}

void set_standard_errors(Score& score, const RowCoordinates& coordinates, const SampledRows& sample, int threads) {
  const std::int64_t count = sample.count(), targets = static_cast<std::int64_t>(score.targets.size());
  if (count < 2 || !std::isfinite(score.value)) return;
  const double rows = static_cast<double>(score.rows), dof = coordinates.scalars.dof;
  const RowDensities densities(score, coordinates, count);
  const BlasThreads used(threads);
  std::vector<std::int64_t> paired;
  for (const std::int64_t row : choose_rows(score.rows, most_paired_rows))
    paired.push_back(std::lower_bound(sample.places.begin(), sample.places.end(), row) - sample.places.begin());
  std::vector<double> mean(size_of(count), 0);
  AlignedVector<double> all;  // [targets][S]
  PairTargets pairs;
  for (std::int64_t begin = 0; begin < targets; begin += targets_per_block) {
    const std::int64_t end = std::min(begin + targets_per_block, targets);
    const RowDensities::Block block = densities.of(begin, end);
    for (std::int64_t k = begin; k < end; ++k) {
      pairs.t.push_back(densities.ratio(k));
      for (const std::int64_t i : paired) pairs.residuals.push_back(block.residuals[size_of((k - begin) * count + i)]);
      if (score.targets[size_of(k)].status == TargetStatus::empty) continue;
      for (std::int64_t i = 0; i < count; ++i) mean[size_of(i)] += block.densities[size_of((k - begin) * count + i)];
      ++pairs.scored;
    }
    all.insert(all.end(), block.densities.begin(), block.densities.end());
  }
  for (double& value : mean) value /= static_cast<double>(pairs.scored);
  PairTerms terms = pair_terms(coordinates, densities.lost(), paired, pairs);
  for (std::int64_t k = 0; k < targets; ++k) {
    TargetFit& fit = score.targets[size_of(k)];
    if (fit.status != TargetStatus::empty && sample_tells(score, coordinates.values.data() + k * count, count))
      fit.standard_error = standard_error(all.data() + k * count, size_of(count), terms.squares[size_of(k)],
                                          terms.mean.size(), rows, dof);
  }
  score.standard_error =
      standard_error(mean.data(), mean.size(), sum_of_squares(terms.mean), terms.mean.size(), rows, dof);
  score.row_evidence = {sample.places, std::move(mean), std::move(terms.mean)};
}

}  // namespace detail

ScoreDifference score_difference(const Score& first, const Score& second) {
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  if (first.rows != second.rows)
    throw InvalidArgument("the scores are of other rows and cannot be compared in pairs: of " +
                          std::to_string(first.rows) + " and " + std::to_string(second.rows));
  if (first.task != second.task || first.intercept != second.intercept)
    throw InvalidArgument("the scores are of different models: task and intercept must be equal");
  ScoreDifference result{first.value - second.value, unknown, unknown};
  const RowEvidence &a = first.row_evidence, &b = second.row_evidence;
  std::vector<double> difference, pairs(std::min(a.pairs.size(), b.pairs.size()));
  for (std::size_t i = 0, j = 0; i < a.rows.size() && j < b.rows.size();) {
    if (a.rows[i] == b.rows[j]) difference.push_back(a.values[i] - b.values[j]);
    const std::int64_t row = std::min(a.rows[i], b.rows[j]);
    i += a.rows[i] == row ? 1 : 0;
    j += b.rows[j] == row ? 1 : 0;
  }
  if (difference.size() < 2 || !std::isfinite(result.value)) return result;
  for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = a.pairs[i] - b.pairs[i];
  const double rows = static_cast<double>(first.rows);
  result.standard_error = detail::standard_error(difference.data(), difference.size(), detail::sum_of_squares(pairs),
                                                 pairs.size(), rows, rows - (first.intercept ? 1 : 0));
  result.probability =
      result.value == 0 ? 0.5 : std::erfc(-result.value / result.standard_error / std::numbers::sqrt2) / 2;
  return result;
}

}  // namespace culogme
