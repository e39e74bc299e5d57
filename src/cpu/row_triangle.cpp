#include "cpu/row_triangle.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "bad_value.hpp"
#include "cpu/blas.hpp"
#include "cpu/pack.hpp"
#include "cpu/parallel.hpp"
#include "cpu/triangle_spectrum.hpp"
#include "memory.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr std::int64_t frame_rows = 1024;
/// Rows that are packed at once before they are turned into columns: a few cache lines of every column.
constexpr std::int64_t packed_rows = 32;

}  // namespace

RowTriangle::RowTriangle(std::int64_t features, std::vector<std::string> names, const TriangleOptions& options,
                         int workers, std::int64_t tile_rows, int threads)
    : features_(features),
      lead_(options.intercept ? 1 : 0),
      names_(std::move(names)),
      options_(options),
      tile_rows_(tile_rows),
      threads_(threads) {
  const std::int64_t cols = features_ + lead_;
  for (int worker = 0; worker < workers; ++worker)
    slots_.push_back({TriangleFactor(cols, targets()), AlignedVector<double>(size_of(cols * tile_rows)),
                      AlignedVector<double>(size_of(targets() * tile_rows)), 0});
  if (options_.task == Task::classification) class_rows_.assign(names_.size(), 0);
}

void RowTriangle::begin(const MatrixView& features, const TargetView& targets) {
  const std::int64_t rows = std::min(features.rows, frame_rows);
  std::vector<double> head(size_of(rows * features_)), responses;
  widen_rows(features, 0, rows, head.data());
  if (targets.responses != nullptr)
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t k = 0; k < this->targets(); ++k) responses.push_back(element(*targets.responses, i, k));
  frame_ = choose_frame(options_.task, features_, this->targets(), head, responses, rows);
  pilot_ = options_.intercept ? frame_.pilot : std::vector<double>(size_of(features_), 0);
}

void RowTriangle::check_targets(const TargetView& targets, std::int64_t rows, std::int64_t first_row) {
  for (std::int64_t i = 0; i < rows; ++i) {
    if (targets.labels != nullptr) {
      const std::int64_t id = label_at(*targets.labels, i);
      if (id < 0 || id >= this->targets())
        throw BadData{BadData::Kind::label, first_row + i, 0, 0, id, this->targets()};
      ++class_rows_[size_of(id)];
      continue;
    }
    for (std::int64_t k = 0; k < this->targets(); ++k) {
      const double value = element(*targets.responses, i, k);
      if (is_bad_response(value, targets.binary))
        throw BadData{BadData::Kind::response, first_row + i, k, value, 0, this->targets(), targets.responses->scalar};
    }
  }
}

void RowTriangle::fill(Slot& slot, const MatrixView& features, const TargetView& targets, std::int64_t first,
                       std::int64_t count, std::int64_t first_row) const {
  const PackPlan plan{frame_.exponent, pilot_.data(), frame_.pilot_f32.data()};
  AlignedVector<double> packed(size_of(packed_rows * features_));
  for (std::int64_t begin = 0; begin < count; begin += packed_rows) {
    const std::int64_t some = std::min(packed_rows, count - begin);
    if (!std::isfinite(pack_rows(features, first + begin, some, plan, packed.data(), nullptr).largest)) {
      const BadValue bad = find_not_finite(features, first + begin, some);
      throw BadData{BadData::Kind::feature, first_row + bad.row, bad.column, bad.value, 0, 0, features.scalar};
    }
    double* const to = slot.tile.data() + slot.filled + begin;
    for (std::int64_t j = 0; j < features_; ++j)
      for (std::int64_t i = 0; i < some; ++i) to[(lead_ + j) * tile_rows_ + i] = packed[size_of(i * features_ + j)];
  }
  if (lead_ > 0) std::fill_n(slot.tile.begin() + slot.filled, count, 1.0);
  for (std::int64_t k = 0; k < this->targets(); ++k) {
    double* const y = slot.targets.data() + k * tile_rows_ + slot.filled;
    if (targets.labels != nullptr) {
      for (std::int64_t i = 0; i < count; ++i) y[i] = label_at(*targets.labels, first + i) == k ? 1 : 0;
      continue;
    }
    // The pilot is taken off only where the mean goes too: without an intercept y itself is scored.
    const double pilot = options_.intercept ? frame_.target_pilot[size_of(k)] : 0;
    for (std::int64_t i = 0; i < count; ++i)
      y[i] = std::ldexp(element(*targets.responses, first + i, k), -frame_.target_exponent[size_of(k)]) - pilot;
  }
  slot.filled += count;
}

