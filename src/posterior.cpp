#include <culogme/posterior.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <culogme/error.hpp>

#include "bad_value.hpp"
#include "cpu/blas.hpp"
#include "cpu/eigen.hpp"
#include "cpu/pack.hpp"
#include "cpu/spectrum.hpp"
#include "cpu/tile.hpp"
#include "memory.hpp"
#include "score_stages.hpp"
#include "statistics_state.hpp"

namespace culogme {

using detail::AlignedVector;
using detail::Moments;

namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr std::int64_t block_rows = 512;  // predicted together

AlignedVector<double> identity(std::int64_t n) {
  AlignedVector<double> matrix(size_of(n * n), 0);
  for (std::int64_t i = 0; i < n; ++i) matrix[size_of(i * n + i)] = 1;
  return matrix;
}

/// The same rows in host memory: the view itself, or a copy of its bytes in `copy`.
MatrixView on_host(detail::Backend& backend, MatrixView view, std::vector<double>& copy) {
  if (view.memory == Memory::host) return view;
  const std::int64_t bytes = scalar_bytes(view.scalar), row = view.cols * bytes;
  copy.resize(size_of((view.rows * row + 7) / 8));
  backend.read(view.data, size_of(view.row_stride * bytes), size_of(row), view.rows, copy.data());
  return {copy.data(), view.rows, view.cols, view.cols, view.scalar, Memory::host};
}

bool has_weights(TargetStatus status) { return status != TargetStatus::empty && status != TargetStatus::null_limit; }

}  // namespace

/// All in the scaled units of the sums: F' = 2^-exponent F, y' = 2^-target_exponent y.
struct Posterior::State {
  std::shared_ptr<detail::Backend> backend;
  Score score;
  std::int64_t features = 0, targets = 0;
  std::int32_t exponent = 0;
  std::vector<std::int32_t> target_exponent;  // [targets]
  std::vector<double> mean;                   // [D] of the features; zeros without an intercept
  std::vector<double> target_mean;            // [targets] of the targets; zeros without an intercept
  AlignedVector<double> basis;     // [D][D] V', column-major: its column j is component j of each eigenvector
  AlignedVector<double> weights;   // [targets][D]
  AlignedVector<double> variance;  // [targets][D] of the weights along each eigenvector
  std::vector<double> noise;       // [targets] 1/beta

  void decompose(Moments moments);
  std::vector<double> rows_of(const MatrixView& view, std::int64_t first, std::int64_t count) const;
  void project(const std::vector<double>& rows, std::int64_t count, std::vector<double>& fitted,
               std::vector<double>& spread) const;
  void check_features(const MatrixView& view) const;
  double scale(std::int64_t target) const { return std::ldexp(1.0, target_exponent[size_of(target)]); }
  double prior_of_intercept() const { return score.intercept ? 1 / static_cast<double>(score.rows) : 0; }

  template <class Value>
  std::vector<double> leave_one_out(const MatrixView& view, const Value& value) const;
};

void Posterior::State::decompose(Moments m) {
  const double n = static_cast<double>(m.rows), d = static_cast<double>(features), k = static_cast<double>(targets);
  detail::require_memory(8 * (4 * d * d + 3 * k * d), "the posterior of " + std::to_string(features) + " features");
  exponent = m.exponent;
  target_exponent = m.target_exponent;
  target_exponent.resize(size_of(targets), 0);
  mean.assign(size_of(features), 0);
  target_mean.assign(size_of(targets), 0);
  if (score.intercept) {
    for (std::size_t j = 0; j < mean.size(); ++j) mean[j] = m.pilot[j] + m.sum[j] / n;
    for (std::size_t t = 0; t < target_mean.size(); ++t)
      target_mean[t] = m.task == Task::classification ? static_cast<double>(m.counts[t]) / n
                                                      : m.target_pilot[t] + m.target_sum[t] / n;
  }
  detail::move_origin(m, score.intercept);
  AlignedVector<double> unit = identity(features);
  // V' of the identity is V' itself, from the decomposition that scores trust.
  detail::Decomposition found = detail::decompose(features, m.gram, unit, features, backend->threads());
  basis = std::move(found.projected);
  weights.resize(size_of(targets * features));
  variance.resize(size_of(targets * features));
  AlignedVector<double> along(size_of(targets * features));
  const detail::BlasThreads threads(backend->threads());
  detail::gemm(false, false, features, targets, features, basis.data(), features, m.cross.data(), features, 0,
               along.data(), features);
  const std::int64_t cut = features - score.rank;
  for (std::int64_t t = 0; t < targets; ++t) {
    const TargetFit& fit = score.targets[size_of(t)];
    const double alpha = std::ldexp(fit.alpha, 2 * (target_exponent[size_of(t)] - exponent));
    const double beta = std::ldexp(fit.beta, 2 * target_exponent[size_of(t)]);
    const bool weighted = has_weights(fit.status), noiseless = std::isinf(beta);
    const double ratio = noiseless ? 0 : alpha / beta;
    noise.push_back(fit.status == TargetStatus::empty ? 0 : 1 / beta);
    for (std::int64_t i = 0; i < features; ++i) {
      const double sigma = found.eigenvalues[size_of(i)];
      const bool kept = weighted && i >= cut;
      double& coefficient = along[size_of(t * features + i)];
      coefficient = kept ? coefficient / (sigma + ratio) : 0;
      variance[size_of(t * features + i)] = !weighted   ? 0
                                            : !kept     ? 1 / alpha
                                            : noiseless ? 0
                                                        : 1 / (alpha + beta * sigma);
    }
  }
  detail::gemm(true, false, features, targets, features, basis.data(), features, along.data(), features, 0,
               weights.data(), features);
}

