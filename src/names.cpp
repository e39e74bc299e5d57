#include <culogme/matrix.hpp>
#include <culogme/score.hpp>
#include <culogme/source.hpp>
#include <culogme/statistics.hpp>

namespace culogme {

const char* scalar_name(Scalar scalar) noexcept {
  switch (scalar) {
    case Scalar::f16:
      return "f16";
    case Scalar::bf16:
      return "bf16";
    case Scalar::f32:
      return "f32";
    case Scalar::f64:
      return "f64";
  }
  return "unknown";
}

const char* task_name(Task task) noexcept {
  switch (task) {
    case Task::classification:
      return "classification";
    case Task::regression:
      return "regression";
    case Task::multilabel:
      return "multilabel";
  }
  return "unknown";
}

const char* procedure_name(Procedure procedure) noexcept {
  return procedure == Procedure::maximum ? "maximum" : "reference";
}

const char* status_name(TargetStatus status) noexcept {
  switch (status) {
    case TargetStatus::interior:
      return "interior";
    case TargetStatus::null_limit:
      return "null_limit";
    case TargetStatus::interpolation_limit:
      return "interpolation_limit";
    case TargetStatus::unbounded:
      return "unbounded";
    case TargetStatus::empty:
      return "empty";
  }
  return "unknown";
}

const char* route_name(Route route) noexcept {
  switch (route) {
    case Route::gram_f32:
      return "gram_f32";
    case Route::gram_f64:
      return "gram_f64";
    case Route::dual_gram:
      return "dual_gram";
    case Route::svd:
      return "svd";
    case Route::gram_tf32:
      return "gram_tf32";
    case Route::gram_half:
      return "gram_half";
  }
  return "unknown";
}

const char* source_input_name(SourceInput input) noexcept {
  switch (input) {
    case SourceInput::probabilities:
      return "probabilities";
    case SourceInput::logits:
      return "logits";
    case SourceInput::labels:
      return "labels";
  }
  return "unknown";
}

}  // namespace culogme
