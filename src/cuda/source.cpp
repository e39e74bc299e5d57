#include "cuda/source.hpp"

#include <algorithm>
#include <utility>

#include <culogme/error.hpp>

#include "backend.hpp"
#include "cpu/tile.hpp"
#include "cuda/check.hpp"
#include "cuda/stage.hpp"
#include "cuda/sums.hpp"
#include "kernels/launch_source.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr std::int64_t most_staged = std::int64_t{1} << 23;  // elements of a tile on its way
constexpr std::int64_t labels_at_once = std::int64_t{1} << 20;

template <class T>
void clear(CudaContext& context, const Buffer<T>& buffer) {
  if (buffer.empty()) return;
  CULOGME_CHECK(cudaMemsetAsync(buffer.data(), 0, size_of(buffer.count()) * sizeof(T), context.stream()));
}

template <class T, class From>
void put(CudaContext& context, const Buffer<T>& to, const From& from) {
  static_assert(sizeof(*from.data()) == sizeof(T));
  if (from.empty()) return;
  CULOGME_CHECK(
      cudaMemcpyAsync(to.data(), from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice, context.stream()));
}

template <class To, class T>
void get(CudaContext& context, To& to, const Buffer<T>& from) {
  static_assert(sizeof(*to.data()) == sizeof(T));
  to.resize(size_of(from.count()));
  if (from.empty()) return;
  CULOGME_CHECK(
      cudaMemcpyAsync(to.data(), from.data(), to.size() * sizeof(T), cudaMemcpyDeviceToHost, context.stream()));
}

/// What the kernels found. Waits.
kernels::SumsState read_state(CudaContext& context, const Buffer<kernels::SumsState>& from) {
  kernels::SumsState state{};
  CULOGME_CHECK(cudaMemcpyAsync(&state, from.data(), sizeof state, cudaMemcpyDeviceToHost, context.stream()));
  context.synchronize();
  return state;
}

const void* data_at(const LabelView& labels, std::int64_t row) {
  return static_cast<const char*>(labels.data) + row * (labels.wide ? 8 : 4);
}

/// Gives a view to the device tile after tile, sorted by label.
class SourceTiles {
 public:
  SourceTiles(CudaContext& context, const SourceShape& shape, std::size_t limit)
      : context_(context),
        shape_(shape),
        staged_rows_(std::min(kernels::most_tile_rows, most_staged / shape.source_classes)) {
    const double row = 2.0 * 8 * static_cast<double>(shape.source_classes);
    while (staged_rows_ > 1 && static_cast<double>(staged_rows_) * row > static_cast<double>(limit)) staged_rows_ /= 2;
    staged_rows_ = std::max<std::int64_t>(staged_rows_, 1);
    const std::string what = table_text(shape);
    sorted_id_ = {context, kernels::most_tile_rows, what};
    sorted_row_ = {context, kernels::most_tile_rows, what};
    offsets_ = {context, shape.classes + 1, what};
  }

  const std::int32_t* sorted_row() const { return sorted_row_.data(); }
  const std::int32_t* offsets() const { return offsets_.data(); }

  /// Calls use(tile) for each tile, after its labels were sorted, checked and counted. `place`: number of the first
  /// row in the stream of rows.
  template <class Use>
  void run(const MatrixView& source, const LabelView& labels, std::int64_t place, unsigned long long* class_rows,
           kernels::SumsState* state, const Use& use) {
    const bool in_place = source.memory == Memory::device && labels.memory == Memory::device;
    kernels::SourceTile tile;
    tile.source_classes = shape_.source_classes;
    tile.logits = shape_.options.input == SourceInput::logits;
    tile.tolerance = probability_tolerance(source.scalar, shape_.source_classes);
    for (std::int64_t row = 0; row < source.rows;) {
      const std::int64_t count = std::min(source.rows - row, in_place ? kernels::most_tile_rows : staged_rows_);
      Stage* const stage = in_place ? nullptr : &next_stage(source, labels);
      if (stage != nullptr) {
        stage->append(source, {&labels}, row, count);
        tile.rows = stage->rows();
      } else {
        tile.rows.features =
            static_cast<const char*>(source.data) + row * source.row_stride * scalar_bytes(source.scalar);
        tile.rows.stride = source.row_stride;
        tile.rows.scalar = source.scalar;
        tile.rows.rows = count;
        tile.rows.labels = data_at(labels, row);
        tile.rows.wide = labels.wide;
      }
      tile.rows.cols = shape_.source_classes + 1;
      tile.rows.targets = shape_.classes;
      tile.rows.first_row = place + row;
      kernels::launch_begin_tile({tile.rows, sorted_id_.data(), sorted_row_.data(), class_rows, state},
                                 context_.stream());
      kernels::launch_class_offsets(sorted_id_.data(), count, shape_.classes, offsets_.data(), context_.stream());
      use(tile);
      if (stage != nullptr) stage->release();
      row += count;
    }
  }

