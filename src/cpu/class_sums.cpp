#include "cpu/class_sums.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include "cpu/pack.hpp"
#include "cpu/parallel.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr std::int64_t piece_columns = 256;  // of a class with more than its share of the rows
constexpr std::int64_t shares = 8;           // of the rows per thread

/// Columns [begin, end) of one class, to be summed by one worker.
struct Piece {
  std::int64_t index, begin, end;
};

std::vector<Piece> cut(const RowsByClass& rows, std::int64_t columns, int threads) {
  const std::int64_t count = static_cast<std::int64_t>(rows.rows.size()), share = count / (shares * threads) + 1;
  std::vector<Piece> pieces;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(rows.classes.size()); ++i) {
    const std::int64_t of_class = rows.begin[size_of(i + 1)] - rows.begin[size_of(i)];
    const std::int64_t width = of_class > share ? piece_columns : columns;
    for (std::int64_t begin = 0; begin < columns; begin += width)
      pieces.push_back({i, begin, std::min(columns, begin + width)});
  }
  return pieces;
}

template <class T>
class Worker {
 public:
  Worker(const MatrixView& features, const RowsByClass& rows, const Frame& frame, int power)
      : features_(features),
        rows_(rows),
        frame_(frame),
        factor_(std::ldexp(1.0, power)),
        packed_(size_of(features.cols)) {}

  bool add(const Piece& piece, const ClassSum& sum) {
    bool raised = false;
    start(piece, sum);
    const std::int64_t begin = rows_.begin[size_of(piece.index)], end = rows_.begin[size_of(piece.index + 1)];
    for (std::int64_t i = begin; i < end; ++i) {
      if (i + 1 < end) prefetch(rows_.rows[size_of(i + 1)], piece);
      const double largest = pack(rows_.rows[size_of(i)], piece,
                                  {frame_.exponent, frame_.pilot.data(), frame_.pilot_f32.data()}, sum.after);
      if (!std::isfinite(largest)) return false;
      raised = raised || raised_exponent(largest, frame_.exponent) != frame_.exponent;
    }
    if (!raised) return true;
    start(piece, sum);
    for (std::int64_t i = begin; i < end; ++i) add_scaled_row(rows_.rows[size_of(i)], piece, sum.after + piece.begin);
    return true;
  }

 private:
  void start(const Piece& piece, const ClassSum& sum) const {
    std::transform(sum.before + piece.begin, sum.before + piece.end, sum.after + piece.begin,
                   [this](double value) { return value * factor_; });
  }

  /// The rows of a class lie far apart; once a row has begun, the processor foresees the rest.
  void prefetch(std::int64_t row, const Piece& piece) const {
    constexpr std::int64_t first_bytes = 512;
    const auto element = static_cast<std::int64_t>(scalar_bytes(features_.scalar));
    const std::int64_t begin = (row * features_.row_stride + piece.begin) * element,
                       bytes = std::min(first_bytes, (piece.end - piece.begin) * element);
    for (std::int64_t at = 0; at < bytes; at += 64)
      __builtin_prefetch(static_cast<const char*>(features_.data) + begin + at);
  }

  /// A row that may be so much larger than the first ones that it has an exponent of its own.
  void add_scaled_row(std::int64_t row, const Piece& piece, double* sum) {
    const PackPlan plan{frame_.exponent, frame_.pilot.data(), frame_.pilot_f32.data()};
    const std::int32_t exponent = raised_exponent(pack(row, piece, plan, nullptr), frame_.exponent);
    if (exponent != frame_.exponent) {
      const ScaledPilot scaled = scaled_pilot(frame_, exponent);
      pack(row, piece, {exponent, scaled.pilot.data(), scaled.pilot_f32.data()}, nullptr);
    }
    add_scaled(sum, packed_.data(), std::ldexp(1.0, exponent - frame_.exponent), piece.end - piece.begin);
  }

  /// Packs a piece of a row and adds it to its columns of `sum` unless that is null; the largest magnitude.
  double pack(std::int64_t row, const Piece& piece, PackPlan plan, double* sum) {
    MatrixView columns = features_;
    columns.cols = piece.end - piece.begin;
    columns.data = static_cast<const char*>(features_.data) + piece.begin * scalar_bytes(features_.scalar);
    plan.pilot += piece.begin;
    plan.pilot_f32 += piece.begin;
    return pack_rows(columns, row, 1, plan, packed_.data(), sum == nullptr ? nullptr : sum + piece.begin).largest;
  }

  const MatrixView& features_;
  const RowsByClass& rows_;
  const Frame& frame_;
  double factor_;
  AlignedVector<T> packed_;
};

}  // namespace

RowsByClass sort_by_class(const LabelView& labels, std::int64_t first, std::int64_t count, std::int64_t class_count) {
  RowsByClass sorted;
  sorted.rows.resize(size_of(count));
  // A few rows of very many classes are sorted by comparing; a count for each class would take longer.
  if (count < class_count / 16) {
    std::iota(sorted.rows.begin(), sorted.rows.end(), first);
    std::stable_sort(sorted.rows.begin(), sorted.rows.end(),
                     [&](std::int64_t a, std::int64_t b) { return label_at(labels, a) < label_at(labels, b); });
    for (std::int64_t i = 0; i < count; ++i) {
      const auto id = static_cast<std::int32_t>(label_at(labels, sorted.rows[size_of(i)]));
      if (!sorted.classes.empty() && sorted.classes.back() == id) continue;
      sorted.classes.push_back(id);
      sorted.begin.push_back(i);
    }
    sorted.begin.push_back(count);
    return sorted;
  }
  std::vector<std::int64_t> place(size_of(class_count), 0);
  for (std::int64_t row = first; row < first + count; ++row) ++place[size_of(label_at(labels, row))];
  std::int64_t begin = 0;
  for (std::int64_t id = 0; id < class_count; ++id) {
    const std::int64_t of_class = place[size_of(id)];
    place[size_of(id)] = begin;
    if (of_class == 0) continue;
    sorted.classes.push_back(static_cast<std::int32_t>(id));
    sorted.begin.push_back(begin);
    begin += of_class;
  }
  sorted.begin.push_back(begin);
  for (std::int64_t row = first; row < first + count; ++row)
    sorted.rows[size_of(place[size_of(label_at(labels, row))]++)] = row;
  return sorted;
}

template <class T>
bool add_class_sums(const MatrixView& features, const RowsByClass& rows, const Frame& frame, int threads, int power,
                    const std::vector<ClassSum>& sums) {
  const std::vector<Piece> pieces = cut(rows, features.cols, threads);
  const auto count = static_cast<std::int64_t>(pieces.size());
  std::atomic<std::int64_t> next{0};
  std::atomic<bool> finite{true};
  run_workers(static_cast<int>(std::min<std::int64_t>(threads, count)), [&](int) {
    Worker<T> worker(features, rows, frame, power);
    for (std::int64_t piece; (piece = next.fetch_add(1)) < count && finite.load(std::memory_order_relaxed);)
      if (const Piece& p = pieces[size_of(piece)]; !worker.add(p, sums[size_of(p.index)])) finite = false;
  });
  return finite;
}

template bool add_class_sums<float>(const MatrixView&, const RowsByClass&, const Frame&, int, int,
                                    const std::vector<ClassSum>&);
template bool add_class_sums<double>(const MatrixView&, const RowsByClass&, const Frame&, int, int,
                                     const std::vector<ClassSum>&);

}  // namespace culogme::detail