void RowTriangle::absorb(Slot& slot) const {
  slot.factor.absorb(slot.filled, slot.tile.data(), slot.targets.data(), tile_rows_);
  slot.filled = 0;
}

void RowTriangle::add(const MatrixView& features, const TargetView& targets, std::int64_t first_row) {
  if (features.rows == 0) return;
  if (rows_ == 0) begin(features, targets);
  check_targets(targets, features.rows, first_row);
  struct Piece {
    std::int64_t first = 0, count = 0;
  };
  const BlasThreads one_per_worker(1);
  for (std::int64_t row = 0; row < features.rows;) {
    std::vector<Piece> pieces(slots_.size());
    std::size_t next = current_;
    for (; next < slots_.size() && row < features.rows; ++next) {
      pieces[next] = {row, std::min(tile_rows_ - slots_[next].filled, features.rows - row)};
      row += pieces[next].count;
      if (slots_[next].filled + pieces[next].count < tile_rows_) break;
    }
    parallel_for(threads_, static_cast<std::int64_t>(slots_.size()), 1, [&](std::int64_t worker, std::int64_t) {
      const Piece& piece = pieces[size_of(worker)];
      Slot& slot = slots_[size_of(worker)];
      if (piece.count == 0) return;
      fill(slot, features, targets, piece.first, piece.count, first_row);
      if (slot.filled == tile_rows_) absorb(slot);
    });
    current_ = next % slots_.size();
  }
  rows_ += features.rows;
}

TriangleFactor& RowTriangle::finish() {
  const std::int64_t tiles = (rows_ + tile_rows_ - 1) / tile_rows_, workers = static_cast<std::int64_t>(slots_.size());
  steps_ = (tiles + workers - 1) / workers + workers - 1;
  {
    const BlasThreads one_per_worker(1);
    parallel_for(threads_, workers, 1, [&](std::int64_t worker, std::int64_t) { absorb(slots_[size_of(worker)]); });
  }
  const BlasThreads used(features_ < 1024 ? 1 : threads_);
  while (slots_.size() > 1) {
    if (tiles >= static_cast<std::int64_t>(slots_.size())) slots_.front().factor.absorb(slots_.back().factor);
    slots_.pop_back();
  }
  return slots_.front().factor;
}

std::unique_ptr<Triangle> make_cpu_triangle(std::int64_t features, std::vector<std::string> names,
                                            const TriangleOptions& options, int threads, std::size_t workspace_limit) {
  constexpr std::int64_t most_tile_rows = 1024;
  const double cols = static_cast<double>(features) + 1, targets = static_cast<double>(names.size());
  // A worker of its own pays where it has more rows than its triangle, which has to be taken in at the end.
  const std::int64_t expected = options.expected_rows > 0 ? options.expected_rows : INT64_MAX;
  const std::int64_t tile = std::min(most_tile_rows, expected);
  const double bytes = 8 * (cols + static_cast<double>(tile + 2 * TriangleFactor::panel)) * (cols + targets);
  const std::int64_t useful = expected / std::max(2 * features, most_tile_rows);
  const auto room = static_cast<std::int64_t>(std::min(1e9, static_cast<double>(workspace_limit) / bytes));
  const auto workers = static_cast<int>(std::clamp<std::int64_t>(std::min(useful, room), 1, threads));
  require_memory(bytes * workers, "the triangles of " + std::to_string(features) + " columns and " +
                                      std::to_string(names.size()) + " targets");
  return std::make_unique<RowTriangle>(features, std::move(names), options, workers, tile, threads);
}

}  // namespace culogme::detail
