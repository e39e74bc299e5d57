#include "cpu/source.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include <culogme/error.hpp>

#include "cpu/pack.hpp"
#include "cpu/parallel.hpp"
#include "cpu/tile.hpp"
#include "memory.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr std::int64_t block_elements = std::int64_t{1} << 18;  // rows that stay in the cache from check to sum
constexpr std::int64_t row_grain = 32;
constexpr std::int64_t fewest_columns = 256;                    // of a stripe that one thread sums
constexpr std::int64_t worth_a_thread = std::int64_t{1} << 15;  // elements; below, starting threads costs more

/// The smallest of several workers' findings: what a reader from the top would meet first.
class FirstBad {
 public:
  void note(const BadSource& bad) {
    const std::lock_guard lock(mutex_);
    if (!found_ || bad.row < bad_.row) bad_ = bad;
    found_ = true;
  }
  void raise() const {
    if (found_) throw bad_;
  }

 private:
  std::mutex mutex_;
  bool found_ = false;
  BadSource bad_;
};

/// What is wrong with a row whose sum is `sum`: its first value that cannot be used, else the sum.
BadSource describe_bad(const MatrixView& view, std::int64_t row, std::int64_t number, bool logits, double limit,
                       double sum) {
  BadSource bad;
  bad.row = number;
  for (bad.column = 0; bad.column < view.cols; ++bad.column) {
    bad.value = element(view, row, bad.column);
    if (!is_good_source(bad.value, logits, limit)) return bad;
  }
  bad.kind = BadSource::Kind::sum;
  bad.column = 0;
  bad.value = sum;
  return bad;
}

/// Rows of probabilities in f64: where they lie, or as a copy.
struct Rows {
  const double* data = nullptr;
  std::int64_t stride = 0;
  const double* at(std::int64_t row) const { return data + row * stride; }
};

/// Gives rows of a view as probabilities, looked at on the way.
class RowLoader {
 public:
  RowLoader(const SourceShape& shape, int threads) : shape_(shape), threads_(threads) {}

  int threads_for(std::int64_t rows) const { return rows * shape_.source_classes < worth_a_thread ? 1 : threads_; }
  static std::int64_t rows_at_once(std::int64_t columns) { return std::max<std::int64_t>(1, block_elements / columns); }
  const std::vector<std::int64_t>& tops() const { return tops_; }

  /// Rows [first, first + count); valid until the next call. Throws BadSource where `check`.
  Rows load(const MatrixView& view, std::int64_t first, std::int64_t count, const LabelView& labels,
            std::int64_t first_row, bool check, bool arg_max) {
    const bool logits = shape_.options.input == SourceInput::logits;
    const bool in_place = view.scalar == Scalar::f64 && !logits;
    const std::int64_t columns = view.cols;
    Rows rows{static_cast<const double*>(view.data) + first * view.row_stride, view.row_stride};
    if (!in_place) {
      scratch_.resize(size_of(count * columns));
      rows = {scratch_.data(), columns};
    }
    if (in_place && !check && !arg_max) return rows;
    if (arg_max) tops_.resize(size_of(count));
    const double tolerance = probability_tolerance(view.scalar, columns);
    FirstBad first_bad;
    parallel_for(threads_for(count), count, row_grain, [&](std::int64_t begin, std::int64_t end) {
      if (!in_place) widen_rows(view, first + begin, end - begin, scratch_.data() + begin * columns);
      if (!logits && !check && !arg_max) return;
      for (std::int64_t row = begin; row < end; ++row) {
        const SourceRow seen = logits ? softmax_row(scratch_.data() + row * columns, columns, arg_max)
                                      : scan_probabilities(rows.at(row), columns, arg_max);
        if (arg_max) tops_[size_of(row)] = seen.top;
        if (!check) continue;
        const bool good = logits ? !std::isnan(seen.sum) : seen.smallest >= 0 && std::fabs(seen.sum - 1) <= tolerance;
        if (!good) {
          first_bad.note(describe_bad(view, first + row, first_row + first + row, logits, 1 + tolerance, seen.sum));
          return;
        }
        const std::int64_t id = label_at(labels, first + row);
        if (id < 0 || id >= shape_.classes) {
          first_bad.note({BadSource::Kind::label, first_row + first + row, 0, 0, id, shape_.classes});
          return;
        }
      }
    });
    first_bad.raise();
    return rows;
  }

 private:
  SourceShape shape_;
  int threads_;
  AlignedVector<double> scratch_;
  std::vector<std::int64_t> tops_;
};

class CpuLikelihood final : public LikelihoodSums {
 public:
  CpuLikelihood(const SourceShape& shape, AlignedVector<double> joint, std::vector<std::int64_t> rows, int threads)
      : shape_(shape), conditional_(std::move(joint)), loader_(shape, threads) {
    condition(conditional_, shape.classes, shape.source_classes, threads);
    result_.sums.assign(size_of(shape.classes), 0);
    result_.rows.assign(size_of(shape.classes), 0);
    result_.expected = std::move(rows);
  }

