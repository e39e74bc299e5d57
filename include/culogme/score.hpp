#pragma once

#include <cstdint>
#include <functional>
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
  double error_bound = 0;    ///< first-order bound on the error of `evidence` (docs/numerics.md)
  /// At most `error_bound`: what rounding of independent signs leaves of it, six standard deviations.
  double error_estimate = 0;
  std::int32_t iterations = 0;
  TargetStatus status = TargetStatus::empty;  ///< Procedure::reference scores empty classes as well: `interior`
};

struct Seconds {
  double total = 0, read = 0, statistics = 0, spectrum = 0, evidence = 0;
};

/// Plain values, no handles.
struct Score {
  double value = 0;           ///< mean evidence over the targets that are not empty; +infinity if one is unbounded
  double error_bound = 0;     ///< mean of the targets' bounds
  double error_estimate = 0;  ///< mean of the targets' estimates; decides whether Precision::automatic goes on
  double null_value = 0;      ///< mean null evidence
  std::int64_t rows = 0, features = 0, rank = 0;
  Task task = Task::classification;
  Procedure procedure = Procedure::maximum;
  bool intercept = false;
  Route route = Route::gram_f64;
  std::string route_reason;  ///< why that route, as the end of a sentence: "f64 products were asked for"
  std::string engine;
  std::vector<TargetFit> targets;
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

}  // namespace culogme
