#include "cpu/sums.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <culogme/error.hpp>

#include "bad_value.hpp"
#include "cpu/check.hpp"
#include "cpu/class_sums.hpp"
#include "cpu/fold.hpp"
#include "cpu/pack.hpp"
#include "cpu/parallel.hpp"
#include "cpu/tile.hpp"
#include "memory.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

/// Rows that choose the frame.
constexpr std::int64_t most_head_rows = 1024;

/// Rows wait in two places. The first ones wait as they came (`head_`) until there are enough to choose the frame; from
/// then on rows are packed into tiles at fixed places of the stream, so that the sums are the same bits however the
/// stream was cut into batches. Full tiles wait until there is one for each worker.
template <class T>
class CpuSums final : public Sums {
 public:
  CpuSums(std::int64_t features, std::vector<std::string> names, const SumsOptions& options, int workers,
          std::size_t workspace)
      : products_(options.products),
        workspace_(workspace),
        moments_(empty_moments(options.task, features, std::move(names))),
        tile_rows_(detail::tile_rows(features, options.expected_rows)),
        scratch_(size_of(workers)) {}

  void add(const MatrixView& features, const TargetView& targets, std::int64_t first_row, bool checked) override {
    check_usable();
    const std::int64_t head = opened_ ? 0 : std::min(features.rows, head_rows() - head_count_);
    const std::int64_t waiting = head_count_;
    if (head > 0 && !checked) {
      try {
        check_head(features, targets, head, first_row);
      } catch (const BadData&) {
        // Values come before labels in messages, wherever they are.
        if (checks_first()) check_host_values(features, targets, moments_.targets(), first_row, workers());
        throw;
      }
    }
    bool begun = false;
    try {
      append_head(features, targets, head);
      if (!opened_ && head_count_ == head_rows()) {
        begun = true;
        open();
      }
      if (!opened_) return;
      if (sums_classes_first()) {
        // Sums that this call began are thrown away after an error, so nothing needs to be put back.
        const bool done = sum_classes(features, targets, first_row, head, begun ? Undo::by_caller : Undo::by_copy);
        if (!done) {
          close();
          open();
          sum_classes(features, targets, first_row, head, Undo::by_copy);
        }
      }
    } catch (...) {
      if (begun) {
        broken_ = false;
        close();
      }
      if (!opened_) shorten_head(waiting);
      throw;
    }
    if (begun) shorten_head(0);
    try {
      add_rows(features, targets, first_row, head);
    } catch (...) {
      // Some tiles may have been added and others not.
      broken_ = true;
      throw;
    }
  }

  bool checks_first() const override { return sums_classes_first(); }

  void append_targets(const std::vector<std::string>& names) override {
    check_usable();
    const std::int64_t before = moments_.targets();
    if (moments_.task != Task::classification || sums_classes_first() ||
        class_sums_apart(moments_.task, moments_.features, before + static_cast<std::int64_t>(names.size()))) {
      detail::append_targets(moments_, names);
      return;
    }
    // Class sums stood apart when the waiting rows came, and will not when these are multiplied. All memory first.
    std::vector<WaitingSums> waiting;
    for (const std::unique_ptr<Tile<T>>& tile : waiting_) waiting.push_back(sums_of(*tile));
    if (filling_ != nullptr) waiting.push_back(sums_of(*filling_));
    detail::append_targets(moments_, names);
    for (WaitingSums& sums : waiting) add_waiting(sums, before);
  }

  Moments moments() const override {
    check_usable();
    if (!opened_) {
      if (head_count_ == 0) return moments_;
      CpuSums now(*this);
      now.open();
      now.shorten_head(0);
      return now.moments();
    }
    Moments copy = moments_;
    std::vector<TileJob<T>> jobs = waiting_jobs();
    if (filling_ != nullptr && filling_->rows > 0) jobs.push_back({filling_.get()});
    fold_tiles(copy, jobs, frame_, scratch_);
    return copy;
  }

  Moments take() override {
    check_usable();
    if (!opened_ && head_count_ > 0) {
      open();
      shorten_head(0);
    }
    std::vector<TileJob<T>> jobs = waiting_jobs();
    if (filling_ != nullptr && filling_->rows > 0) jobs.push_back({filling_.get()});
    fold_tiles(moments_, jobs, frame_, scratch_);
    return std::move(moments_);
  }

