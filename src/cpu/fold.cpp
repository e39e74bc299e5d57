#include "cpu/fold.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <type_traits>
#include <utility>

#include "cpu/blas.hpp"
#include "cpu/parallel.hpp"
#include "cpu/split_product.hpp"
#include "rounding.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr std::int64_t most_tile_rows = 8192;
constexpr std::int64_t fewest_tile_rows = 256;
constexpr std::int64_t most_tile_elements = std::int64_t{1} << 24;
constexpr std::int64_t chunk_rows = 512;           // packed and multiplied while they are in the cache
constexpr std::int64_t fewest_split_columns = 48;  // below, the tiles' padding costs more than BLAS kernels

/// Stripes of columns of the lower triangle with about equal areas; stripe s is [bounds[s], bounds[s + 1]).
std::vector<std::int64_t> triangle_stripes(std::int64_t features) {
  const std::int64_t stripes = features < 256 ? 1 : 16;
  std::vector<std::int64_t> bounds = {0};
  for (std::int64_t s = 1; s < stripes; ++s) {
    const double left = std::sqrt(1.0 - static_cast<double>(s) / static_cast<double>(stripes));
    bounds.push_back(static_cast<std::int64_t>(static_cast<double>(features) * (1.0 - left)));
  }
  bounds.push_back(features);
  return bounds;
}

bool on_matrix_tiles(std::int64_t features) { return features >= fewest_split_columns && has_split_products(); }

/// Adds F'Y of some rows of a tile, in fp64 and from the same rounded rows as the Gram matrix.
template <class T>
void multiply_responses(const Tile<T>& tile, std::int64_t begin, std::int64_t count, std::int64_t features,
                        std::int64_t targets, FoldScratch<T>& scratch) {
  const double* rows = nullptr;
  if constexpr (std::is_same_v<T, double>) {
    rows = tile.at(begin, features);
  } else {
    scratch.widened.resize(size_of(chunk_rows * features));
    widen(tile.at(begin, features), scratch.widened.data(), count * features);
    rows = scratch.widened.data();
  }
  gemm(false, true, features, targets, count, rows, features, tile.responses.data() + begin * targets, targets, 1,
       scratch.cross.data(), features);
}

template <class T>
class Folder {
 public:
  Folder(Moments& into, const std::vector<TileJob<T>>& jobs, const Frame& frame)
      : into_(into),
        jobs_(jobs),
        frame_(frame),
        triangle_(triangle_stripes(into.features)),
        tickets_(static_cast<int>(triangle_.size()) - 1),
        exponents_(triangle_.size() - 1, into.exponent),
        failures_(jobs.size()),
        stop_after_(static_cast<std::int64_t>(jobs.size())),
        split_(std::is_same_v<T, float> && on_matrix_tiles(into.features)) {}

  void run(std::vector<FoldScratch<T>>& scratch) {
    const int workers = static_cast<int>(std::min(scratch.size(), jobs_.size()));
    run_workers(workers, [&](int worker) { work(scratch[static_cast<std::size_t>(worker)]); });
    for (const std::exception_ptr& failure : failures_)
      if (failure) std::rethrow_exception(failure);
    into_.exponent = exponents_.front();
  }

 private:
  std::int64_t stripes() const { return static_cast<std::int64_t>(triangle_.size()) - 1; }

  void work(FoldScratch<T>& scratch) {
    const auto jobs = static_cast<std::int64_t>(jobs_.size());
    // Jobs are claimed in order, so whoever waits for a turn waits for a worker that runs.
    for (std::int64_t job; (job = next_job_.fetch_add(1)) < jobs;) {
      const Tile<T>* tile = nullptr;
      // A worker that fails still takes its turns below: the others wait for them.
      if (job <= stop_after_.load(std::memory_order_relaxed)) try {
          tile = multiply(jobs_[size_of(job)], scratch);
        } catch (...) {
          failures_[size_of(job)] = std::current_exception();
          std::int64_t seen = stop_after_.load();
          while (job < seen && !stop_after_.compare_exchange_weak(seen, job)) {
          }
        }
      for (int stripe = 0; stripe < static_cast<int>(stripes()); ++stripe) {
        tickets_.wait(stripe, job);
        if (tile != nullptr) add_stripe(*tile, scratch, stripe);
        tickets_.pass(stripe, job);
      }
    }
  }

