#include "cpu/source.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include <culogme/error.hpp>

#include "cpu/first_bad.hpp"
#include "cpu/pack.hpp"
#include "cpu/parallel.hpp"
#include "cpu/tile.hpp"
#include "memory.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr std::int64_t block_elements = std::int64_t{1} << 16;  // rows that stay in the cache from check to sum
constexpr std::int64_t fewest_rows = 8;
constexpr std::int64_t fewest_columns = 64;                     // of a stripe
constexpr std::int64_t worth_a_thread = std::int64_t{1} << 15;  // elements; below, starting threads costs more

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

/// What a worker needs for its blocks.
struct Scratch {
  AlignedVector<double> values;    ///< [rows][Z] probabilities, where they cannot be read in place
  std::vector<std::int64_t> tops;  ///< [rows]
  std::vector<double> logs;        ///< [rows]
};

/// Cuts the rows of a view into blocks that workers claim in order, and gives their probabilities.
class Blocks {
 public:
  Blocks(const SourceShape& shape, const MatrixView& view, const LabelView& labels, int threads)
      : shape_(shape),
        view_(view),
        labels_(labels),
        logits_(shape.options.input == SourceInput::logits),
        in_place_(view.scalar == Scalar::f64 && !logits_),
        rows_(std::min(std::max(fewest_rows, block_elements / view.cols), std::max<std::int64_t>(view.rows, 1))),
        count_((view.rows + rows_ - 1) / rows_),
        workers_(view.rows * view.cols < worth_a_thread
                     ? 1
                     : static_cast<int>(std::min<std::int64_t>(threads, std::max<std::int64_t>(count_, 1)))) {}

  int workers() const { return workers_; }

  /// Calls work(block, first row, rows, scratch) for all blocks; each worker has scratch of its own, made before any
  /// starts, since a worker that fails half-way would keep others waiting.
  template <class Work>
  void run(const Work& work) const {
    std::vector<Scratch> scratch(size_of(workers_));
    for (Scratch& one : scratch) {
      if (!in_place_) one.values.resize(size_of(rows_ * view_.cols));
      one.tops.resize(size_of(rows_));
      one.logs.resize(size_of(rows_));
    }
    std::atomic<std::int64_t> next{0};
    run_workers(workers_, [&](int worker) {
      for (std::int64_t block; (block = next.fetch_add(1)) < count_;)
        work(block, block * rows_, std::min(rows_, view_.rows - block * rows_), scratch[size_of(worker)]);
    });
  }

  /// The probabilities of a block. With `bad` values and labels are looked at; false: the first bad one was noted.
  bool load(std::int64_t first, std::int64_t count, bool arg_max, std::int64_t first_row, FirstBad<BadSource>* bad,
            Scratch& scratch, Rows& rows) const {
    const std::int64_t columns = view_.cols;
    rows = {static_cast<const double*>(view_.data) + first * view_.row_stride, view_.row_stride};
    if (!in_place_) {
      widen_rows(view_, first, count, scratch.values.data());
      rows = {scratch.values.data(), columns};
    }
    if (bad == nullptr && !arg_max && !logits_) return true;
    const double tolerance = probability_tolerance(view_.scalar, columns);
    for (std::int64_t row = 0; row < count; ++row) {
      const SourceRow seen = logits_ ? softmax_row(scratch.values.data() + row * columns, columns, arg_max)
                                     : scan_probabilities(rows.at(row), columns, arg_max);
      scratch.tops[size_of(row)] = seen.top;
      if (bad == nullptr) continue;
      const bool good = logits_ ? !std::isnan(seen.sum) : seen.smallest >= 0 && std::fabs(seen.sum - 1) <= tolerance;
      if (!good) {
        bad->note(describe_bad(view_, first + row, first_row + first + row, logits_, 1 + tolerance, seen.sum));
        return false;
      }
      const std::int64_t id = label_at(labels_, first + row);
      if (id < 0 || id >= shape_.classes) {
        bad->note({BadSource::Kind::label, first_row + first + row, 0, 0, id, shape_.classes});
        return false;
      }
    }
    return true;
  }

 private:
  const SourceShape& shape_;
  const MatrixView& view_;
  const LabelView& labels_;
  bool logits_, in_place_;
  std::int64_t rows_, count_;
  int workers_;
};

