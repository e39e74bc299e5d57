#include <culogme/statistics.hpp>

#include <cstdint>
#include <optional>
#include <ostream>
#include <unordered_set>
#include <utility>

#include <culogme/error.hpp>

#include "atomic_file.hpp"
#include "bad_value.hpp"
#include "combination.hpp"
#include "score_stages.hpp"
#include "sealed_file.hpp"
#include "statistics_state.hpp"

namespace culogme {
namespace detail {
namespace {

/// The message of a bad value found by add; rows count from the start of the call.
template <class Work>
void naming_arguments(const Work& work) {
  try {
    work();
  } catch (const BadData& bad) {
    const char* const argument = bad.kind == BadData::Kind::feature    ? "features: "
                                 : bad.kind == BadData::Kind::response ? "responses: "
                                                                       : "labels: ";
    throw NumericalError(argument + bad_data_text(bad));
  }
}

/// A device faults at elements that lie across their own size; a processor does not.
void check_alignment(const void* data, Memory memory, std::int64_t element, const std::string& name) {
  if (memory == Memory::device && reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(element) != 0)
    throw InvalidArgument(name + ".data is not a multiple of the " + std::to_string(element) +
                          " bytes of an element, which memory of a device must be");
}

void check_names(const std::vector<std::string>& names, std::int64_t targets) {
  if (static_cast<std::int64_t>(names.size()) != targets)
    throw InvalidArgument("target_names has " + std::to_string(names.size()) + " names for " + std::to_string(targets) +
                          " targets");
  std::unordered_set<std::string> seen;
  for (const std::string& name : names)
    if (!seen.insert(name).second) throw InvalidArgument("target name '" + name + "' is there twice");
}

}  // namespace

std::vector<std::string> numbered_names(std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t k = 0; k < count; ++k) names.push_back(std::to_string(k));
  return names;
}

void check_view(const Backend& backend, const MatrixView& view, const char* what) {
  const std::string name = what;
  if (view.rows < 0 || view.cols < 1)
    throw InvalidArgument(name + " have shape (" + std::to_string(view.rows) + ", " + std::to_string(view.cols) +
                          "); at least one column is needed");
  if (view.row_stride < view.cols)
    throw InvalidArgument(name + ".row_stride is " + std::to_string(view.row_stride) + ", less than the " +
                          std::to_string(view.cols) + " columns");
  if (view.data == nullptr && view.rows > 0) throw InvalidArgument(name + ".data is null");
  if (view.rows > 0) backend.check_memory(view.data, view.memory, name);
  check_alignment(view.data, view.memory, scalar_bytes(view.scalar), name);
}

void check_ids(const Backend& backend, const LabelView& labels, const char* what) {
  const std::string name = what;
  if (labels.size < 0) throw InvalidArgument(name + ".size is " + std::to_string(labels.size));
  if (labels.data == nullptr && labels.size > 0) throw InvalidArgument(name + ".data is null");
  if (labels.size > 0) backend.check_memory(labels.data, labels.memory, name);
  check_alignment(labels.data, labels.memory, labels.wide ? 8 : 4, name);
}

void check_labels(const Backend& backend, const LabelView& labels, std::int64_t rows) {
  if (labels.size != rows)
    throw InvalidArgument("features have " + std::to_string(rows) + " rows, labels " + std::to_string(labels.size));
  check_ids(backend, labels, "labels");
}

void check_responses(const Backend& backend, const MatrixView& responses, std::int64_t rows, std::int64_t targets) {
  check_view(backend, responses, "responses");
  if (responses.rows != rows)
    throw InvalidArgument("features have " + std::to_string(rows) + " rows, responses " +
                          std::to_string(responses.rows));
  if (responses.cols != targets)
    throw InvalidArgument("responses have " + std::to_string(responses.cols) + " columns, the statistics " +
                          std::to_string(targets) + " targets");
}

StatisticsState::StatisticsState(std::shared_ptr<Backend> backend_, std::int64_t features_,
                                 const StatisticsOptions& options, std::vector<std::string> names_)
    : backend(std::move(backend_)),
      features(features_),
      task(options.task),
      precision(options.precision),
      names(std::move(names_)) {
  if (precision == Precision::svd)
    throw InvalidArgument("statistics keep sums of products and no rows: precision svd is for one-shot scores");
  backend->require(products_of(precision));
  backend->check_room(features, static_cast<std::int64_t>(names.size()));
}

/// Where the choice is left to us products are in f32, but not once f64 features came.
Products StatisticsState::products_for(Scalar scalar) const {
  if (precision != Precision::automatic) return products_of(precision);
  const bool f32 = scalar != Scalar::f64 && !backend->prefers_f64() && (sums_ == nullptr || products_ == Products::f32);
  return f32 ? Products::f32 : Products::f64;
}

void StatisticsState::use_products(Scalar scalar) {
  const Products products = products_for(scalar);
  if (sums_ != nullptr && products == products_) return;
  std::unique_ptr<Sums> fresh = backend->make_sums(features, names, {task, products, 0});
  if (sums_ != nullptr) fresh->set(sums_->moments());
  sums_ = std::move(fresh);
  products_ = products;
}

void StatisticsState::add(const MatrixView& view, const TargetView& targets) {
  if (view.rows == 0) return;
  const bool fresh = sums_ == nullptr;
  naming_arguments([&] {
    try {
      if (fresh) use_products(view.scalar);
      // One reading less where the sums look themselves.
      const bool looks_itself = sums_->checks_first() && products_for(view.scalar) == products_;
      if (!looks_itself) backend->check(view, targets, static_cast<std::int64_t>(names.size()), 0);
      use_products(view.scalar);
      // What is found later is told by the number of the row since the first one that was added.
      const Memory target_memory = targets.labels != nullptr ? targets.labels->memory : targets.responses->memory;
      const bool later = view.memory == Memory::device || target_memory == Memory::device;
      sums_->add(view, targets, later ? rows() : 0, !looks_itself);
    } catch (const BadData&) {
      if (fresh) sums_.reset();  // the next features choose the products again
      throw;
    }
  });
}

void StatisticsState::append_targets(const std::vector<std::string>& added) {
  std::vector<std::string> all = names;
  all.insert(all.end(), added.begin(), added.end());
  check_names(all, static_cast<std::int64_t>(all.size()));
  if (sums_ != nullptr) sums_->append_targets(added);
  names = std::move(all);
}

Moments StatisticsState::moments() const {
  if (sums_ == nullptr) return empty_moments(task, features, names);
  Moments result;
  naming_arguments([&] { result = sums_->moments(); });
  return result;
}

Score StatisticsState::score(const ScoreOptions& options) {
  // Sums are made at the first rows; the check of the rows comes before they are touched.
  check_rows(rows(), intercept_used(options, task));
  Score result;
  naming_arguments([&] { result = score_sums(*backend, *sums_, true, {task, &names, rows()}, options, {}); });
  result.route_reason =
      std::string("the statistics were made with ") + products_name(products_of(result.route)) + " products";
  return result;
}

void StatisticsState::set(Moments moments) {
  std::vector<std::string> all = moments.names;
  if (sums_ == nullptr) use_products(moments.energy_f32.empty() ? Scalar::f64 : Scalar::f32);
  sums_->set(std::move(moments));
  names = std::move(all);
}

void StatisticsState::combine(const StatisticsState& other, int sign) {
  const bool fresh = sums_ == nullptr;
  try {
    if (other.sums_ != nullptr) {
      if (fresh) use_products(other.sums_->products() == Products::f64 ? Scalar::f64 : Scalar::f32);
      std::optional<std::vector<std::string>> all;
      naming_arguments([&] { all = sums_->combine(*other.sums_, sign); });
      if (all.has_value()) {
        names = std::move(*all);
        return;
      }
    }
    Moments result = moments();
    detail::combine(result, other.moments(), sign);
    set(std::move(result));
  } catch (...) {
    if (fresh) sums_.reset();  // the next features choose the products
    throw;
  }
}

}  // namespace detail