 private:
  Stage& next_stage(const MatrixView& source, const LabelView& labels) {
    current_ = 1 - current_;
    std::unique_ptr<Stage>& stage = stages_[current_];
    if (stage == nullptr)
      stage =
          std::make_unique<Stage>(context_, shape_.source_classes, shape_.classes, Task::classification, staged_rows_);
    stage->prepare(source, labels.memory);
    return *stage;
  }

  CudaContext& context_;
  SourceShape shape_;
  std::int64_t staged_rows_;
  Buffer<std::int32_t> sorted_id_, sorted_row_, offsets_;
  std::unique_ptr<Stage> stages_[2];
  int current_ = 1;
};

/// The first bad value as the caller counts rows.
BadSource bad_source(const RowOrigins& origins, const kernels::SumsState& state, const SourceShape& shape) {
  const bool matrix = shape.options.input != SourceInput::labels;
  const BadData found = origins.find(state, matrix ? shape.source_classes + 1 : 1, true, shape.classes);
  BadSource bad;
  bad.row = found.row;
  bad.column = found.column;
  bad.value = state.bad_value;
  bad.id = state.bad_id;
  bad.limit = shape.classes;
  if (found.kind == BadData::Kind::label) {
    bad.kind = BadSource::Kind::label;
  } else if (!matrix) {
    bad.kind = BadSource::Kind::source_label;
    bad.limit = shape.source_classes;
  } else if (found.column == shape.source_classes) {
    bad.kind = BadSource::Kind::sum;
  }
  return bad;
}

class CudaLikelihood final : public LikelihoodSums {
 public:
  CudaLikelihood(std::shared_ptr<CudaContext> context, const SourceShape& shape, const Buffer<double>& joint,
                 std::vector<std::int64_t> expected, std::size_t limit)
      : context_(std::move(context)),
        shape_(shape),
        expected_(std::move(expected)),
        tiles_(*context_, shape, limit),
        conditional_(*context_, joint.count(), table_text(shape)),
        logs_(*context_, kernels::most_tile_rows, table_text(shape)),
        sums_(*context_, shape.classes, table_text(shape)),
        class_rows_(*context_, shape.classes, table_text(shape)),
        state_(*context_, 1, table_text(shape)) {
    clear(*context_, sums_);
    clear(*context_, class_rows_);
    kernels::launch_reset_sums(state_.data(), context_->stream());
    kernels::launch_condition(joint.data(), shape.classes, shape.source_classes, conditional_.data(),
                              context_->stream());
  }

  void add(const MatrixView& source, const LabelView& labels) override {
    check_usable();
    const DeviceScope scope = context_->enter();
    broken_ = true;
    tiles_.run(source, labels, rows_, class_rows_.data(), state_.data(), [&](const kernels::SourceTile& tile) {
      kernels::launch_source_likelihood(
          {tile, conditional_.data(), tiles_.sorted_row(), tiles_.offsets(), logs_.data(), sums_.data(), state_.data()},
          context_->stream());
    });
    rows_ += source.rows;
    broken_ = false;
  }

  Result result() const override {
    check_usable();
    const DeviceScope scope = context_->enter();
    Result result;
    result.expected = expected_;
    get(*context_, result.sums, sums_);
    get(*context_, result.rows, class_rows_);
    const kernels::SumsState state = read_state(*context_, state_);
    if (state.bad_key != ~0ull) throw bad_source({}, state, shape_);
    return result;
  }

 private:
  void check_usable() const {
    if (broken_) throw InvalidArgument("this pass is of no use: adding rows to it failed before");
  }

  std::shared_ptr<CudaContext> context_;
  SourceShape shape_;
  std::vector<std::int64_t> expected_;
  SourceTiles tiles_;
  Buffer<double> conditional_, logs_, sums_;
  Buffer<unsigned long long> class_rows_;
  Buffer<kernels::SumsState> state_;
  std::int64_t rows_ = 0;
  bool broken_ = false;
};

class CudaSourceSums final : public SourceSums {
 public:
  CudaSourceSums(std::shared_ptr<CudaContext> context, const SourceShape& shape, std::size_t limit)
      : context_(std::move(context)), shape_(shape), limit_(limit), tiles_(*context_, shape, limit) {
    const std::string what = table_text(shape);
    const std::int64_t cells = shape.classes * shape.source_classes;
    const bool labels = shape.options.input == SourceInput::labels;
    if (!labels) joint_ = {*context_, cells, what};
    if (labels || shape.options.arg_max) counts_ = {*context_, cells, what};
    class_rows_ = {*context_, shape.classes, what};
    largest_ = {*context_, kernels::most_tile_rows, what};
    total_ = {*context_, kernels::most_tile_rows, what};
    state_ = {*context_, 1, what};
    reset();
  }

