#include "cuda/row_triangle.hpp"

#include <algorithm>
#include <utility>

#include <culogme/error.hpp>

#include "cuda/check.hpp"
#include "kernels/launch_spectrum.hpp"
#include "memory.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

/// Rows of a stage: as many as choose the frame.
constexpr std::int64_t stage_rows = kernels::most_head_rows;

/// Rows [begin, begin + count) of rows in device memory.
kernels::RawRows part_of(const kernels::RawRows& rows, std::int64_t begin, std::int64_t count) {
  kernels::RawRows part = rows;
  part.features = static_cast<const char*>(rows.features) + begin * rows.stride * scalar_bytes(rows.scalar);
  if (rows.labels != nullptr) part.labels = static_cast<const char*>(rows.labels) + begin * (rows.wide ? 8 : 4);
  if (rows.responses != nullptr)
    part.responses =
        static_cast<const char*>(rows.responses) + begin * rows.response_stride * scalar_bytes(rows.response_scalar);
  part.rows = count;
  part.first_row += begin;
  return part;
}

}  // namespace

CudaTriangle::CudaTriangle(std::shared_ptr<CudaContext> context, std::int64_t features, std::vector<std::string> names,
                           const TriangleOptions& options, std::int64_t tile_rows)
    : context_(std::move(context)),
      features_(features),
      lead_(options.intercept ? 1 : 0),
      names_(std::move(names)),
      options_(options),
      triangle_(*context_, features + lead_, static_cast<std::int64_t>(names_.size()), tile_rows),
      started_(true) {
  const std::string what = "the triangle's rows";
  const bool classes = options_.task == Task::classification;
  pilot_ = {*context_, features_, what};
  pilot_f32_ = {*context_, features_, what};
  word_ = {*context_, 1, what};
  state_ = {*context_, 1, what};
  if (classes) {
    counts_ = {*context_, targets(), what};
    CULOGME_CHECK(cudaMemsetAsync(counts_.data(), 0, size_of(targets()) * 8, context_->stream()));
  } else {
    target_pilot_ = {*context_, targets(), what};
    target_exponent_ = {*context_, targets(), what};
  }
  kernels::launch_reset_sums(state_.data(), context_->stream());
  started_.record(context_->stream());
}

CudaTriangle::~CudaTriangle() = default;

void CudaTriangle::add(const MatrixView& features, const TargetView& targets, std::int64_t first_row) {
  if (features.rows == 0) return;
  const DeviceScope scope = context_->enter();
  origins_.note(rows_, first_row, features.scalar);
  add_rows(features, targets);
}

void CudaTriangle::add_rows(const MatrixView& features, const TargetView& targets) {
  const Memory target_memory = targets.labels != nullptr ? targets.labels->memory : targets.responses->memory;
  const auto waiting = [&] { return stages_[current_] != nullptr && stages_[current_]->count() > 0; };
  for (std::int64_t row = 0; row < features.rows;) {
    if (features.memory == Memory::device && target_memory == Memory::device && !waiting()) {
      kernels::RawRows rows = raw_rows(features, targets, this->targets());
      rows.first_row = rows_ - row;
      pack(part_of(rows, row, features.rows - row));
      rows_ += features.rows - row;
      return;
    }
    std::unique_ptr<Stage>& stage = stages_[current_];
    if (stage == nullptr) {
      const std::int64_t left = options_.expected_rows > 0 ? options_.expected_rows : stage_rows;
      stage = std::make_unique<Stage>(*context_, features_, this->targets(), options_.task, std::min(stage_rows, left));
    }
    const std::int64_t count = std::min(features.rows - row, stage->space());
    stage->append(features, targets, row, count);
    rows_ += count;
    row += count;
    if (stage->space() == 0) pack_stage();
  }
}

void CudaTriangle::pack_stage() {
  Stage& stage = *stages_[current_];
  kernels::RawRows rows = stage.rows();
  rows.first_row = rows_ - rows.rows;
  rows.binary = options_.task == Task::multilabel;
  pack(rows);
  stage.release();
  current_ = 1 - current_;
}