Statistics::Statistics(Engine& engine, std::int64_t features, std::int64_t targets, const StatisticsOptions& options) {
  if (features < 1) throw InvalidArgument("features is " + std::to_string(features) + "; at least 1 is needed");
  if (targets < 1) throw InvalidArgument("targets is " + std::to_string(targets) + "; at least 1 is needed");
  std::vector<std::string> names =
      options.target_names.empty() ? detail::numbered_names(targets) : options.target_names;
  detail::check_names(names, targets);
  state_ = std::make_unique<detail::StatisticsState>(engine.implementation(), features, options, std::move(names));
}

Statistics::Statistics(std::unique_ptr<detail::StatisticsState> state) : state_(std::move(state)) {}
Statistics::Statistics(Statistics&&) noexcept = default;
Statistics& Statistics::operator=(Statistics&&) noexcept = default;
Statistics::~Statistics() = default;

detail::StatisticsState& Statistics::state() const {
  if (state_ == nullptr) throw InvalidArgument("these statistics were moved from");
  return *state_;
}

void Statistics::add(const MatrixView& features, const LabelView& labels) {
  detail::StatisticsState& s = state();
  if (s.task != Task::classification)
    throw InvalidArgument(std::string("these statistics are of a ") + task_name(s.task) + " task: add responses");
  detail::check_view(*s.backend, features, "features");
  if (features.cols != s.features)
    throw InvalidArgument("features have " + std::to_string(features.cols) + " columns, the statistics " +
                          std::to_string(s.features));
  detail::check_labels(*s.backend, labels, features.rows);
  s.add(features, {&labels});
}