  void add(const MatrixView& source, const LabelView& labels) override {
    for (std::int64_t row = 0; row < labels.size; ++row)
      if (const std::int64_t id = label_at(labels, row); id < 0 || id >= shape_.classes)
        throw BadSource{BadSource::Kind::label, row, 0, 0, id, shape_.classes};
    const std::int64_t block = RowLoader::rows_at_once(source.cols);
    for (std::int64_t first = 0; first < source.rows; first += block) {
      const std::int64_t count = std::min(block, source.rows - first);
      const Rows rows = loader_.load(source, first, count, labels, 0, false, false);
      logs_.resize(size_of(count));
      parallel_for(loader_.threads_for(count), count, row_grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t row = begin; row < end; ++row) {
          const std::int64_t id = label_at(labels, first + row);
          logs_[size_of(row)] =
              std::log(dot_row(conditional_.data() + id * shape_.source_classes, rows.at(row), shape_.source_classes));
        }
      });
      for (std::int64_t row = 0; row < count; ++row) {
        const std::size_t id = size_of(label_at(labels, first + row));
        result_.sums[id] += logs_[size_of(row)];
        ++result_.rows[id];
      }
    }
  }

  Result result() const override { return result_; }

 private:
  SourceShape shape_;
  AlignedVector<double> conditional_;
  RowLoader loader_;
  std::vector<double> logs_;
  Result result_;
};

class CpuSourceSums final : public SourceSums {
 public:
  CpuSourceSums(const SourceShape& shape, int threads)
      : shape_(shape), table_(empty_table(shape)), loader_(shape, threads), threads_(threads) {}

  void add(const MatrixView& source, const LabelView& labels, std::int64_t first_row, bool checked) override {
    check_usable();
    broken_ = true;
    const std::int64_t block = RowLoader::rows_at_once(source.cols);
    for (std::int64_t first = 0; first < source.rows; first += block)
      add_block(source, labels, first, std::min(block, source.rows - first), first_row, checked);
    table_.rows += source.rows;
    broken_ = false;
  }

  void add(const LabelView& source_labels, const LabelView& labels, std::int64_t first_row, bool checked) override {
    check_usable();
    if (!checked) check_host_source(shape_, source_labels, labels, first_row);
    for (std::int64_t row = 0; row < labels.size; ++row) {
      const std::int64_t id = label_at(labels, row);
      ++table_.counts[size_of(id * shape_.source_classes + label_at(source_labels, row))];
      ++table_.class_rows[size_of(id)];
    }
    table_.rows += labels.size;
  }

  JointTable table() const override {
    check_usable();
    return table_;
  }
  void set(const JointTable& table) override {
    table_ = table;
    broken_ = false;
  }
  std::int64_t rows() const override { return table_.rows; }

  std::unique_ptr<LikelihoodSums> likelihood() const override {
    check_usable();
    require_memory(8 * static_cast<double>(table_.joint.size()), table_text(shape_));
    return std::make_unique<CpuLikelihood>(shape_, table_.joint, table_.class_rows, threads_);
  }

 private:
  void check_usable() const {
    if (broken_) throw InvalidArgument("these sums are of no use: adding rows to them failed before");
  }

  void add_block(const MatrixView& source, const LabelView& labels, std::int64_t first, std::int64_t count,
                 std::int64_t first_row, bool checked) {
    const bool arg_max = shape_.options.arg_max;
    const Rows rows = loader_.load(source, first, count, labels, first_row, !checked, arg_max);
    const std::int64_t width = shape_.source_classes, workers = loader_.threads_for(count);
    // Stripes of columns side by side, each in the order of the rows: the bits do not depend on the stripes.
    const std::int64_t stripe = std::max(fewest_columns, (width / workers + 8) / 8 * 8);
    parallel_for(static_cast<int>(workers), width, stripe, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = 0; row < count; ++row)
        add_row(table_.joint.data() + label_at(labels, first + row) * width + begin, rows.at(row) + begin, end - begin);
    });
    for (std::int64_t row = 0; row < count; ++row) {
      const std::int64_t id = label_at(labels, first + row);
      ++table_.class_rows[size_of(id)];
      if (arg_max) ++table_.counts[size_of(id * width + loader_.tops()[size_of(row)])];
    }
  }

  SourceShape shape_;
  JointTable table_;
  RowLoader loader_;
  int threads_;
  bool broken_ = false;
};

}  // namespace

std::unique_ptr<SourceSums> make_cpu_source_sums(const SourceShape& shape, int threads) {
  return std::make_unique<CpuSourceSums>(shape, threads);
}

void check_host_source(const SourceShape& shape, const MatrixView& source, const LabelView& labels,
                       std::int64_t first_row, int threads) {
  // Labels elsewhere are checked there; those of rows that are looked at here stand in for them.
  const bool host_labels = labels.memory == Memory::host;
  if (source.memory == Memory::host) {
    const std::vector<std::int32_t> none(host_labels ? 0 : size_of(source.rows), 0);
    const LabelView known = host_labels ? labels : label_view(Memory::host, none.data(), source.rows);
    RowLoader loader(shape, threads);
    const std::int64_t block = RowLoader::rows_at_once(source.cols);
    for (std::int64_t first = 0; first < source.rows; first += block)
      loader.load(source, first, std::min(block, source.rows - first), known, first_row, true, false);
  } else if (host_labels) {
    for (std::int64_t row = 0; row < labels.size; ++row)
      if (const std::int64_t id = label_at(labels, row); id < 0 || id >= shape.classes)
        throw BadSource{BadSource::Kind::label, first_row + row, 0, 0, id, shape.classes};
  }
}

void check_host_source(const SourceShape& shape, const LabelView& source_labels, const LabelView& labels,
                       std::int64_t first_row) {
  for (std::int64_t row = 0; row < labels.size; ++row) {
    if (source_labels.memory == Memory::host)
      if (const std::int64_t id = label_at(source_labels, row); id < 0 || id >= shape.source_classes)
        throw BadSource{BadSource::Kind::source_label, first_row + row, 0, 0, id, shape.source_classes};
    if (labels.memory == Memory::host)
      if (const std::int64_t id = label_at(labels, row); id < 0 || id >= shape.classes)
        throw BadSource{BadSource::Kind::label, first_row + row, 0, 0, id, shape.classes};
  }
}

}  // namespace culogme::detail
