#include "cpu/class_sums.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include <culogme/error.hpp>

#include "aligned.hpp"
#include "cpu/check.hpp"
#include "cpu/pack.hpp"
#include "cpu/parallel.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr std::int64_t piece_columns = 256;  // of a class with more than its share of the rows
constexpr std::int64_t shares = 8;           // of the rows per thread

/// Sums of one class, and where they are copied before they change; null: nowhere.
struct ClassSum {
  double* sum;
  double* copy;
};

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

/// What stopped a pass over the rows.
enum class Stop : std::uint8_t { none, not_finite, raised };

/// A pass over the rows of a block: sums in units of `exponent`, which no row's own exponent passes.
struct Pass {
  const MatrixView& features;
  const RowsByClass& rows;
  const Frame& frame;
  std::int32_t exponent;
  bool raised;  ///< rows may have exponents of their own; else the first one that has stops the pass
};

template <class T>
class Worker {
 public:
  explicit Worker(const Pass& pass)
      : pass_(pass),
        factor_(std::ldexp(1.0, pass.frame.exponent - pass.exponent)),
        packed_(size_of(pass.features.cols)),
        rounding_(narrow_rows(pass.frame.products) ? packed_.size() : 0) {}

  Stop add(const Piece& piece, double* sum) {
    const std::int64_t begin = pass_.rows.begin[size_of(piece.index)], end = pass_.rows.begin[size_of(piece.index + 1)];
    for (std::int64_t i = begin; i < end; ++i) {
      if (i + 1 < end) prefetch(pass_.rows.rows[size_of(i + 1)], piece);
      const std::int64_t row = pass_.rows.rows[size_of(i)];
      if (pass_.raised)
        add_with_own_exponent(row, piece, sum + piece.begin);
      else if (const Stop stop = add_row_of(row, piece, sum + piece.begin); stop != Stop::none)
        return stop;
    }
    return Stop::none;
  }

 private:
  /// The rows of a class lie far apart; once a row has begun, the processor foresees the rest.
  void prefetch(std::int64_t row, const Piece& piece) const {
    constexpr std::int64_t first_bytes = 512;
    const auto element = static_cast<std::int64_t>(scalar_bytes(pass_.features.scalar));
    const std::int64_t begin = (row * pass_.features.row_stride + piece.begin) * element,
                       bytes = std::min(first_bytes, (piece.end - piece.begin) * element);
    for (std::int64_t at = 0; at < bytes; at += 64)
      __builtin_prefetch(static_cast<const char*>(pass_.features.data) + begin + at);
  }

  Stop add_row_of(std::int64_t row, const Piece& piece, double* sum) {
    const Frame& frame = pass_.frame;
    const bool in_units = factor_ == 1;
    const double largest =
        pack(row, piece, {frame.exponent, frame.pilot.data(), frame.pilot_f32.data()}, in_units ? sum : nullptr);
    if (!std::isfinite(largest)) return Stop::not_finite;
    if (raised_exponent(largest, frame.exponent) != frame.exponent) return Stop::raised;
    if (!in_units) add_scaled(sum, packed_.data(), factor_, piece.end - piece.begin);
    return Stop::none;
  }

  /// The exponent is that of the whole row, so pieces do not change a bit.
  void add_with_own_exponent(std::int64_t row, const Piece& piece, double* sum) {
    const Frame& frame = pass_.frame;
    const std::int32_t exponent = raised_exponent(largest_magnitude(pass_.features, row, 1), frame.exponent);
    if (exponent == frame.exponent) {
      pack(row, piece, {exponent, frame.pilot.data(), frame.pilot_f32.data()}, nullptr);
    } else {
      const ScaledPilot scaled = scaled_pilot(frame, exponent);
      pack(row, piece, {exponent, scaled.pilot.data(), scaled.pilot_f32.data()}, nullptr);
    }
    add_scaled(sum, packed_.data(), std::ldexp(1.0, exponent - pass_.exponent), piece.end - piece.begin);
  }

  /// Packs a piece of a row and adds it to `sum` unless that is null; the largest magnitude.
  double pack(std::int64_t row, const Piece& piece, PackPlan plan, double* sum) {
    MatrixView columns = pass_.features;
    columns.cols = piece.end - piece.begin;
    columns.data = static_cast<const char*>(columns.data) + piece.begin * scalar_bytes(columns.scalar);
    plan.pilot += piece.begin;
    plan.pilot_f32 += piece.begin;
    if (!rounding_.empty()) plan.rounding = rounding_.data();
    return pack_rows(columns, row, 1, plan, packed_.data(), sum).largest;
  }

  const Pass& pass_;
  double factor_;
  AlignedVector<T> packed_;
  std::vector<double> rounding_;  // of narrow rows: counted where their products are taken
};

