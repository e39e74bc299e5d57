#include <culogme/score.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

#include <culogme/error.hpp>
#include <culogme/io.hpp>

#include "bad_value.hpp"
#include "rounding.hpp"
#include "row_evidence.hpp"
#include "row_sample.hpp"
#include "score_stages.hpp"
#include "statistics_state.hpp"

namespace culogme {
namespace detail {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void report(const ScoreOptions& options, const Progress& progress) {
  if (options.progress) options.progress(progress);
}

}  // namespace

bool intercept_used(const ScoreOptions& options, Task task) {
  if (options.intercept != Intercept::automatic) return options.intercept == Intercept::on;
  return task != Task::classification && options.procedure == Procedure::maximum;
}

void check_options(const ScoreOptions& options) {
  if (!(options.accuracy > 0))
    throw InvalidArgument("accuracy is " + std::to_string(options.accuracy) + "; a positive number is expected");
  const ReferenceOptions& reference = options.reference;
  if (!(reference.tolerance >= 0) || !(reference.guard >= 0) || reference.iterations < 1)
    throw InvalidArgument("the published procedure needs a tolerance and a guard of at least 0 and one step or more");
  if (options.procedure == Procedure::reference && options.intercept == Intercept::on)
    throw InvalidArgument("the published procedure has no intercept: leave it off or use the maximum");
}

std::vector<double> unscaled_eigenvalues(std::span<const double> increasing, std::int32_t exponent) {
  std::vector<double> values(increasing.rbegin(), increasing.rend());
  for (double& value : values) value = std::ldexp(value, 2 * exponent);
  return values;
}

Stopwatch::Stopwatch() : start_(now()) {}
double Stopwatch::lap() {
  const double before = std::exchange(start_, now());
  return start_ - before;
}

Score finish(Backend& backend, AnySpectrum& spectrum, const ScoreInput& input, const ScoreOptions& options,
             Seconds seconds) {
  Stopwatch watch;
  report(options, {"evidence", input.rows, input.rows, 0});
  Score score;
  score.procedure = options.procedure;
  Fits fits = options.procedure == Procedure::maximum ? backend.maximise(spectrum)
                                                      : backend.reference(spectrum, options.reference);
  score.targets = std::move(fits.targets);
  if (options.eigenvalues) score.eigenvalues = backend.eigenvalues(spectrum);
  score.rows = input.rows;
  score.features = fits.features;
  score.rank = fits.rank;
  score.task = input.task;
  score.intercept = intercept_used(options, input.task);
  score.route = fits.route;
  score.engine = backend.description();
  for (std::size_t k = 0; k < score.targets.size(); ++k) score.targets[k].name = (*input.names)[k];
  summarise(score);
  if (input.sample != nullptr && score.procedure == Procedure::maximum)
    set_standard_errors(score, backend.coordinates(spectrum), *input.sample, backend.threads());
  seconds.evidence = watch.lap();
  if (fits.measured) {
    seconds.statistics = fits.measured->statistics;
    seconds.spectrum = fits.measured->spectrum;
    seconds.evidence = fits.measured->evidence;
  }
  score.seconds = seconds;
  return score;
}

void check_rows(std::int64_t rows, bool intercept) {
  if (rows == 0) throw InvalidArgument("there are no rows to score");
  if (intercept && rows == 1)
    throw InvalidArgument("one row is used up by the intercept; score without it or add rows");
}

Score score_sums(Backend& backend, Sums& sums, bool keep, const ScoreInput& input, const ScoreOptions& options,
                 Seconds seconds) {
  const bool intercept = intercept_used(options, input.task);
  check_rows(input.rows, intercept);
  report(options, {"spectrum", input.rows, input.rows, 0});
  Stopwatch watch;
  const std::unique_ptr<AnySpectrum> spectrum = backend.spectrum(sums, keep, intercept, input.sample);
  seconds.spectrum += watch.lap();
  return finish(backend, *spectrum, input, options, seconds);
}

Score score_triangle(Backend& backend, Triangle& triangle, const ScoreInput& input, const ScoreOptions& options,
                     Seconds seconds) {
  check_rows(input.rows, intercept_used(options, input.task));
  report(options, {"spectrum", input.rows, input.rows, 0});
  Stopwatch watch;
  const std::unique_ptr<AnySpectrum> spectrum = backend.triangle_spectrum(triangle, input.sample);
  seconds.spectrum += watch.lap();
  return finish(backend, *spectrum, input, options, seconds);
}

Score score_dual(Backend& backend, const MatrixView& features, const TargetView& targets, const ScoreInput& given,
                 const ScoreOptions& options, Seconds seconds) {
  SampledRows sample;  // all rows are at hand, so only their numbers are needed
  ScoreInput input = given;
  if (options.standard_error) {
    sample.places = choose_rows(features.rows, most_sampled_rows(features.cols));
    input.sample = &sample;
  }
  const bool intercept = intercept_used(options, input.task);
  check_rows(features.rows, intercept);
  report(options, {"spectrum", features.rows, features.rows, 0});
  const auto run = [&](bool svd) {
    Seconds spent = seconds;
    Stopwatch watch;
    const std::unique_ptr<AnySpectrum> spectrum =
        svd ? backend.dual_triangle_spectrum(features, targets, *input.names, input.task, intercept, input.sample)
            : backend.dual_spectrum(features, targets, *input.names, input.task,
                                    products_of(options.precision) != Products::f64, intercept, input.sample);
    spent.spectrum += watch.lap();
    return finish(backend, *spectrum, input, options, spent);
  };
  Score score = run(options.precision == Precision::svd);
  score.route_reason = first_reason(backend, options, features.scalar, score.route);
  if (should_escalate(score, options)) {
    const std::string reason = escalation_reason(score, options);
    score = run(true);
    score.route_reason = reason;
  }
  return score;
}

bool use_dual(std::int64_t rows, std::int64_t features, bool intercept) {
  return rows - (intercept ? 1 : 0) <= features;
}

/// f64 products cost less than reading the data twice would where they take a few milliseconds.
Precision first_precision(const Backend& backend, const ScoreOptions& options, Scalar scalar, Memory memory,
                          std::int64_t rows, std::int64_t features) {
  if (options.precision != Precision::automatic) return options.precision;
  // Published numbers are compared to many digits.
  if (options.procedure == Procedure::reference) return Precision::f64;
  constexpr double small = 2e9;
  const double d = static_cast<double>(features);
  const bool large = static_cast<double>(rows) * d * d >= small;
  // A try that fails costs a third of the fastest f64 products where the rows are in the device's memory, a second
  // reading where they are not. No bound of half products is below half of the drift.
  const bool could_do = options.accuracy >= 0.5 * narrow_drift(rows);
  if (large && could_do && scalar_bytes(scalar) == 2 && memory == Memory::device && backend.has_tensor_cores())
    return Precision::half;
  if (backend.prefers_f64()) return Precision::f64;
  return scalar != Scalar::f64 && large ? Precision::f32 : Precision::f64;
}

Precision next_precision(const Backend& backend, Precision precision) {
  switch (precision) {
    case Precision::half:
    case Precision::tf32:
      return backend.prefers_f64() ? Precision::f64 : Precision::f32;
    case Precision::f32:
      return Precision::f64;
    default:
      return Precision::svd;
  }
}

bool should_escalate(const Score& score, const ScoreOptions& options) {
  if (score.route == Route::svd || options.precision != Precision::automatic || options.procedure != Procedure::maximum)
    return false;
  // y'y - sum x2 says that nothing is left of y when its noise is all that is left: only r0 as a sum of squares can
  // tell.
  const bool unbounded = std::any_of(score.targets.begin(), score.targets.end(),
                                     [](const TargetFit& fit) { return fit.status == TargetStatus::unbounded; });
  return unbounded || !(score.error_estimate <= options.accuracy);
}

std::string first_reason(const Backend& backend, const ScoreOptions& options, Scalar scalar, Route route) {
  if (options.precision == Precision::svd) return "singular values were asked for";
  if (options.precision != Precision::automatic) {
    const Products products = products_of(options.precision);
    const std::string asked = std::string(products_name(products)) + " products were asked for";
    return narrow_rows(products) && route == Route::dual_gram ? asked + "; with no more rows than features they are f32"
                                                              : asked;
  }
  if (route == Route::gram_half) return "the error estimate of half products meets the accuracy asked for";
  if (route == Route::gram_f32) return "the error estimate of f32 products meets the accuracy asked for";
  if (route == Route::dual_gram) return "there are no more rows than features";
  if (options.procedure == Procedure::reference) return "published numbers are compared to many digits";
  if (scalar == Scalar::f64) return "the features are f64";
  return backend.prefers_f64() ? "f64 products are fast here" : "f64 products of so few numbers take no time";
}

std::string escalation_reason(const Score& before, const ScoreOptions& options) {
  if (before.error_estimate <= options.accuracy)
    return std::string(route_name(before.route)) + " cannot tell a target without residual from one with a small one";
  return "the error estimate of " + std::string(route_name(before.route)) + ", " + bound_text(before.error_estimate) +
         ", is above the accuracy asked for, " + bound_text(options.accuracy);
}

namespace {

/// Tiles of one block of a view: progress is told and a long score can be cancelled between blocks.
constexpr std::int64_t view_tiles = 64;

Score score_view(Engine& engine, const MatrixView& features, const TargetView& targets, const ScoreInput& given,
                 const ScoreOptions& options) {
  Backend& backend = *engine.implementation();
  check_options(options);
  check_rows(features.rows, intercept_used(options, given.task));
  const auto target_at = [&](std::int64_t row, LabelView& labels, MatrixView& responses) {
    if (targets.labels != nullptr) {
      labels = *targets.labels;
      labels.data = static_cast<const char*>(labels.data) + row * (labels.wide ? 8 : 4);
      return TargetView{&labels};
    }
    responses = *targets.responses;
    responses.data =
        static_cast<const char*>(responses.data) + row * responses.row_stride * scalar_bytes(responses.scalar);
    return TargetView{nullptr, &responses, targets.binary};
  };
  const auto add_blocks = [&](std::int64_t tile_rows, const auto& add) {
    const std::int64_t block = view_tiles * tile_rows;
    for (std::int64_t row = 0; row < features.rows; row += block) {
      report(options, {"statistics", row, features.rows, 0});
      MatrixView part = features;
      part.data = static_cast<const char*>(features.data) + row * features.row_stride * scalar_bytes(features.scalar);
      part.rows = std::min(block, features.rows - row);
      LabelView labels;
      MatrixView responses;
      add(part, target_at(row, labels, responses), row);
    }
  };
  const auto run = [&](Precision precision) {
    Seconds seconds;
    Stopwatch watch;
    RowSampler sampler(backend, options.standard_error, features.rows, features.cols,
                       static_cast<std::int64_t>(given.names->size()), given.task);
    ScoreInput input = given;
    input.sample = sampler.sample();
    if (precision == Precision::svd) {
      const std::unique_ptr<Triangle> triangle = backend.make_triangle(
          features.cols, *input.names, {input.task, intercept_used(options, given.task), features.rows});
      add_blocks(triangle->tile_rows(), [&](const MatrixView& part, const TargetView& part_targets, std::int64_t row) {
        triangle->add(part, part_targets, row);
        sampler.add(part, part_targets);
      });
      seconds.statistics = watch.lap();
      return score_triangle(backend, *triangle, input, options, seconds);
    }
    const std::unique_ptr<Sums> sums =
        backend.make_sums(features.cols, *input.names, {input.task, products_of(precision), features.rows});
    add_blocks(sums->tile_rows(), [&](const MatrixView& part, const TargetView& part_targets, std::int64_t row) {
      sums->add(part, part_targets, row, false);
      sampler.add(part, part_targets);
    });
    seconds.statistics = watch.lap();
    return score_sums(backend, *sums, false, input, options, seconds);
  };
  Stopwatch total;
  try {
    Score score;
    if (use_dual(features.rows, features.cols, intercept_used(options, given.task))) {
      score = score_dual(backend, features, targets, given, options, {});
    } else {
      Precision precision =
          first_precision(backend, options, features.scalar, features.memory, features.rows, features.cols);
      score = run(precision);
      score.route_reason = first_reason(backend, options, features.scalar, score.route);
      while (should_escalate(score, options)) {
        const std::string reason = escalation_reason(score, options);
        precision = next_precision(backend, precision);
        score = run(precision);
        score.route_reason = reason;
      }
    }
    add_warnings(score, options);
    score.seconds.total = total.lap();
    return score;
  } catch (const BadData& bad) {
    const char* const argument = bad.kind == BadData::Kind::feature    ? "features: "
                                 : bad.kind == BadData::Kind::response ? "responses: "
                                                                       : "labels: ";
    throw NumericalError(argument + bad_data_text(bad));
  }
}

}  // namespace
}  // namespace detail

