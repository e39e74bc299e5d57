#include <culogme/source.hpp>

#include <cmath>
#include <ostream>
#include <utility>

#include <culogme/error.hpp>

#include "atomic_file.hpp"
#include "backend.hpp"
#include "sealed_file.hpp"
#include "source_sums.hpp"
#include "statistics_state.hpp"

namespace culogme {
namespace detail {
namespace {

/// The message of a bad value of an argument; rows count from the start of the call.
template <class Work>
auto naming_arguments(const Work& work) {
  try {
    return work();
  } catch (const BadSource& bad) {
    const char* const argument = bad.kind == BadSource::Kind::label          ? "labels: "
                                 : bad.kind == BadSource::Kind::source_label ? "source_labels: "
                                                                             : "source: ";
    throw NumericalError(argument + bad_source_text(bad, "row " + std::to_string(bad.row)));
  }
}

void check_size(const char* what, std::int64_t size) {
  if (size < 1) throw InvalidArgument(std::string(what) + " is " + std::to_string(size) + "; at least 1 is needed");
}

}  // namespace

void check_source_view(const Backend& backend, const SourceShape& shape, const MatrixView& source,
                       const LabelView& labels) {
  if (shape.options.input == SourceInput::labels)
    throw InvalidArgument("these source statistics are of labels: add source labels, not a matrix");
  check_view(backend, source, "source");
  if (source.cols != shape.source_classes)
    throw InvalidArgument("source has " + std::to_string(source.cols) + " columns, the statistics " +
                          std::to_string(shape.source_classes) + " source classes");
  if (labels.size != source.rows)
    throw InvalidArgument("source has " + std::to_string(source.rows) + " rows, labels " + std::to_string(labels.size));
  check_ids(backend, labels, "labels");
}

SourceState::SourceState(std::shared_ptr<Backend> backend_, const SourceShape& shape_)
    : backend(std::move(backend_)), shape(shape_), sums(backend->make_source_sums(shape)) {}

JointTable SourceState::table() const {
  return naming_arguments([&] { return sums->table(); });
}

}  // namespace detail

SourceStatistics::SourceStatistics(Engine& engine, std::int64_t classes, std::int64_t source_classes,
                                   const SourceOptions& options) {
  detail::check_size("classes", classes);
  detail::check_size("source_classes", source_classes);
  state_ = std::make_unique<detail::SourceState>(engine.implementation(),
                                                 detail::SourceShape{options, classes, source_classes});
}

SourceStatistics::SourceStatistics(std::unique_ptr<detail::SourceState> state) : state_(std::move(state)) {}
SourceStatistics::SourceStatistics(SourceStatistics&&) noexcept = default;
SourceStatistics& SourceStatistics::operator=(SourceStatistics&&) noexcept = default;
SourceStatistics::~SourceStatistics() = default;

detail::SourceState& SourceStatistics::state() const {
  if (state_ == nullptr) throw InvalidArgument("these source statistics were moved from");
  return *state_;
}

void SourceStatistics::add(const MatrixView& source, const LabelView& labels) {
  detail::SourceState& s = state();
  detail::check_source_view(*s.backend, s.shape, source, labels);
  if (source.rows == 0) return;
  detail::naming_arguments([&] {
    s.backend->check_source(s.shape, source, labels, 0);
    const bool later = source.memory == Memory::device || labels.memory == Memory::device;
    s.sums->add(source, labels, later ? s.sums->rows() : 0, true);
  });
}

void SourceStatistics::add(const LabelView& source_labels, const LabelView& labels) {
  detail::SourceState& s = state();
  if (s.shape.options.input != SourceInput::labels)
    throw InvalidArgument(std::string("these source statistics are of ") + source_input_name(s.shape.options.input) +
                          ": add a matrix, not source labels");
  if (source_labels.size != labels.size)
    throw InvalidArgument("source_labels has " + std::to_string(source_labels.size) + " rows, labels " +
                          std::to_string(labels.size));
  detail::check_ids(*s.backend, source_labels, "source_labels");
  detail::check_ids(*s.backend, labels, "labels");
  if (labels.size == 0) return;
  detail::naming_arguments([&] {
    s.backend->check_source(s.shape, source_labels, labels, 0);
    const bool later = source_labels.memory == Memory::device || labels.memory == Memory::device;
    s.sums->add(source_labels, labels, later ? s.sums->rows() : 0, true);
  });
}

void SourceStatistics::merge(const SourceStatistics& other) {
  detail::JointTable sum = state().table();
  detail::combine(sum, other.state().table());
  state().sums->set(sum);
}

SourceStatistics SourceStatistics::clone(Engine& engine) const {
  const detail::SourceState& s = state();
  auto copy = std::make_unique<detail::SourceState>(engine.implementation(), s.shape);
  copy->sums->set(s.table());
  return SourceStatistics(std::move(copy));
}

std::int64_t SourceStatistics::rows() const { return state().sums->rows(); }
std::int64_t SourceStatistics::classes() const { return state().shape.classes; }
std::int64_t SourceStatistics::source_classes() const { return state().shape.source_classes; }
SourceInput SourceStatistics::input() const { return state().shape.options.input; }
bool SourceStatistics::arg_max() const { return state().shape.options.arg_max; }
std::vector<std::int64_t> SourceStatistics::class_rows() const { return state().table().class_rows; }
std::vector<std::int64_t> SourceStatistics::joint_counts() const { return state().table().counts; }
std::vector<double> SourceStatistics::joint_sums() const {
  const detail::JointTable table = state().table();
  return {table.joint.begin(), table.joint.end()};
}

LeepPass::LeepPass(const SourceStatistics& statistics) {
  const detail::SourceState& s = statistics.state();
  if (s.shape.options.input == SourceInput::labels)
    throw InvalidArgument("leep needs probabilities or logits; these source statistics are of labels");
  if (s.sums->rows() == 0) throw InvalidArgument("there are no rows to score");
  auto pass = std::make_unique<detail::SourceLikelihood>();
  pass->backend = s.backend;
  pass->shape = s.shape;
  pass->rows = s.sums->rows();
  detail::naming_arguments([&] { pass->sums = s.sums->likelihood(); });
  state_ = std::move(pass);
}

LeepPass::LeepPass(LeepPass&&) noexcept = default;
LeepPass& LeepPass::operator=(LeepPass&&) noexcept = default;
LeepPass::~LeepPass() = default;

void LeepPass::add(const MatrixView& source, const LabelView& labels) {
  if (state_ == nullptr) throw InvalidArgument("this pass was moved from");
  detail::check_source_view(*state_->backend, state_->shape, source, labels);
  if (source.rows > 0) detail::naming_arguments([&] { state_->sums->add(source, labels); });
}

SourceScore LeepPass::result() const {
  if (state_ == nullptr) throw InvalidArgument("this pass was moved from");
  const auto [sums, rows, expected] = detail::naming_arguments([&] { return state_->sums->result(); });
  SourceScore score;
  score.rows = state_->rows;
  score.source_classes = state_->shape.source_classes;
  score.engine = state_->backend->description();
  double total = 0;
  for (std::size_t y = 0; y < sums.size(); ++y) {
    if (rows[y] != expected[y])
      throw InvalidArgument("class " + std::to_string(y) + " has " + std::to_string(rows[y]) +
                            " rows in the second pass and " + std::to_string(expected[y]) + " in the first");
    if (!std::isfinite(sums[y]))
      throw NumericalError("a row of class " + std::to_string(y) +
                           " has no positive likelihood: the two passes saw different values");
    score.classes.push_back({rows[y], rows[y] > 0 ? sums[y] / static_cast<double>(rows[y]) : 0});
    total += sums[y];
  }
  score.value = total / static_cast<double>(score.rows);
  return score;
}

SourceScore leep(Engine& engine, const MatrixView& source, const LabelView& labels, std::int64_t classes,
                 const SourceOptions& options) {
  SourceOptions sums_only = options;
  sums_only.arg_max = false;
  SourceStatistics statistics(engine, classes, source.cols, sums_only);
  detail::SourceState& s = statistics.state();
  detail::check_source_view(*s.backend, s.shape, source, labels);
  if (source.rows == 0) throw InvalidArgument("there are no rows to score");
  // Looked at while they are summed: if one is bad, the statistics go with the exception.
  detail::naming_arguments([&] { s.sums->add(source, labels, 0, false); });
  LeepPass pass(statistics);
  pass.add(source, labels);
  return pass.result();
}

SourceScore nce(const SourceStatistics& statistics) {
  const detail::SourceState& s = statistics.state();
  return detail::nce_of(s.table(), *s.backend);
}

SourceScore nce(Engine& engine, const LabelView& source_labels, const LabelView& labels, std::int64_t source_classes,
                std::int64_t classes) {
  SourceStatistics statistics(engine, classes, source_classes, {SourceInput::labels, true});
  statistics.add(source_labels, labels);
  return nce(statistics);
}

SourceScore nce(Engine& engine, const MatrixView& source, const LabelView& labels, std::int64_t classes,
                const SourceOptions& options) {
  if (!options.arg_max) throw InvalidArgument("options.arg_max is false, but nce needs it");
  SourceStatistics statistics(engine, classes, source.cols, options);
  statistics.add(source, labels);
  return nce(statistics);
}

void SourceStatistics::save(std::ostream& stream) const {
  const std::string bytes = detail::encode_source(state().table());
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!stream) throw FileError("the source statistics cannot be written to the stream");
}

void SourceStatistics::save(const std::filesystem::path& path) const {
  detail::AtomicFile file(path.string());
  file.write(detail::encode_source(state().table()));
  file.commit();
}

namespace {

std::unique_ptr<detail::SourceState> read_state(Engine& engine, const std::string& bytes, const std::string& name) {
  const detail::JointTable table = detail::decode_source(bytes, name);
  auto state = std::make_unique<detail::SourceState>(engine.implementation(), detail::shape_of(table));
  state->sums->set(table);
  return state;
}

}  // namespace

SourceStatistics SourceStatistics::load(Engine& engine, std::istream& stream) {
  const std::string name = "the source statistics";
  return SourceStatistics(read_state(engine, detail::read_sealed(detail::source_kind, stream, name), name));
}

SourceStatistics SourceStatistics::load(Engine& engine, const std::filesystem::path& path) {
  return SourceStatistics(read_state(engine, detail::read_sealed(detail::source_kind, path), path.string()));
}

}  // namespace culogme