void Posterior::State::check_features(const MatrixView& view) const {
  detail::check_view(*backend, view, "features");
  if (view.cols != features)
    throw InvalidArgument("features have " + std::to_string(view.cols) + " columns, the posterior was made for " +
                          std::to_string(features));
}

/// Rows [first, first + count), scaled and about the mean.
std::vector<double> Posterior::State::rows_of(const MatrixView& view, std::int64_t first, std::int64_t count) const {
  MatrixView part = view;
  part.data = static_cast<const char*>(view.data) + first * view.row_stride * scalar_bytes(view.scalar);
  part.rows = count;
  std::vector<double> copy;
  part = on_host(*backend, part, copy);
  if (const detail::BadValue bad = detail::find_not_finite(part, 0, count); bad.row >= 0)
    throw NumericalError("features: " + detail::bad_data_text({detail::BadData::Kind::feature, first + bad.row,
                                                               bad.column, bad.value, 0, 0, view.scalar}));
  std::vector<double> rows(size_of(count * features));
  detail::widen_rows(part, 0, count, rows.data());
  const double factor = std::ldexp(1.0, -exponent);
  for (std::int64_t row = 0; row < count; ++row)
    for (std::int64_t j = 0; j < features; ++j) {
      double& value = rows[size_of(row * features + j)];
      value = value * factor - mean[size_of(j)];
    }
  return rows;
}

/// f'm without the intercept, and f'A^-1 f. [count][targets] each
void Posterior::State::project(const std::vector<double>& rows, std::int64_t count, std::vector<double>& fitted,
                               std::vector<double>& spread) const {
  fitted.resize(size_of(count * targets));
  spread.resize(size_of(count * targets));
  std::vector<double> along(size_of(count * features));
  detail::gemm(true, false, targets, count, features, weights.data(), features, rows.data(), features, 0, fitted.data(),
               targets);
  detail::gemm(false, false, features, count, features, basis.data(), features, rows.data(), features, 0, along.data(),
               features);
  for (double& value : along) value *= value;
  detail::gemm(true, false, targets, count, features, variance.data(), features, along.data(), features, 0,
               spread.data(), targets);
}

Posterior::Posterior(const Statistics& statistics, const ScoreOptions& options) : state_(std::make_unique<State>()) {
  if (options.procedure == Procedure::reference)
    throw InvalidArgument("alpha and beta of the published procedure maximise no evidence: predict with the maximum");
  state_->score = culogme::score(statistics, options);
  state_->backend = statistics.state().backend;
  state_->features = statistics.features();
  state_->targets = statistics.targets();
  state_->decompose(statistics.state().moments());
}

Posterior::Posterior(Posterior&&) noexcept = default;
Posterior& Posterior::operator=(Posterior&&) noexcept = default;
Posterior::~Posterior() = default;

const Score& Posterior::score() const { return state_->score; }
std::int64_t Posterior::features() const { return state_->features; }
std::int64_t Posterior::targets() const { return state_->targets; }

std::vector<double> Posterior::weights() const {
  std::vector<double> result;
  result.reserve(state_->weights.size());
  for (std::int64_t t = 0; t < state_->targets; ++t)
    for (std::int64_t j = 0; j < state_->features; ++j)
      result.push_back(std::ldexp(state_->weights[size_of(t * state_->features + j)],
                                  state_->target_exponent[size_of(t)] - state_->exponent));
  return result;
}

std::vector<double> Posterior::intercepts() const {
  std::vector<double> result;
  for (std::int64_t t = 0; t < state_->targets; ++t) {
    double value = state_->target_mean[size_of(t)];
    for (std::int64_t j = 0; j < state_->features; ++j)
      value -= state_->mean[size_of(j)] * state_->weights[size_of(t * state_->features + j)];
    result.push_back(value * state_->scale(t));
  }
  return result;
}

