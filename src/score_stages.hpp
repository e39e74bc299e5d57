#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <culogme/score.hpp>

#include "backend.hpp"
#include "moments.hpp"

namespace culogme::detail {

/// What a score says about its input beside the numbers.
struct ScoreInput {
  Task task = Task::classification;
  const std::vector<std::string>* names = nullptr;  ///< targets
  std::int64_t rows = 0;
  const SampledRows* sample = nullptr;  ///< for a standard error
};

/// Seconds between calls.
class Stopwatch {
 public:
  Stopwatch();
  double lap();

 private:
  double start_;
};

/// "1.2e-05".
std::string bound_text(double value);

/// "0" ... "count - 1".
std::vector<std::string> numbered_names(std::int64_t count);

bool intercept_used(const ScoreOptions& options, Task task);
void check_options(const ScoreOptions& options);
void check_rows(std::int64_t rows, bool intercept);

/// Whether a one-shot score goes through FF': where the rows that are left as degrees of freedom span no more than the
/// columns do, FF' is the smaller matrix and y'y - sum x2 does not cancel.
bool use_dual(std::int64_t rows, std::int64_t features, bool intercept);

/// The precision that a one-shot score takes first, and the one after it where that is not enough.
Precision first_precision(const Backend& backend, const ScoreOptions& options, Scalar scalar, Memory memory,
                          std::int64_t rows, std::int64_t features);
Precision next_precision(const Backend& backend, Precision precision);

/// Whether a score is to be taken again on a more accurate route: f64 products after coarser ones, singular values
/// after any others.
bool should_escalate(const Score& score, const ScoreOptions& options);

/// Why a one-shot score took its first route, and why it went on from one whose estimate was too large.
std::string first_reason(const Backend& backend, const ScoreOptions& options, Scalar scalar, Route route);
std::string escalation_reason(const Score& before, const ScoreOptions& options);

/// Spectrum and evidence of sums. With `keep` the sums stay as they are, else they are of no use afterwards.
Score score_sums(Backend& backend, Sums& sums, bool keep, const ScoreInput& input, const ScoreOptions& options,
                 Seconds seconds);
/// The same from the triangle of the rows.
Score score_triangle(Backend& backend, Triangle& triangle, const ScoreInput& input, const ScoreOptions& options,
                     Seconds seconds);
/// The same from all rows through the dual Gram matrix, and from there to the dual triangle where that is needed.
Score score_dual(Backend& backend, const MatrixView& features, const TargetView& targets, const ScoreInput& input,
                 const ScoreOptions& options, Seconds seconds);
/// Evidence of a spectrum.
Score finish(Backend& backend, AnySpectrum& spectrum, const ScoreInput& input, const ScoreOptions& options,
             Seconds seconds);

/// Sets value, null value and error bound: means over the targets that are not empty. Throws NumericalError if all are.
void summarise(Score& score);
/// What is said of targets that have no null evidence.
std::string nothing_to_explain(bool intercept);

/// Appends what a person should know: infinite targets, no signal, a bound that was not met, skipped targets.
void add_warnings(Score& score, const ScoreOptions& options);

}  // namespace culogme::detail
