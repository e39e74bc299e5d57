#include "cuda/sums.hpp"

#include <algorithm>
#include <utility>

#include <culogme/error.hpp>

#include "cuda/check.hpp"
#include "cuda/combine.hpp"

namespace culogme::detail {

void RowOrigins::note(std::int64_t place, std::int64_t first_row, Scalar scalar) {
  if (!runs_.empty() && runs_.back().row - runs_.back().place == first_row - place && runs_.back().scalar == scalar)
    return;
  runs_.push_back({place, first_row, scalar});
}

BadData RowOrigins::find(const kernels::SumsState& state, std::int64_t cols, bool classes, std::int64_t targets) const {
  const std::int64_t places = kernels::places_in_row(cols, classes, targets);
  const auto key = static_cast<std::int64_t>(state.bad_key);
  const std::int64_t stream_place = key / places, place = key % places;
  BadData bad;
  bad.row = stream_place;
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), stream_place,
                                      [](std::int64_t value, const Run& run) { return value < run.place; });
  if (after != runs_.begin()) {
    const Run& run = *std::prev(after);
    bad.row = run.row + stream_place - run.place;
    bad.scalar = run.scalar;
  }
  bad.targets = targets;
  bad.value = state.bad_value;
  if (place < cols) {
    bad.kind = BadData::Kind::feature;
    bad.column = place;
  } else if (!classes) {
    bad.kind = BadData::Kind::response;
    bad.column = place - cols;
  } else {
    bad.kind = BadData::Kind::label;
    bad.id = state.bad_id;
  }
  return bad;
}

CudaSums::CudaSums(std::shared_ptr<CudaContext> context, std::int64_t features, std::vector<std::string> names,
                   const SumsOptions& options, std::int64_t tile_rows)
    : context_(std::move(context)),
      names_(std::move(names)),
      task_(options.task),
      features_(features),
      tile_rows_(tile_rows),
      expected_rows_(options.expected_rows),
      products_(options.products),
      moments_(make_device_moments(*context_, task_, features, static_cast<std::int64_t>(names_.size()), products_)),
      folder_(*context_, task_, features, products_, tile_rows),
      started_(true) {
  started_.record(context_->stream());
}

CudaSums::~CudaSums() = default;

void CudaSums::check_usable() const {
  if (broken_) throw InvalidArgument("these sums are of no use: adding rows to them failed before");
}

void CudaSums::check(const kernels::SumsState& state) const {
  if (state.bad_key == ~0ull) return;
  broken_ = true;
  throw origins_.find(state, features_, task_ == Task::classification, static_cast<std::int64_t>(names_.size()));
}

void CudaSums::add(const MatrixView& features, const TargetView& targets, std::int64_t first_row, bool checked) {
  check_usable();
  const DeviceScope scope = context_->enter();
  prepare(features, targets);  // what fails here has changed nothing
  try {
    const Memory target_memory = targets.labels != nullptr ? targets.labels->memory : targets.responses->memory;
    if (!checked || features.memory == Memory::device || target_memory == Memory::device)
      origins_.note(rows_, first_row, features.scalar);
    add_rows(features, targets);
  } catch (...) {
    broken_ = true;  // some rows may have been added and others not
    throw;
  }
}

/// How many rows from `row` on are a tile where they lie: as many as fill one, or the last ones.
std::int64_t CudaSums::rows_in_place(const MatrixView& features, const TargetView& targets, std::int64_t row) const {
  const Memory target_memory = targets.labels != nullptr ? targets.labels->memory : targets.responses->memory;
  const bool waiting = stages_[current_] != nullptr && stages_[current_]->count() > 0;
  if (waiting || features.memory != Memory::device || target_memory != Memory::device) return 0;
  const std::int64_t left = features.rows - row;
  if (left >= tile_rows_) return tile_rows_;
  return rows_ + left == expected_rows_ ? left : 0;
}

void CudaSums::prepare(const MatrixView& features, const TargetView& targets) {
  const std::int64_t waiting = stages_[current_] != nullptr ? stages_[current_]->count() : 0;
  const std::int64_t total = waiting + features.rows;
  const bool in_place = rows_in_place(features, targets, 0) > 0;
  if (in_place || total >= tile_rows_) folder_.reserve(static_cast<std::int64_t>(names_.size()));
  if (in_place && (features.rows % tile_rows_ == 0 || rows_ + features.rows == expected_rows_)) return;
  const Memory target_memory = targets.labels != nullptr ? targets.labels->memory : targets.responses->memory;
  const int stages = !in_place && total > tile_rows_ ? 2 : 1;
  for (int turn = 0; turn < stages; ++turn) {
    std::unique_ptr<Stage>& stage = stages_[turn == 0 ? current_ : 1 - current_];
    if (stage == nullptr)
      stage =
          std::make_unique<Stage>(*context_, features_, static_cast<std::int64_t>(names_.size()), task_, tile_rows_);
    stage->prepare(features, target_memory);
  }
}

void CudaSums::add_rows(const MatrixView& features, const TargetView& targets) {
  for (std::int64_t row = 0; row < features.rows;) {
    if (const std::int64_t count = rows_in_place(features, targets, row); count > 0) {
      fold_in_place(features, targets, row, count);
      row += count;
      continue;
    }
    Stage& stage = *stages_[current_];
    const std::int64_t count = std::min(features.rows - row, stage.space());
    stage.append(features, targets, row, count);
    rows_ += count;
    row += count;
    if (stage.space() == 0) fold_stage();
  }
}

void CudaSums::fold_stage() {
  Stage& stage = *stages_[current_];
  kernels::RawRows rows = stage.rows();
  rows.first_row = rows_ - rows.rows;
  rows.targets = moments_.targets;  // classes may have been appended since
  rows.binary = task_ == Task::multilabel;
  folder_.fold(moments_, rows, stage.short_digits());
  stage.release();
  current_ = 1 - current_;
}