void Statistics::add(const MatrixView& features, const MatrixView& responses) {
  detail::StatisticsState& s = state();
  if (s.task == Task::classification)
    throw InvalidArgument("these statistics are of a classification task: add labels");
  detail::check_view(*s.backend, features, "features");
  if (features.cols != s.features)
    throw InvalidArgument("features have " + std::to_string(features.cols) + " columns, the statistics " +
                          std::to_string(s.features));
  detail::check_responses(*s.backend, responses, features.rows, static_cast<std::int64_t>(s.names.size()));
  s.add(features, {nullptr, &responses, s.task == Task::multilabel});
}

void Statistics::add_targets(const std::vector<std::string>& names) {
  if (task() != Task::classification)
    throw InvalidArgument(std::string("the targets of a ") + task_name(task()) + " task are fixed");
  state().append_targets(names);
}

void Statistics::merge(const Statistics& other) { state().combine(other.state(), 1); }

void Statistics::subtract(const Statistics& other) { state().combine(other.state(), -1); }

Statistics Statistics::clone(Engine& engine) const {
  const detail::StatisticsState& s = state();
  auto copy = std::make_unique<detail::StatisticsState>(engine.implementation(), s.features,
                                                        StatisticsOptions{s.task, s.precision, {}}, s.names);
  if (s.rows() > 0) copy->set(s.moments());
  return Statistics(std::move(copy));
}

std::int64_t Statistics::rows() const { return state().rows(); }
std::int64_t Statistics::features() const { return state().features; }
std::int64_t Statistics::targets() const { return static_cast<std::int64_t>(state().names.size()); }
Task Statistics::task() const { return state().task; }
const std::vector<std::string>& Statistics::target_names() const { return state().names; }
std::vector<std::int64_t> Statistics::class_rows() const { return state().moments().counts; }

void Statistics::save(std::ostream& stream) const {
  const std::string bytes = detail::encode_statistics(state().moments(), state().precision);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!stream) throw FileError("the statistics cannot be written to the stream");
}

void Statistics::save(const std::filesystem::path& path) const {
  detail::AtomicFile file(path.string());
  file.write(detail::encode_statistics(state().moments(), state().precision));
  file.commit();
}

namespace {

std::unique_ptr<detail::StatisticsState> read_state(Engine& engine, const std::string& bytes, const std::string& name) {
  StatisticsOptions options;
  detail::Moments moments = detail::decode_statistics(bytes, name, options.precision);
  options.task = moments.task;
  auto state =
      std::make_unique<detail::StatisticsState>(engine.implementation(), moments.features, options, moments.names);
  if (moments.rows > 0) state->set(std::move(moments));
  return state;
}

}  // namespace

Statistics Statistics::load(Engine& engine, std::istream& stream) {
  const std::string name = "the statistics";
  return Statistics(read_state(engine, detail::read_sealed(detail::statistics_kind, stream, name), name));
}

Statistics Statistics::load(Engine& engine, const std::filesystem::path& path) {
  return Statistics(read_state(engine, detail::read_sealed(detail::statistics_kind, path), path.string()));
}

}  // namespace culogme