/// One pass. Where it stops or throws, sums that have copies are as before.
template <class T>
Stop run(const Pass& pass, int threads, const std::vector<ClassSum>& sums) {
  const std::vector<Piece> pieces = cut(pass.rows, pass.features.cols, threads);
  const auto count = static_cast<std::int64_t>(pieces.size());
  std::vector<char> begun(pieces.size(), 0);
  std::atomic<std::int64_t> next{0};
  std::atomic<Stop> stopped{Stop::none};
  const auto put_back = [&] {
    for (std::size_t i = 0; i < pieces.size(); ++i)
      if (const Piece& p = pieces[i]; begun[i] != 0 && sums[size_of(p.index)].copy != nullptr)
        std::copy(sums[size_of(p.index)].copy + p.begin, sums[size_of(p.index)].copy + p.end,
                  sums[size_of(p.index)].sum + p.begin);
  };
  try {
    run_workers(static_cast<int>(std::min<std::int64_t>(threads, count)), [&](int) {
      Worker<T> worker(pass);
      for (std::int64_t piece;
           (piece = next.fetch_add(1)) < count && stopped.load(std::memory_order_relaxed) == Stop::none;) {
        const Piece& p = pieces[size_of(piece)];
        const ClassSum& sum = sums[size_of(p.index)];
        if (sum.copy != nullptr) std::copy(sum.sum + p.begin, sum.sum + p.end, sum.copy + p.begin);
        begun[size_of(piece)] = 1;
        if (const Stop stop = worker.add(p, sum.sum); stop != Stop::none) stopped = stop;
      }
    });
  } catch (...) {
    put_back();
    throw;
  }
  if (stopped != Stop::none) put_back();
  return stopped;
}

/// Largest magnitude of rows [first, ...); infinity or NaN where one is not finite.
double largest_of(const MatrixView& features, std::int64_t first, int threads) {
  constexpr std::int64_t piece_elements = std::int64_t{1} << 20;
  const std::int64_t count = features.rows - first, grain = std::max<std::int64_t>(1, piece_elements / features.cols);
  std::vector<double> largest(size_of((count + grain - 1) / grain), 0);
  parallel_for(threads, count, grain, [&](std::int64_t begin, std::int64_t end) {
    largest[size_of(begin / grain)] = largest_magnitude(features, first + begin, end - begin);
  });
  double result = 0;
  for (const double value : largest) result = !std::isfinite(value) || value > result ? value : result;
  return result;
}

bool labels_in_range(const LabelView& labels, std::int64_t first, std::int64_t end, std::int64_t classes) {
  for (std::int64_t row = first; row < end; ++row)
    if (const std::int64_t id = label_at(labels, row); id < 0 || id >= classes) return false;
  return true;
}

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
bool add_class_sums(Moments& moments, const Frame& frame, const MatrixView& features, const TargetView& targets,
                    std::int64_t first, std::int64_t first_row, int threads, std::size_t workspace, Undo undo,
                    bool& spoilt) {
  const std::int64_t count = features.rows - first, d = moments.features;
  const auto refuse = [&] {
    check_host_values(features, targets, moments.targets(), first_row, threads);
    throw NumericalError("the features or labels changed while they were read");
  };
  if (!labels_in_range(*targets.labels, first, features.rows, moments.targets())) refuse();
  const RowsByClass rows = sort_by_class(*targets.labels, first, count, moments.targets());
  const int workers = worthwhile(threads, count * d);
  const std::size_t numbers = rows.classes.size() * size_of(d);
  const bool too_large = numbers * sizeof(double) > workspace, copies = undo == Undo::by_copy && !too_large;
  std::int32_t own = frame.exponent;  // of the largest row
  const auto look_for_largest = [&] {
    const double largest = largest_of(features, first, workers);
    if (!std::isfinite(largest)) refuse();
    own = raised_exponent(largest, frame.exponent);
  };
  if (undo == Undo::by_copy && too_large) look_for_largest();
  AlignedBuffer<double> buffer(copies ? numbers : 1);
  std::vector<ClassSum> sums;
  for (const std::int32_t id : rows.classes)
    sums.push_back(
        {moments.cross.data() + id * d, copies ? buffer.data() + static_cast<std::int64_t>(sums.size()) * d : nullptr});
  spoilt = !copies;
  if (own == frame.exponent) {
    const Stop stop = run<T>({features, rows, frame, moments.exponent, false}, workers, sums);
    if (stop == Stop::not_finite) refuse();
    if (stop == Stop::none) return true;
    if (!copies) return false;
    look_for_largest();
  }
  raise_exponent(moments, own);
  run<T>({features, rows, frame, moments.exponent, true}, workers, sums);
  return true;
}

template bool add_class_sums<float>(Moments&, const Frame&, const MatrixView&, const TargetView&, std::int64_t,
                                    std::int64_t, int, std::size_t, Undo, bool&);
template bool add_class_sums<double>(Moments&, const Frame&, const MatrixView&, const TargetView&, std::int64_t,
                                     std::int64_t, int, std::size_t, Undo, bool&);

}  // namespace culogme::detail