  void set(Moments moments) override {
    // Sums of no rows may hold the rounding residue of what was subtracted.
    moments_ =
        moments.rows > 0 ? std::move(moments) : empty_moments(moments.task, moments.features, std::move(moments.names));
    broken_ = false;
    waiting_.clear();
    filling_.reset();
    head_.clear();
    head_ids_.clear();
    head_responses_.clear();
    head_count_ = 0;
    opened_ = moments_.rows > 0;
    if (!opened_) return;
    frame_ = {products_, moments_.exponent, moments_.pilot, {}, moments_.target_exponent, moments_.target_pilot};
    for (const double value : frame_.pilot) frame_.pilot_f32.push_back(static_cast<float>(value));
  }

  std::int64_t rows() const override {
    std::int64_t rows = moments_.rows + head_count_ + static_cast<std::int64_t>(waiting_.size()) * tile_rows_;
    return filling_ == nullptr ? rows : rows + filling_->rows;
  }

  std::int64_t tile_rows() const override { return tile_rows_; }

  Products products() const override {
    return std::max(products_of(moments_), rows() > moments_.rows ? products_ : Products::f64);
  }

 private:
  void check_usable() const {
    if (broken_) throw InvalidArgument("these sums are of no use: adding rows to them failed before");
  }

  int workers() const { return static_cast<int>(scratch_.size()); }

  /// Class sums are taken as rows come, before these are packed for the products, where they do not stand apart.
  bool sums_classes_first() const {
    return moments_.task == Task::classification &&
           !class_sums_apart(moments_.task, moments_.features, moments_.targets());
  }

  /// Adds rows of a block to the class sums (class_sums.hpp); false where it has to be done by copy.
  bool sum_classes(const MatrixView& features, const TargetView& targets, std::int64_t first_row, std::int64_t first,
                   Undo undo) {
    bool spoilt = false;
    try {
      return add_class_sums<T>(moments_, frame_, features, targets, first, first_row, workers(), workspace_, undo,
                               spoilt);
    } catch (...) {
      broken_ = spoilt;
      throw;
    }
  }

  /// Class and column sums of a tile whose rows wait, as the fold of a tile takes them where they stand apart.
  struct WaitingSums {
    Tile<T>* tile;
    AlignedVector<double> classes;    // [targets][D]
    std::vector<std::int32_t> order;  // classes as they first appear
    std::vector<double> nothing;      // [D] column sums that are still to be added
  };

  WaitingSums sums_of(Tile<T>& tile) const {
    const std::int64_t d = moments_.features;
    WaitingSums sums{
        &tile, AlignedVector<double>(size_of(moments_.targets() * d), 0), {}, std::vector<double>(size_of(d), 0)};
    list_classes(tile.ids, moments_.targets(), sums.order);
    for (std::int64_t row = 0; row < tile.rows; ++row)
      add_row(sums.classes.data() + tile.ids[size_of(row)] * d, tile.at(row, d), d);
    return sums;
  }

  void add_waiting(WaitingSums& sums, std::int64_t targets) noexcept {
    const std::int64_t d = moments_.features;
    raise_exponent(moments_, sums.tile->exponent);
    const double factor = std::ldexp(1.0, sums.tile->exponent - moments_.exponent);
    for (std::int64_t k = 0; k < targets; ++k)
      add_scaled(moments_.cross.data() + k * d, sums.classes.data() + k * d, factor, d);
    for (const std::int64_t k : sums.order) add_scaled(moments_.sum.data(), sums.classes.data() + k * d, factor, d);
    sums.tile->sum.swap(sums.nothing);
  }