class CpuLikelihood final : public LikelihoodSums {
 public:
  CpuLikelihood(const SourceShape& shape, AlignedVector<double> joint, std::vector<std::int64_t> rows, int threads)
      : shape_(shape), conditional_(std::move(joint)), threads_(threads) {
    condition(conditional_, shape.classes, shape.source_classes, threads);
    result_.sums.assign(size_of(shape.classes), 0);
    result_.rows.assign(size_of(shape.classes), 0);
    result_.expected = std::move(rows);
  }

  void add(const MatrixView& source, const LabelView& labels) override {
    for (std::int64_t row = 0; row < labels.size; ++row)
      if (const std::int64_t id = label_at(labels, row); id < 0 || id >= shape_.classes)
        throw BadSource{BadSource::Kind::label, row, 0, 0, id, shape_.classes};
    const Blocks blocks(shape_, source, labels, threads_);
    Tickets order(1);
    blocks.run([&](std::int64_t block, std::int64_t first, std::int64_t count, Scratch& scratch) {
      Rows rows;
      blocks.load(first, count, false, 0, nullptr, scratch, rows);
      for (std::int64_t row = 0; row < count; ++row)
        scratch.logs[size_of(row)] =
            std::log(dot_row(conditional_.data() + label_at(labels, first + row) * shape_.source_classes, rows.at(row),
                             shape_.source_classes));
      order.wait(0, block);
      for (std::int64_t row = 0; row < count; ++row) {
        const std::size_t id = size_of(label_at(labels, first + row));
        result_.sums[id] += scratch.logs[size_of(row)];
        ++result_.rows[id];
      }
      order.pass(0, block);
    });
  }

  Result result() const override { return result_; }

 private:
  SourceShape shape_;
  AlignedVector<double> conditional_;
  int threads_;
  Result result_;
};

class CpuSourceSums final : public SourceSums {
 public:
  CpuSourceSums(const SourceShape& shape, int threads) : shape_(shape), table_(empty_table(shape)), threads_(threads) {}

  void add(const MatrixView& source, const LabelView& labels, std::int64_t first_row, bool checked) override {
    check_usable();
    broken_ = true;
    add_blocks(source, labels, first_row, checked);
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

  /// Workers look at blocks side by side and add them stripe after stripe of columns, each stripe in the order of the
  /// rows: the bits depend neither on the workers nor on the stripes.
  void add_blocks(const MatrixView& source, const LabelView& labels, std::int64_t first_row, bool checked) {
    const bool arg_max = shape_.options.arg_max;
    const std::int64_t width = shape_.source_classes;
    const Blocks blocks(shape_, source, labels, threads_);
    const auto stripes = static_cast<int>(std::clamp<std::int64_t>(width / fewest_columns, 1, 2 * blocks.workers()));
    Tickets order(stripes);
    FirstBad<BadSource> bad;
    blocks.run([&](std::int64_t block, std::int64_t first, std::int64_t count, Scratch& scratch) {
      Rows rows;
      const bool good = !bad.before(first_row + first) &&
                        blocks.load(first, count, arg_max, first_row, checked ? nullptr : &bad, scratch, rows);
      for (int stripe = 0; stripe < stripes; ++stripe) {
        const std::int64_t begin = width * stripe / stripes, end = width * (stripe + 1) / stripes;
        order.wait(stripe, block);
        for (std::int64_t row = 0; good && row < count; ++row) {
          const std::int64_t id = label_at(labels, first + row);
          add_row(table_.joint.data() + id * width + begin, rows.at(row) + begin, end - begin);
          if (stripe > 0) continue;
          ++table_.class_rows[size_of(id)];
          if (arg_max) ++table_.counts[size_of(id * width + scratch.tops[size_of(row)])];
        }
        order.pass(stripe, block);
      }
    });
    bad.raise();
  }

  SourceShape shape_;
  JointTable table_;
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
    const Blocks blocks(shape, source, known, threads);
    FirstBad<BadSource> bad;
    blocks.run([&](std::int64_t, std::int64_t first, std::int64_t count, Scratch& scratch) {
      Rows rows;
      if (!bad.before(first_row + first)) blocks.load(first, count, false, first_row, &bad, scratch, rows);
    });
    bad.raise();
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