  void add(const MatrixView& source, const LabelView& labels, std::int64_t first_row, bool) override {
    check_usable();
    const DeviceScope scope = context_->enter();
    broken_ = true;
    origins_.note(rows_, first_row, source.scalar);
    tiles_.run(source, labels, rows_, class_rows_.data(), state_.data(), [&](const kernels::SourceTile& tile) {
      kernels::launch_source_rows({tile, largest_.data(), total_.data(), counts_.data(), state_.data()},
                                  context_->stream());
      kernels::launch_source_joint(
          {tile, largest_.data(), total_.data(), tiles_.sorted_row(), tiles_.offsets(), joint_.data(), state_.data()},
          context_->stream());
    });
    rows_ += source.rows;
    broken_ = false;
  }

  void add(const LabelView& source_labels, const LabelView& labels, std::int64_t first_row, bool) override {
    check_usable();
    const DeviceScope scope = context_->enter();
    broken_ = true;
    origins_.note(rows_, first_row, Scalar::f32);
    for (std::int64_t row = 0; row < labels.size; row += labels_at_once) {
      const std::int64_t count = std::min(labels_at_once, labels.size - row);
      Buffer<char> source_copy, labels_copy;
      kernels::SourceLabels arguments{};
      arguments.source = on_device(source_labels, row, count, source_copy);
      arguments.source_wide = source_labels.wide;
      arguments.source_classes = shape_.source_classes;
      arguments.rows.labels = on_device(labels, row, count, labels_copy);
      arguments.rows.wide = labels.wide;
      arguments.rows.rows = count;
      arguments.rows.cols = 1;
      arguments.rows.targets = shape_.classes;
      arguments.rows.first_row = rows_ + row;
      arguments.counts = counts_.data();
      arguments.class_rows = class_rows_.data();
      arguments.state = state_.data();
      kernels::launch_source_labels(arguments, context_->stream());
    }
    rows_ += labels.size;
    broken_ = false;
  }

  JointTable table() const override {
    check_usable();
    const DeviceScope scope = context_->enter();
    check_state();
    JointTable table;
    table.input = shape_.options.input;
    table.arg_max = shape_.options.arg_max;
    table.classes = shape_.classes;
    table.source_classes = shape_.source_classes;
    table.rows = rows_;
    get(*context_, table.joint, joint_);
    get(*context_, table.counts, counts_);
    get(*context_, table.class_rows, class_rows_);
    context_->synchronize();
    return table;
  }

  void set(const JointTable& table) override {
    const DeviceScope scope = context_->enter();
    broken_ = true;
    reset();
    put(*context_, joint_, table.joint);
    put(*context_, counts_, table.counts);
    put(*context_, class_rows_, table.class_rows);
    context_->synchronize();
    rows_ = table.rows;
    origins_ = {};
    broken_ = false;
  }

  std::int64_t rows() const override { return rows_; }

  std::unique_ptr<LikelihoodSums> likelihood() const override {
    check_usable();
    const DeviceScope scope = context_->enter();
    check_state();
    std::vector<std::int64_t> rows;
    get(*context_, rows, class_rows_);
    context_->synchronize();
    return std::make_unique<CudaLikelihood>(context_, shape_, joint_, std::move(rows), limit_);
  }

 private:
  void check_usable() const {
    if (broken_) throw InvalidArgument("these sums are of no use: adding rows to them failed before");
  }

  void check_state() const {
    const kernels::SumsState state = read_state(*context_, state_);
    if (state.bad_key == ~0ull) return;
    broken_ = true;
    throw bad_source(origins_, state, shape_);
  }

  void reset() {
    clear(*context_, joint_);
    clear(*context_, counts_);
    clear(*context_, class_rows_);
    kernels::launch_reset_sums(state_.data(), context_->stream());
  }

  /// Labels for the device: where they lie, or a copy of host memory, which is free on return.
  const void* on_device(const LabelView& labels, std::int64_t row, std::int64_t count, Buffer<char>& copy) const {
    if (labels.memory == Memory::device) return data_at(labels, row);
    const std::int64_t bytes = count * (labels.wide ? 8 : 4);
    copy = {*context_, bytes, "labels on their way to the device"};
    CULOGME_CHECK(
        cudaMemcpyAsync(copy.data(), data_at(labels, row), size_of(bytes), cudaMemcpyHostToDevice, context_->stream()));
    context_->synchronize();  // the memory may be page-locked, and is then still read
    return copy.data();
  }

  std::shared_ptr<CudaContext> context_;
  SourceShape shape_;
  std::size_t limit_;
  SourceTiles tiles_;
  Buffer<double> joint_, largest_, total_;
  Buffer<unsigned long long> counts_, class_rows_;
  Buffer<kernels::SumsState> state_;
  RowOrigins origins_;
  std::int64_t rows_ = 0;
  mutable bool broken_ = false;
};

}  // namespace

std::unique_ptr<SourceSums> make_cuda_source_sums(std::shared_ptr<CudaContext> context, const SourceShape& shape,
                                                  std::size_t workspace_limit) {
  return std::make_unique<CudaSourceSums>(std::move(context), shape, workspace_limit);
}

}  // namespace culogme::detail
