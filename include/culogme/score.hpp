#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <culogme/engine.hpp>
#include <culogme/matrix.hpp>
#include <culogme/statistics.hpp>

namespace culogme {

class FeatureReader;
struct Labels;

enum class Procedure : std::uint8_t {
  maximum,    ///< the global maximum of the exact evidence
  reference,  ///< the published implementation's numbers, wrong ones too (ReferenceOptions)
};
const char* procedure_name(Procedure procedure) noexcept;

enum class Intercept : std::uint8_t {
  automatic,  ///< on for regression and multi-label, off for classification and for Procedure::reference
  on,         ///< a free intercept with a flat prior: N - 1 degrees of freedom
  off,
};

enum class TargetStatus : std::uint8_t {
  interior,             ///< a maximum at 0 < alpha/beta < infinity
  null_limit,           ///< the features carry no signal: alpha -> infinity
  interpolation_limit,  ///< alpha -> 0, evidence finite
  unbounded,            ///< the target is an exact linear function of the features: evidence +infinity
  empty,                ///< no rows of that class, or a target without spread: skipped
};
const char* status_name(TargetStatus status) noexcept;

/// How the eigenvalues were found.
enum class Route : std::uint8_t {
  gram_f32,
  gram_f64,
  dual_gram,
  svd,  ///< QR of tiles and the singular values of the triangle: F'F is never formed
  gram_tf32,
  gram_half,
};
const char* route_name(Route route) noexcept;

/// The maximum of one target. Evidence values are per row (log evidence / N; / (N - 1) with an intercept).
struct TargetFit {
  std::string name;
  std::int64_t rows = 0;  ///< rows of the class; all rows for the other tasks
  double evidence = 0;
  double null_evidence = 0;  ///< of the model without features (alpha -> infinity)
  double alpha = 0;          ///< precision of the weights; infinite at the null limit
  double beta = 0;           ///< precision of the noise; infinite where unbounded
  double gamma = 0;          ///< effective number of parameters
  /// First-order bound on the error of `evidence` (docs/numerics.md). Procedure::reference has none: NaN, infinite
  /// where its products are not f64.
  double error_bound = 0;
  /// At most `error_bound`, and NaN with it: what rounding of independent signs leaves of it, six standard deviations.
  double error_estimate = 0;
  /// Of `evidence`, as Score::standard_error. NaN also for classes and labels of which the sample of a longer table
  /// holds fewer than 8 rows.
  double standard_error = std::numeric_limits<double>::quiet_NaN();
  std::int32_t iterations = 0;
  TargetStatus status = TargetStatus::empty;  ///< Procedure::reference scores empty classes as well: `interior`
};

struct Seconds {
  double total = 0, read = 0, statistics = 0, spectrum = 0, evidence = 0;
};

/// What rows of a random sample add to a score. The rows depend on their number and that of the features alone: more
/// where features are few, and the smaller sample is part of the larger one.
struct RowEvidence {
  std::vector<std::int64_t> rows;  ///< increasing, counted among the rows that were scored; 128 to 1024, or all
  /// Of each the logarithm of the density of its target given all other rows, mean over the targets that are not empty.
  std::vector<double> values;
  /// [m (m - 1) / 2] lower triangle row by row, of the m = min(64, all) rows that a sample of 64 would be: what two
  /// rows add by themselves less what they add together.
  std::vector<double> pairs;
};

/// Plain values, no handles.
struct Score {
  double value = 0;           ///< mean evidence over the targets that are not empty; +infinity if one is unbounded
  double error_bound = 0;     ///< mean of the targets' bounds, and NaN where they are
  double error_estimate = 0;  ///< mean of the targets' estimates; decides whether Precision::automatic goes on
  double null_value = 0;      ///< mean null evidence
  /// Standard deviation of `value` over other sets of as many rows from the same population, by the jackknife
  /// (docs/numerics.md). NaN where ScoreOptions::standard_error is off, where the score is infinite, of one row, of
  /// Procedure::reference, and of statistics, which keep no rows.
  double standard_error = std::numeric_limits<double>::quiet_NaN();
  RowEvidence row_evidence;  ///< empty where standard_error is NaN
  std::int64_t rows = 0, features = 0, rank = 0;
  Task task = Task::classification;
  Procedure procedure = Procedure::maximum;
  bool intercept = false;
  Route route = Route::gram_f64;
  std::string route_reason;  ///< why that route, as the end of a sentence: "f64 products were asked for"
  std::string engine;
  std::vector<TargetFit> targets;
  /// With ScoreOptions::eigenvalues only: [rank], decreasing, sigma_i of F'F (equal to those of FF') in units of the
  /// features squared; with an intercept of features about their means. Infinite or 0 beyond the range of fp64.
  std::vector<double> eigenvalues;
  std::vector<std::string> warnings;  ///< sentences a person should read
  Seconds seconds;
};

/// What a long score is doing. `rows_total` is 0 where it is not known (a pipe).
struct Progress {
  const char* stage = "";  ///< "statistics", "spectrum" or "evidence"
  std::int64_t rows = 0, rows_total = 0;
  std::int64_t bytes = 0;  ///< of features read so far
};

/// The iteration of Procedure::reference: alpha = beta = 1 at the start, then t = alpha / beta moves until it changes
/// by no more than `tolerance` of itself or `iterations` steps are done. The defaults are the published ones; copies of
/// it stop at 1e-2 or take other numbers of steps, and some have no guard.
struct ReferenceOptions {
  double tolerance = 1e-3;       ///< 0: all steps are done, unless t stands still
  std::int32_t iterations = 11;  ///< at least 1
  double guard = 1e-5;           ///< added to both denominators, |m|^2 and |F m - y|^2, whatever their units; 0: none
};

struct ScoreOptions {
  Procedure procedure = Procedure::maximum;
  ReferenceOptions reference = {};  ///< of Procedure::reference
  Intercept intercept = Intercept::automatic;
  Precision precision = Precision::automatic;  ///< one-shot scores; statistics have their own
  double accuracy = 1e-5;                      ///< error estimate that Precision::automatic must meet
  bool standard_error = false;  ///< of one-shot scores: O(features^2) for each sampled row, waits on a device
  bool eigenvalues = false;     ///< fill Score::eigenvalues
  /// Called from the calling thread between tiles and stages; may throw to cancel, and the exception comes out of
  /// score.
  std::function<void(const Progress&)> progress = {};
};

/// Score of what was added so far; may be called after every batch. O(features^3 + targets * features^2); waits.
/// Throws InvalidArgument (no rows, an option out of range), NumericalError (every target is empty, decomposition
/// failed).
Score score(const Statistics& statistics, const ScoreOptions& options = {});

/// One-shot scores of features in memory: rows x features and rows labels in [0, classes), or rows x targets responses.
/// No more rows (less one with an intercept) than features go through the dual Gram matrix, O(rows^2 * features).
/// `task` of the second form is regression or multilabel. Throws as Statistics::add and score(Statistics).
Score score(Engine& engine, const MatrixView& features, const LabelView& labels, std::int64_t classes,
            const ScoreOptions& options = {});
Score score(Engine& engine, const MatrixView& features, const MatrixView& responses, Task task = Task::regression,
            const ScoreOptions& options = {});

/// Streams features of any size from a reader (culogme/io.hpp) in bounded memory.
Score score(Engine& engine, FeatureReader& features, const Labels& labels, const ScoreOptions& options = {});

/// How far the scores of two models on the same rows are apart.
struct ScoreDifference {
  double value = 0;           ///< first minus second
  double standard_error = 0;  ///< of the difference, row by row: rows that are hard for both cancel
  double probability = 0;     ///< that the first is the better one: of a normal variable, by value / standard_error
};

/// Compares two scores of the same rows and labels, both with standard errors. Standard error and probability are NaN
/// where one of them has none; the probability is 1/2 where the scores are equal. Throws InvalidArgument where rows,
/// task or intercept differ.
ScoreDifference score_difference(const Score& first, const Score& second);

}  // namespace culogme