void CudaSums::fold_in_place(const MatrixView& features, const TargetView& targets, std::int64_t row,
                             std::int64_t count) {
  kernels::RawRows rows;
  rows.features = static_cast<const char*>(features.data) + row * features.row_stride * scalar_bytes(features.scalar);
  rows.stride = features.row_stride;
  rows.scalar = features.scalar;
  rows.rows = count;
  rows.cols = features_;
  rows.targets = moments_.targets;
  rows.binary = task_ == Task::multilabel;
  rows.first_row = rows_;
  if (targets.labels != nullptr) {
    rows.labels = static_cast<const char*>(targets.labels->data) + row * (targets.labels->wide ? 8 : 4);
    rows.wide = targets.labels->wide;
  } else {
    const MatrixView& responses = *targets.responses;
    rows.responses =
        static_cast<const char*>(responses.data) + row * responses.row_stride * scalar_bytes(responses.scalar);
    rows.response_stride = responses.row_stride;
    rows.response_scalar = responses.scalar;
  }
  folder_.fold(moments_, rows, scalar_bytes(features.scalar) == 2);
  rows_ += count;
}

void CudaSums::append_targets(const std::vector<std::string>& names) {
  check_usable();
  const DeviceScope scope = context_->enter();
  // Rows that wait know their classes by number. A label that was out of range so far must not become one of these.
  if (Stage* const stage = stages_[current_].get(); stage != nullptr && stage->count() > 0) {
    kernels::RawRows rows = stage->rows();
    rows.first_row = rows_ - rows.rows;
    rows.targets = moments_.targets;
    kernels::launch_check_labels(rows, moments_.state.data(), context_->stream());
  }
  append_classes(*context_, moments_, static_cast<std::int64_t>(names.size()));
  names_.insert(names_.end(), names.begin(), names.end());
}

DeviceMoments CudaSums::complete(bool keep) const {
  check_usable();
  const DeviceScope scope = context_->enter();
  DeviceMoments result = keep ? copy_of(*context_, moments_) : std::move(moments_);
  if (!keep) broken_ = true;
  if (Stage* const stage = stages_[current_].get(); stage != nullptr && stage->count() > 0) {
    kernels::RawRows rows = stage->rows();
    rows.first_row = rows_ - rows.rows;
    rows.targets = result.targets;
    rows.binary = task_ == Task::multilabel;
    folder_.fold(result, rows, stage->short_digits());
  }
  if (!keep) {  // the decomposition needs the room
    folder_.release();
    for (const std::unique_ptr<Stage>& stage : stages_)
      if (stage != nullptr) stage->release_device_memory();
  }
  return result;
}

Moments CudaSums::to_host(bool keep) const {
  if (rows_ == 0) return empty_moments(task_, features_, names_);
  const DeviceScope scope = context_->enter();
  DeviceMoments now = complete(keep);
  check(read_state(*context_, now));
  return download(*context_, now, names_);
}

void CudaSums::replace(DeviceMoments moments, std::vector<std::string> names) noexcept {
  moments_ = std::move(moments);
  names_ = std::move(names);
  rows_ = moments_.rows;
  stages_[0].reset();
  stages_[1].reset();
  origins_ = {};
  broken_ = false;
}

void CudaSums::set(Moments moments) {
  const DeviceScope scope = context_->enter();
  // Sums of no rows may hold the rounding residue of what was subtracted.
  DeviceMoments fresh = moments.rows > 0
                            ? upload(*context_, moments, products_)
                            : make_device_moments(*context_, task_, features_, moments.targets(), products_);
  replace(std::move(fresh), std::move(moments.names));
}

Products CudaSums::products() const {
  return std::max(products_of(moments_), rows_ > moments_.rows ? products_ : Products::f64);
}

/// The moments with the rows that wait, the sums' own where there are none of these, else a `copy`.
DeviceMoments& CudaSums::whole(std::optional<DeviceMoments>& copy) const {
  check_usable();
  return rows_ > moments_.rows ? copy.emplace(complete(true)) : moments_;
}

/// What they hold beside their matrices.
MomentSides CudaSums::sides(const DeviceMoments& moments) const {
  check(read_state(*context_, moments));
  total_classes(*context_, moments);
  return download_sides(*context_, moments, names_);
}

std::optional<std::vector<std::string>> CudaSums::combine(const Sums& other, int sign) {
  const auto* const part = dynamic_cast<const CudaSums*>(&other);
  if (part == nullptr || part->context_->device() != context_->device()) return std::nullopt;
  const DeviceScope there = part->context_->enter(), here = context_->enter();
  std::optional<DeviceMoments> copy, part_copy;
  DeviceMoments& into = whole(copy);
  const MomentSides into_sides = sides(into);
  const DeviceMoments& from = part->whole(part_copy);
  const MomentSides from_sides = part->sides(from);
  Combination plan = plan_combination(into_sides, download_diagonal(*context_, into), from_sides,
                                      download_diagonal(*part->context_, from), sign);
  std::vector<std::string> names = plan.sides.names;
  if (!plan.changes) {
    if (!plan.added.empty()) append_targets(plan.added);
    return names;
  }
  DeviceMoments result = plan.sides.rows > 0
                             ? combine_on_device(*context_, into, from, plan, products_)
                             : make_device_moments(*context_, task_, features_, plan.sides.targets(), products_);
  replace(std::move(result), std::move(plan.sides.names));
  if (part->context_ != context_) {
    broken_ = true;           // unless what follows works
    context_->synchronize();  // `other` may change, in its own stream, once this returns
    broken_ = false;
  }
  return names;
}

}  // namespace culogme::detail
