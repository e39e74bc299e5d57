#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <culogme/matrix.hpp>
#include <culogme/score.hpp>
#include <culogme/statistics.hpp>

namespace culogme {

/// What a model whose evidence was maximised says about rows. Units are those of the targets; classes are columns of
/// zeros and ones.
struct Prediction {
  std::int64_t rows = 0, targets = 0;
  std::vector<double> mean;       ///< [rows][targets] f'm, and the intercept
  std::vector<double> deviation;  ///< [rows][targets] sqrt(1/beta + f'A^-1 f): of a new value, its noise included
};

/// Labels told by the means of a classification or multi-label task.
struct ClassPrediction {
  std::vector<std::int32_t> label;  ///< [rows] the class with the largest mean among those that have rows
  /// [rows][targets] means cut to [0, 1]; for classes divided by their sum. Not calibrated: squares were fitted.
  std::vector<double> probability;
};

/// The posterior of the weights at the maximum of the evidence: w ~ N(m, A^-1), m = beta A^-1 F'y, A = alpha I + beta
/// F'F (features and targets about their means where there is an intercept), one per target. Directions that the score
/// left out as noise keep the prior. At the null limit m = 0; at the interpolation limit and where unbounded m is the
/// minimum-norm solution. Holds features^2 + 2 features * targets doubles on the host, where all of it is computed:
/// features in device memory are copied there. Movable; one thread at a time, as its engine.
class Posterior {
 public:
  /// Scores the statistics and decomposes once more, with eigenvectors: O(features^3 + targets * features^2); waits.
  /// The engine's CPU threads are used for it.
  /// Throws InvalidArgument (no rows, Procedure::reference: its alpha and beta maximise nothing), NumericalError.
  explicit Posterior(const Statistics& statistics, const ScoreOptions& options = {});
  Posterior(Posterior&&) noexcept;
  Posterior& operator=(Posterior&&) noexcept;
  ~Posterior();

  const Score& score() const;
  std::int64_t features() const;
  std::int64_t targets() const;

  /// [targets][features] in units of target / feature; zeros for an empty target.
  std::vector<double> weights() const;
  /// [targets]; zeros without an intercept.
  std::vector<double> intercepts() const;

  /// Rows x features() in host or device memory, any element type; waits. O(rows * features * (features + targets)).
  /// Throws InvalidArgument (columns), NumericalError (a value that is not finite, by row and column), OutOfMemory.
  Prediction predict(const MatrixView& features) const;

  /// y minus what the same alpha and beta, fitted without the row, predict for it: residual / (1 - leverage), for rows
  /// that the statistics hold. [rows][targets]; NaN where the leverage is 1 (interpolation), whose row cannot be
  /// missed. Throws as predict, and InvalidArgument for a wrong task or ids.
  std::vector<double> leave_one_out(const MatrixView& features, const LabelView& labels) const;
  std::vector<double> leave_one_out(const MatrixView& features, const MatrixView& responses) const;

  /// Throws InvalidArgument for regression.
  ClassPrediction classes(const Prediction& prediction) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace culogme