Prediction Posterior::predict(const MatrixView& features) const {
  const State& s = *state_;
  s.check_features(features);
  Prediction result{features.rows, s.targets, {}, {}};
  detail::require_memory(16.0 * static_cast<double>(features.rows) * static_cast<double>(s.targets),
                         "predictions of " + std::to_string(features.rows) + " rows");
  result.mean.reserve(size_of(features.rows * s.targets));
  result.deviation.reserve(size_of(features.rows * s.targets));
  const detail::BlasThreads threads(s.backend->threads());
  std::vector<double> fitted, spread;
  for (std::int64_t first = 0; first < features.rows; first += block_rows) {
    const std::int64_t count = std::min(block_rows, features.rows - first);
    s.project(s.rows_of(features, first, count), count, fitted, spread);
    for (std::int64_t i = 0; i < count * s.targets; ++i) {
      const std::int64_t t = i % s.targets;
      const double noise = s.noise[size_of(t)] * (1 + s.prior_of_intercept());
      result.mean.push_back((fitted[size_of(i)] + s.target_mean[size_of(t)]) * s.scale(t));
      result.deviation.push_back(std::sqrt(noise + spread[size_of(i)]) * s.scale(t));
    }
  }
  return result;
}

template <class Value>
std::vector<double> Posterior::State::leave_one_out(const MatrixView& view, const Value& value) const {
  std::vector<double> result, fitted, spread;
  const detail::BlasThreads threads(backend->threads());
  for (std::int64_t first = 0; first < view.rows; first += block_rows) {
    const std::int64_t count = std::min(block_rows, view.rows - first);
    project(rows_of(view, first, count), count, fitted, spread);
    for (std::int64_t i = 0; i < count * targets; ++i) {
      const std::int64_t t = i % targets;
      const double residual = std::ldexp(value(first + i / targets, t), -target_exponent[size_of(t)]) -
                              target_mean[size_of(t)] - fitted[size_of(i)];
      const TargetStatus status = score.targets[size_of(t)].status;
      const double leverage =
          prior_of_intercept() + (status == TargetStatus::interior ? spread[size_of(i)] / noise[size_of(t)] : 0);
      const bool known = status == TargetStatus::interior || status == TargetStatus::null_limit;
      constexpr double rounding = 1e-12;
      result.push_back(known && 1 - leverage > rounding ? residual / (1 - leverage) * scale(t)
                                                        : std::numeric_limits<double>::quiet_NaN());
    }
  }
  return result;
}

std::vector<double> Posterior::leave_one_out(const MatrixView& features, const LabelView& labels) const {
  const State& s = *state_;
  s.check_features(features);
  if (s.score.task != Task::classification)
    throw InvalidArgument("labels are given for a " + std::string(task_name(s.score.task)) +
                          " task; responses are expected");
  detail::check_labels(*s.backend, labels, features.rows);
  LabelView host = labels;
  std::vector<std::int64_t> copy(size_of(labels.memory == Memory::device ? labels.size : 0));
  if (!copy.empty()) {
    const std::size_t bytes = labels.wide ? 8 : 4;
    s.backend->read(labels.data, bytes, bytes, labels.size, copy.data());
    host.data = copy.data();
  }
  for (std::int64_t row = 0; row < labels.size; ++row)
    if (const std::int64_t id = detail::label_at(host, row); id < 0 || id >= s.targets)
      throw InvalidArgument("labels: " + std::to_string(id) + " at row " + std::to_string(row) +
                            " is outside the classes 0.." + std::to_string(s.targets - 1));
  return s.leave_one_out(
      features, [&](std::int64_t row, std::int64_t t) { return detail::label_at(host, row) == t ? 1.0 : 0.0; });
}

std::vector<double> Posterior::leave_one_out(const MatrixView& features, const MatrixView& responses) const {
  const State& s = *state_;
  s.check_features(features);
  if (s.score.task == Task::classification)
    throw InvalidArgument("responses are given for a classification task; labels are expected");
  detail::check_responses(*s.backend, responses, features.rows, s.targets);
  std::vector<double> copy;
  const MatrixView host = on_host(*s.backend, responses, copy);
  return s.leave_one_out(features, [&](std::int64_t row, std::int64_t t) { return detail::element(host, row, t); });
}

ClassPrediction Posterior::classes(const Prediction& prediction) const {
  const State& s = *state_;
  if (s.score.task == Task::regression) throw InvalidArgument("a regression task has no classes: read the means");
  if (prediction.targets != s.targets)
    throw InvalidArgument("the prediction has " + std::to_string(prediction.targets) + " targets, the posterior " +
                          std::to_string(s.targets));
  ClassPrediction result;
  for (std::int64_t row = 0; row < prediction.rows; ++row) {
    const double* const mean = prediction.mean.data() + row * s.targets;
    std::int64_t best = -1;
    double total = 0;
    for (std::int64_t t = 0; t < s.targets; ++t) {
      const bool seen = s.score.targets[size_of(t)].rows > 0;
      if (seen && (best < 0 || mean[t] > mean[best])) best = t;
      result.probability.push_back(seen ? std::clamp(mean[t], 0.0, 1.0) : 0);
      total += result.probability.back();
    }
    result.label.push_back(static_cast<std::int32_t>(best));
    if (s.score.task == Task::classification && total > 0)
      for (auto p = result.probability.end() - s.targets; p != result.probability.end(); ++p) *p /= total;
  }
  return result;
}

}  // namespace culogme