  /// Packs and multiplies the rows from `row` on.
  void add_rows(const MatrixView& features, const TargetView& targets, std::int64_t first_row, std::int64_t row) {
    while (row < features.rows) {
      const std::int64_t left = features.rows - row;
      if (const std::int64_t tiles = tiles_at_once(left); tiles > 0) {
        row = fold_in_place(features, targets, first_row, row, tiles);
        continue;
      }
      if (filling_ == nullptr) filling_ = new_tile();
      filling_->make_room(tile_rows_, moments_.features);
      const std::int64_t count = std::min(left, tile_rows_ - filling_->rows);
      fill_tile(*filling_, features, targets, row, count, first_row, moments_.targets(), frame_);
      row += count;
      if (filling_->rows < tile_rows_) continue;
      waiting_.push_back(std::move(filling_));
      if (waiting_.size() >= scratch_.size() && tiles_at_once(features.rows - row) == 0) {
        fold_tiles(moments_, waiting_jobs(), frame_, scratch_);
        recycle();
      }
    }
  }

  /// Multiplies the waiting tiles, and the next `tiles` tiles of the block where they lie; the first of these may be
  /// the rest of a tile that is being filled. Returns the next row.
  std::int64_t fold_in_place(const MatrixView& features, const TargetView& targets, std::int64_t first_row,
                             std::int64_t row, std::int64_t tiles) {
    std::vector<TileJob<T>> jobs = waiting_jobs();
    for (std::int64_t t = 0; t < tiles; ++t) {
      const std::int64_t packed = t == 0 && filling_ != nullptr ? filling_->rows : 0, count = tile_rows_ - packed;
      jobs.push_back({packed > 0 ? filling_.get() : nullptr, &features, &targets, row, count, first_row});
      row += count;
    }
    fold_tiles(moments_, jobs, frame_, scratch_);
    if (filling_ != nullptr) waiting_.push_back(std::move(filling_));
    recycle();
    return row;
  }

  /// Copies the rows that wait in the head; only for a head that was not opened, so there are no tiles.
  CpuSums(const CpuSums& other)
      : Sums(),
        products_(other.products_),
        workspace_(other.workspace_),
        moments_(other.moments_),
        tile_rows_(other.tile_rows_),
        head_(other.head_),
        head_ids_(other.head_ids_),
        head_responses_(other.head_responses_),
        head_count_(other.head_count_),
        scratch_(other.scratch_.size()) {}

  /// How many tiles the next `left` rows complete, to multiply them where they lie, together with those that wait: so
  /// many that every worker gets as many as the others. The rest is packed and waits.
  std::int64_t tiles_at_once(std::int64_t left) const {
    if (filling_ != nullptr) left += filling_->rows;
    const auto workers = static_cast<std::int64_t>(scratch_.size()),
               waiting = static_cast<std::int64_t>(waiting_.size());
    return std::max<std::int64_t>(0, (waiting + left / tile_rows_) / workers * workers - waiting);
  }

  std::int64_t head_rows() const { return std::min(most_head_rows, tile_rows_); }

  /// Rows of several blocks meet in the head, so each block's numbers are only known here.
  void check_head(const MatrixView& features, const TargetView& targets, std::int64_t count, std::int64_t first_row) {
    if (const BadValue bad = find_not_finite(features, 0, count); bad.row >= 0)
      throw BadData{BadData::Kind::feature, first_row + bad.row, bad.column, bad.value, 0, 0, features.scalar};
    if (targets.labels == nullptr) return;  // responses are read with their file
    for (std::int64_t row = 0; row < count; ++row)
      if (const std::int64_t id = label_at(*targets.labels, row); id < 0 || id >= moments_.targets())
        throw BadData{BadData::Kind::label, first_row + row, 0, 0, id, moments_.targets()};
  }

  void append_head(const MatrixView& features, const TargetView& targets, std::int64_t count) {
    const std::int64_t k = moments_.targets();
    const std::size_t before = head_.size();
    head_.resize(before + size_of(count * features.cols));
    widen_rows(features, 0, count, head_.data() + before);
    if (targets.labels != nullptr)
      for (std::int64_t row = 0; row < count; ++row) head_ids_.push_back(label_at(*targets.labels, row));
    else
      for (std::int64_t row = 0; row < count; ++row)
        for (std::int64_t j = 0; j < k; ++j) head_responses_.push_back(element(*targets.responses, row, j));
    head_count_ += count;
  }