Score score(const Statistics& statistics, const ScoreOptions& options) {
  detail::check_options(options);
  detail::StatisticsState& state = statistics.state();
  detail::Stopwatch total;
  Score score = state.score(options);
  detail::add_warnings(score, options);
  if (options.standard_error)
    score.warnings.push_back("no standard error: statistics keep no rows, score the features themselves for one");
  score.seconds.total = total.lap();
  return score;
}

Score score(Engine& engine, const MatrixView& features, const LabelView& labels, std::int64_t classes,
            const ScoreOptions& options) {
  if (classes < 1) throw InvalidArgument("classes is " + std::to_string(classes) + "; at least 1 is needed");
  detail::check_view(*engine.implementation(), features, "features");
  detail::check_labels(*engine.implementation(), labels, features.rows);
  const std::vector<std::string> names = detail::numbered_names(classes);
  return detail::score_view(engine, features, {&labels}, {Task::classification, &names, features.rows}, options);
}

Score score(Engine& engine, const MatrixView& features, const MatrixView& responses, Task task,
            const ScoreOptions& options) {
  if (task == Task::classification) throw InvalidArgument("responses are of a regression or multilabel task");
  detail::check_view(*engine.implementation(), features, "features");
  detail::check_responses(*engine.implementation(), responses, features.rows, responses.cols);
  const std::vector<std::string> names = detail::numbered_names(responses.cols);
  return detail::score_view(engine, features, {nullptr, &responses, task == Task::multilabel},
                            {task, &names, features.rows}, options);
}

}  // namespace culogme