  /// Packs what is not packed yet and takes the products of one tile, a chunk at a time: rows are still in the cache
  /// when they are multiplied, and the chunks lie at the same places whether the tile was packed before or not. The
  /// products stay in the worker's scratch.
  const Tile<T>* multiply(const TileJob<T>& job, FoldScratch<T>& scratch) {
    const std::int64_t d = into_.features, packed = job.packed != nullptr ? job.packed->rows : 0,
                       rows = packed + job.count;
    if (scratch.gram.empty()) scratch.gram.resize(size_of(d * d));
    // Fresh memory costs more than packing, so a worker keeps one chunk.
    const bool one_chunk = job.packed == nullptr || job.count > 0;
    Tile<T>& tile = one_chunk ? scratch.tile : *job.packed;
    if (one_chunk) {
      tile.make_room(std::min(rows, chunk_rows), d);
      begin_tile(tile, job, job.packed != nullptr ? job.packed->exponent : frame_.exponent);
    }
    for (std::int64_t row = 0; row < rows;) {
      const std::int64_t end = std::min(row + chunk_rows, rows);
      if (one_chunk) {
        tile.first_kept = row;
        if (row < packed) copy_rows(*job.packed, row, std::min(end, packed), tile);
      }
      if (tile.rows < end) {
        const std::int32_t exponent = tile.exponent;
        fill_tile(tile, *job.features, *job.targets, job.first + tile.rows - packed, end - tile.rows, job.first_row,
                  into_.targets(), frame_);
        if (row > 0 && tile.exponent != exponent) {  // the rows before were multiplied with another one
          begin_tile(tile, job, tile.exponent);
          row = 0;
          continue;
        }
      }
      multiply_chunk(tile, row, end - row, scratch);
      row = end;
    }
    // What the next stage needs is made here, since it must not throw.
    if (classes_apart()) list_classes(tile.ids, into_.targets(), scratch.order);
    return &tile;
  }

  void begin_tile(Tile<T>& tile, const TileJob<T>& job, std::int32_t exponent) {
    if (job.packed != nullptr) {
      tile.summarise(*job.packed, exponent);
      return;
    }
    tile.clear(into_.features, into_.targets(), into_.task, frame_);
    tile.exponent = exponent;
  }

  void copy_rows(const Tile<T>& from, std::int64_t begin, std::int64_t end, Tile<T>& to) const {
    const T* const values = from.at(begin, into_.features);
    T* const copy = to.at(begin, into_.features);
    const std::int64_t count = (end - begin) * into_.features;
    const int power = from.exponent - to.exponent;
    if (power == 0)
      std::copy_n(values, count, copy);
    else
      std::transform(values, values + count, copy, [power](T value) { return std::ldexp(value, power); });
  }

  void multiply_chunk(const Tile<T>& tile, std::int64_t row, std::int64_t count, FoldScratch<T>& scratch) {
    const std::int64_t d = into_.features;
    if (row == 0 && cross_in_scratch()) scratch.cross.assign(size_of(d * into_.targets()), 0);
    const T* const rows = tile.at(row, d);
    multiply_rows(d, count, rows, row > 0, scratch);
    if (into_.task != Task::classification)
      multiply_responses(tile, row, count, d, into_.targets(), scratch);
    else if (cross_in_scratch())
      for (std::int64_t i = 0; i < count; ++i)
        add_row(scratch.cross.data() + tile.ids[size_of(row + i)] * d, rows + i * d, d);
  }

  void multiply_rows(std::int64_t d, std::int64_t count, const T* rows, bool add, FoldScratch<T>& scratch) {
    if constexpr (std::is_same_v<T, float>)
      if (split_ && split_syrk(d, count, rows, d, add, scratch.gram.data(), d, scratch.split)) return;
    syrk(d, count, rows, d, T(add ? 1 : 0), scratch.gram.data(), d);
  }

  bool classes_apart() const { return class_sums_apart(into_.task, into_.features, into_.targets()); }

  /// Whether F'Y of a tile is summed apart and then added: always for responses. Sums of many classes are not taken
  /// here (class_sums.hpp).
  bool cross_in_scratch() const { return into_.task != Task::classification || classes_apart(); }

  /// Brings one stripe of the sums to the tile's exponent if that is larger; returns the factor for the tile's values.
  double match_exponents(std::int32_t& exponent, std::int32_t tile_exponent, std::int64_t stripe) {
    if (tile_exponent <= exponent) return std::ldexp(1.0, tile_exponent - exponent);
    const double factor = std::ldexp(1.0, exponent - tile_exponent);
    const std::int64_t d = into_.features;
    for (std::int64_t j = triangle_[size_of(stripe)]; j < triangle_[size_of(stripe) + 1]; ++j) {
      for (std::int64_t i = j; i < d; ++i) into_.gram[size_of(j * d + i)] *= factor * factor;
      if (!into_.energy_f32.empty()) into_.energy_f32[size_of(j)] *= factor * factor;
      if (!into_.rounding.empty()) into_.rounding[size_of(j)] *= factor * factor;
    }
    const auto [begin, end] = columns(stripe);
    for (std::int64_t k = 0; k < into_.targets(); ++k)
      for (std::int64_t j = begin; j < end; ++j) into_.cross[size_of(k * d + j)] *= factor;
    for (std::int64_t j = begin; j < end; ++j) {
      into_.sum[size_of(j)] *= factor;
      into_.pilot[size_of(j)] *= factor;
    }
    exponent = tile_exponent;
    return 1;
  }

  /// Columns of F'Y, sums and pilot that belong to a stripe.
  std::pair<std::int64_t, std::int64_t> columns(std::int64_t stripe) const {
    return {into_.features * stripe / stripes(), into_.features * (stripe + 1) / stripes()};
  }