void CudaTriangle::open(const kernels::RawRows& rows) {
  kernels::launch_frame({part_of(rows, 0, std::min(rows.rows, kernels::most_head_rows)), pilot_.data(),
                         pilot_f32_.data(), target_exponent_.data(), target_pilot_.data(), word_.data(), state_.data()},
                        context_->stream());
  // Without an intercept F itself is decomposed.
  if (!options_.intercept) CULOGME_CHECK(cudaMemsetAsync(pilot_.data(), 0, size_of(features_) * 8, context_->stream()));
  opened_ = true;
}

void CudaTriangle::pack(kernels::RawRows rows) {
  if (!opened_) open(rows);
  cudaStream_t const stream = context_->stream();
  for (std::int64_t row = 0; row < rows.rows;) {
    const std::int64_t count = std::min(rows.rows - row, tile_rows() - filled_), at = triangle_.cols() + filled_;
    const kernels::RawRows part = part_of(rows, row, count);
    kernels::launch_raise_stack(
        {part, triangle_.stack(), triangle_.stride(), at, lead_, pilot_.data(), word_.data(), state_.data()}, stream);
    kernels::launch_pack_rows({part, triangle_.stack(), triangle_.stride(), at, lead_, pilot_.data(), state_.data()},
                              stream);
    kernels::launch_pack_targets({part, triangle_.target_stack(), triangle_.stride(), at, target_exponent_.data(),
                                  target_pilot_.data(), options_.intercept, counts_.data(), state_.data()},
                                 stream);
    kernels::launch_read_bad(part, state_.data(), stream);
    row += count;
    filled_ += count;
    if (filled_ == tile_rows()) {
      triangle_.absorb(filled_);
      filled_ = 0;
    }
  }
}

DeviceTriangle& CudaTriangle::finish() {
  if (stages_[current_] != nullptr && stages_[current_]->count() > 0) pack_stage();
  triangle_.absorb(std::exchange(filled_, 0));
  return triangle_;
}

void CudaTriangle::release_rows() {
  for (const std::unique_ptr<Stage>& stage : stages_)
    if (stage != nullptr) stage->release_device_memory();
}

std::int64_t triangle_tile_rows(std::int64_t cols, std::int64_t targets, std::int64_t expected_rows,
                                std::size_t limit) {
  constexpr std::int64_t least = 128, most = 8192;
  std::int64_t rows = std::clamp(4 * cols, stage_rows, most);
  if (expected_rows > 0) rows = std::min(rows, std::max(expected_rows, std::int64_t{1}));
  const double affordable =
      static_cast<double>(limit) / (8 * static_cast<double>(cols + targets)) - static_cast<double>(cols);
  if (affordable < static_cast<double>(rows))
    rows = std::min(rows, std::max(static_cast<std::int64_t>(affordable), least));
  return rows;
}

std::unique_ptr<Triangle> make_cuda_triangle(std::shared_ptr<CudaContext> context, std::int64_t features,
                                             std::vector<std::string> names, const TriangleOptions& options,
                                             std::size_t limit) {
  const DeviceScope scope = context->enter();
  const std::int64_t cols = features + (options.intercept ? 1 : 0), targets = static_cast<std::int64_t>(names.size());
  const std::int64_t rows = triangle_tile_rows(cols, targets, options.expected_rows, limit);
  const double bytes = DeviceTriangle::bytes(cols, targets, rows);
  if (const auto free = static_cast<double>(context->free_memory()); bytes > free)
    throw OutOfMemory("the triangle of " + std::to_string(features) + " columns and " + std::to_string(targets) +
                      " targets needs " + byte_text(bytes) + " of device memory, " + byte_text(free) + " are free");
  return std::make_unique<CudaTriangle>(std::move(context), features, std::move(names), options, rows);
}

}  // namespace culogme::detail
