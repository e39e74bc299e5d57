#include "evaluate/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "evaluate/correlation.hpp"
#include "evaluate/random.hpp"
#include "evaluate/weighted_tau.hpp"

namespace culogme::detail {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

/// The models as ranks and scaled values. A draw only gathers them: nothing is compared or sorted again, and a counting
/// sort by the ranks of the whole set serves every draw.
struct Models {
  std::vector<Rank> score_ranks, accuracy_ranks;
  std::vector<double> scores, accuracies;  ///< scaled for products
};

/// One draw after another in the same storage.
class Draw {
 public:
  Draw(const Models& models, std::span<const double> accuracies) : models_(models), accuracies_(accuracies) {}

  void take(Random& random) {
    const std::size_t n = accuracies_.size();
    x_.clear(), y_.clear(), all_x_.clear(), all_y_.clear(), scores_.clear(), scaled_.clear(), values_.clear();
    for (std::size_t i = 0; i < n; ++i) {
      const Rank model = random.below(static_cast<Rank>(n));
      all_x_.push_back(models_.score_ranks[model]);
      all_y_.push_back(models_.accuracy_ranks[model]);
      values_.push_back(accuracies_[model]);
      if (std::isnan(models_.scores[model])) continue;
      x_.push_back(all_x_.back());
      y_.push_back(all_y_.back());
      scores_.push_back(models_.scores[model]);
      scaled_.push_back(models_.accuracies[model]);
    }
  }

  double weighted_kendall() { return tau_.average(all_x_, all_y_); }
  double kendall() { return tau_.equal_weights(x_, y_); }
  double pearson() const { return correlation(scores_, scaled_); }

  double spearman() {
    average_ranks_(x_, x_average_);
    average_ranks_(y_, y_average_);
    return correlation(x_average_, y_average_);
  }

  /// Best accuracy of the draw; `best` gets that of each of its top k.
  double top(std::span<const std::int64_t> top, std::vector<double>& best) {
    sorter_.sort_decreasing(all_x_, order_);
    best_of_top(order_, values_, top, best);
    return *std::max_element(values_.begin(), values_.end());
  }

 private:
  const Models& models_;
  std::span<const double> accuracies_;
  std::vector<Rank> x_, y_, all_x_, all_y_, order_;
  std::vector<double> scores_, scaled_, values_, x_average_, y_average_;
  WeightedTau tau_;
  RankSorter sorter_;
  AverageRanks average_ranks_;
};

}  // namespace

Interval percentile_interval(std::vector<double>& sample, double level) {
  std::erase_if(sample, [](double value) { return std::isnan(value); });
  if (sample.empty()) return {undefined, undefined};
  std::sort(sample.begin(), sample.end());
  const auto quantile = [&](double share) {
    const double position = share * static_cast<double>(sample.size() - 1);
    const std::size_t below = static_cast<std::size_t>(position);
    const double low = sample[below], high = sample[std::min(below + 1, sample.size() - 1)];
    // Equal values as they are: an infinite regret minus itself would be NaN.
    return low == high ? low : low + (high - low) * (position - static_cast<double>(below));
  };
  return {quantile((1 - level) / 2), quantile((1 + level) / 2)};
}

void bootstrap(std::span<const double> scores, std::span<const double> accuracies, const EvaluateOptions& options,
               Evaluation& evaluation) {
  const Models models{dense_ranks(scores), dense_ranks(accuracies), scaled(scores), scaled(accuracies)};
  const std::size_t tops = options.top.size();
  std::vector<std::vector<double>> samples(4 + 2 * tops);
  Random random(options.seed);
  Draw draw(models, accuracies);
  std::vector<double> best;
  const bool enough = static_cast<std::int64_t>(accuracies.size()) >= least_models_for_interval;
  for (std::int64_t resample = 0; resample < options.resamples && enough; ++resample) {
    draw.take(random);
    samples[0].push_back(draw.weighted_kendall());
    samples[1].push_back(draw.kendall());
    samples[2].push_back(draw.spearman());
    samples[3].push_back(draw.pearson());
    const double whole = draw.top(options.top, best);
    for (std::size_t t = 0; t < tops; ++t) {
      samples[4 + t].push_back(relative(best[t], whole));
      samples[4 + tops + t].push_back(whole - best[t]);
    }
  }
  evaluation.weighted_kendall_interval = percentile_interval(samples[0], options.level);
  evaluation.kendall_interval = percentile_interval(samples[1], options.level);
  evaluation.spearman_interval = percentile_interval(samples[2], options.level);
  evaluation.pearson_interval = percentile_interval(samples[3], options.level);
  evaluation.relative_interval.resize(tops);
  evaluation.regret_interval.resize(tops);
  for (std::size_t t = 0; t < tops; ++t) {
    evaluation.relative_interval[t] = percentile_interval(samples[4 + t], options.level);
    evaluation.regret_interval[t] = percentile_interval(samples[4 + tops + t], options.level);
  }
}

}  // namespace culogme::detail