  void add_stripe(const Tile<T>& tile, FoldScratch<T>& scratch, int stripe) {
    const std::int64_t d = into_.features;
    const double factor = match_exponents(exponents_[size_of(stripe)], tile.exponent, stripe);
    const double weight = !tile.rounding.empty() ? narrow_weight : tile.short_digits ? short_digits_weight : 1;
    for (std::int64_t j = triangle_[size_of(stripe)]; j < triangle_[size_of(stripe) + 1]; ++j) {
      const T* const from = scratch.gram.data() + j * d + j;
      double* const to = into_.gram.data() + j * d + j;
      if (factor == 1)
        add_row(to, from, d - j);
      else
        add_scaled(to, from, factor * factor, d - j);
      if (std::is_same_v<T, float>)
        into_.energy_f32[size_of(j)] += static_cast<double>(from[0]) * factor * factor * weight;
      if (!tile.rounding.empty()) into_.rounding[size_of(j)] += tile.rounding[size_of(j)] * factor * factor;
    }
    const auto [begin, end] = columns(stripe);
    if (cross_in_scratch())
      for (std::int64_t k = 0; k < into_.targets(); ++k)
        add_scaled(into_.cross.data() + k * d + begin, scratch.cross.data() + k * d + begin, factor, end - begin);
    add_column_sums(tile, scratch, begin, end, factor);
    if (stripe == 0) add_counts(tile);
  }

  void add_column_sums(const Tile<T>& tile, const FoldScratch<T>& scratch, std::int64_t begin, std::int64_t end,
                       double factor) {
    const std::int64_t d = into_.features;
    double* const to = into_.sum.data() + begin;
    if (classes_apart())
      for (const std::int64_t k : scratch.order)
        add_scaled(to, scratch.cross.data() + k * d + begin, factor, end - begin);
    else
      add_scaled(to, tile.sum.data() + begin, factor, end - begin);
  }

  void add_counts(const Tile<T>& tile) {
    into_.rows += tile.rows;
    if (std::is_same_v<T, float>) into_.rows_f32 += tile.rows;
    for (const std::int32_t id : tile.ids) ++into_.counts[size_of(id)];
    for (std::size_t k = 0; k < tile.response_sum.size(); ++k) {
      into_.target_sum[k] += tile.response_sum[k];
      into_.target_square[k] += tile.response_square[k];
    }
  }

  Moments& into_;
  const std::vector<TileJob<T>>& jobs_;
  const Frame& frame_;
  std::vector<std::int64_t> triangle_;
  Tickets tickets_;
  std::vector<std::int32_t> exponents_;  // of each stripe
  std::vector<std::exception_ptr> failures_;
  std::atomic<std::int64_t> stop_after_;
  std::atomic<std::int64_t> next_job_{0};
  const bool split_;  // products on matrix tiles
};

}  // namespace

void list_classes(const std::vector<std::int32_t>& ids, std::int64_t classes, std::vector<std::int32_t>& order) {
  std::vector<char> seen(size_of(classes), 0);
  order.clear();
  for (const std::int32_t id : ids) {
    if (seen[size_of(id)] == 0) order.push_back(id);
    seen[size_of(id)] = 1;
  }
}

template <class T>
void fold_tiles(Moments& into, const std::vector<TileJob<T>>& jobs, const Frame& frame,
                std::vector<FoldScratch<T>>& scratch) {
  if (jobs.empty()) return;
  if (std::is_same_v<T, float> && into.energy_f32.empty()) into.energy_f32.assign(size_of(into.features), 0);
  if (narrow_rows(frame.products)) into.rounding.resize(size_of(into.features), 0);
  into.half_rows = into.half_rows || frame.products == Products::half;
  const BlasThreads one_per_worker(1);
  Folder<T>(into, jobs, frame).run(scratch);
}

template void fold_tiles(Moments&, const std::vector<TileJob<float>>&, const Frame&, std::vector<FoldScratch<float>>&);
template void fold_tiles(Moments&, const std::vector<TileJob<double>>&, const Frame&,
                         std::vector<FoldScratch<double>>&);

double worker_bytes(std::int64_t features, std::int64_t expected_rows, bool f32_products) {
  const double d = static_cast<double>(features), element = f32_products ? sizeof(float) : sizeof(double);
  const std::int64_t split = f32_products && on_matrix_tiles(features) ? split_scratch_bytes(features, chunk_rows) : 0;
  return element * d * (d + 2 * static_cast<double>(tile_rows(features, expected_rows))) + static_cast<double>(split);
}

std::int64_t tile_rows(std::int64_t features, std::int64_t expected_rows) {
  std::int64_t rows = most_tile_rows;
  while (rows > fewest_tile_rows && rows * features > most_tile_elements) rows /= 2;
  if (expected_rows <= 0) return rows;
  if (expected_rows < 8 * rows) return std::clamp((expected_rows / 8 + 63) / 64 * 64, fewest_tile_rows, rows);
  // Four, eight, ... equal tiles, so that no worker multiplies a rest alone.
  const std::int64_t tiles = std::max<std::int64_t>(1, (expected_rows + 2 * rows) / (4 * rows)) * 4;
  return (expected_rows + tiles - 1) / tiles;
}

}  // namespace culogme::detail