  void shorten_head(std::int64_t count) {
    head_count_ = count;
    head_.resize(size_of(count * moments_.features));
    if (count == 0) head_ = {};
    if (moments_.task == Task::classification)
      head_ids_.resize(size_of(count));
    else
      head_responses_.resize(size_of(count * moments_.targets()));
  }

  /// Chooses the frame and moves the head into the first tile. The head itself stays until it is shortened.
  void open() {
    frame_ = choose_frame(moments_.task, moments_.features, moments_.targets(), head_, head_responses_, head_count_);
    frame_.products = products_;
    moments_.exponent = frame_.exponent;
    moments_.pilot = frame_.pilot;
    moments_.target_exponent = frame_.target_exponent;
    moments_.target_pilot = frame_.target_pilot;
    opened_ = true;
    const MatrixView features = matrix_view(Memory::host, head_.data(), head_count_, moments_.features);
    const LabelView labels = label_view(Memory::host, head_ids_.data(), head_count_);
    const MatrixView responses = matrix_view(Memory::host, head_responses_.data(), head_count_, moments_.targets());
    const TargetView targets = moments_.task == Task::classification
                                   ? TargetView{&labels, nullptr}
                                   : TargetView{nullptr, &responses, moments_.task == Task::multilabel};
    // The frame is as large as any of these rows.
    if (sums_classes_first()) sum_classes(features, targets, 0, 0, Undo::by_caller);
    filling_ = new_tile();
    filling_->make_room(head_count_, moments_.features);
    fill_tile(*filling_, features, targets, 0, head_count_, 0, moments_.targets(), frame_);
    if (filling_->rows == tile_rows_) waiting_.push_back(std::move(filling_));
  }

  /// As before `open`, however far that came.
  void close() noexcept {
    clear_rows(moments_);
    filling_.reset();
    waiting_.clear();
    opened_ = false;
  }

  std::unique_ptr<Tile<T>> new_tile() {
    std::unique_ptr<Tile<T>> tile;
    if (spare_.empty()) {
      tile = std::make_unique<Tile<T>>();
    } else {
      tile = std::move(spare_.back());
      spare_.pop_back();
    }
    tile->clear(moments_.features, moments_.targets(), moments_.task, frame_);
    return tile;
  }

  void recycle() {
    for (std::unique_ptr<Tile<T>>& tile : waiting_) spare_.push_back(std::move(tile));
    waiting_.clear();
  }

  std::vector<TileJob<T>> waiting_jobs() const {
    std::vector<TileJob<T>> jobs;
    for (const std::unique_ptr<Tile<T>>& tile : waiting_) jobs.push_back({tile.get()});
    return jobs;
  }

  Products products_;
  std::size_t workspace_;
  Moments moments_;
  std::int64_t tile_rows_;
  std::vector<double> head_;
  std::vector<std::int64_t> head_ids_;
  std::vector<double> head_responses_;
  std::int64_t head_count_ = 0;
  bool opened_ = false;
  bool broken_ = false;
  Frame frame_;
  std::unique_ptr<Tile<T>> filling_;
  std::vector<std::unique_ptr<Tile<T>>> waiting_, spare_;
  mutable std::vector<FoldScratch<T>> scratch_;  // one per worker
};

}  // namespace

std::unique_ptr<Sums> make_cpu_sums(std::int64_t features, std::vector<std::string> names, const SumsOptions& options,
                                    int workers, std::size_t workspace_limit) {
  const bool f64 = options.products == Products::f64;
  const double d = static_cast<double>(features), element = f64 ? 8 : 4;
  const double per_worker = worker_bytes(features, options.expected_rows, !f64);
  const double sums = moments_bytes(features, static_cast<std::int64_t>(names.size()));
  require_memory(sums + element * d * d, "statistics of " + std::to_string(features) + " columns and " +
                                             std::to_string(names.size()) + " targets");
  const double affordable = std::max(1.0, static_cast<double>(workspace_limit) / per_worker);
  const int used = static_cast<int>(std::min(static_cast<double>(workers), affordable));
  if (f64) return std::make_unique<CpuSums<double>>(features, std::move(names), options, used, workspace_limit);
  return std::make_unique<CpuSums<float>>(features, std::move(names), options, used, workspace_limit);
}

}  // namespace culogme::detail
