#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include <culogme/error.hpp>
#include <culogme/io.hpp>
#include <culogme/score.hpp>

#include "bad_value.hpp"
#include "io/label_column.hpp"
#include "memory.hpp"
#include "row_sample.hpp"
#include "score_stages.hpp"
#include "statistics_state.hpp"

namespace culogme {
namespace detail {
namespace {

constexpr double small_block_bytes = 1 << 24;  // below this, calls and threads cost more than the rows

/// Rows of one block: whole tiles for every worker where a share of the workspace allows it.
std::int64_t block_rows(const Backend& backend, const FeatureReader& reader, std::int64_t tile_rows) {
  const double row = static_cast<double>(reader.cols() * scalar_bytes(reader.scalar()));
  const double wanted = std::max(static_cast<double>(tile_rows * backend.threads()) * row, small_block_bytes);
  const double share = std::min(wanted, static_cast<double>(backend.workspace_limit()) / 8);
  const auto rows = std::max<std::int64_t>(1, static_cast<std::int64_t>(share / row));
  return rows < tile_rows ? rows : rows / tile_rows * tile_rows;
}

/// Feeds blocks of features with their targets to the sums, leaving out rows that are to be ignored.
class RowFeeder {
 public:
  RowFeeder(FeatureReader& reader, const Labels& labels, const ScoreOptions& options)
      : reader_(reader), labels_(labels), options_(options) {}

  /// Calls use(features, targets, first row) for every block.
  template <class Use>
  void run(std::int64_t rows_per_block, Seconds& seconds, const Use& use) {
    Stopwatch watch;
    for (std::int64_t row = 0; row < reader_.rows();) {
      if (options_.progress) options_.progress({"statistics", row, reader_.rows(), reader_.bytes_read()});
      watch.lap();
      const MatrixView block = reader_.next(rows_per_block);
      seconds.read += watch.lap();
      if (block.rows == 0)
        throw FileError(reader_.name() + " ended after " + std::to_string(row) + " of " +
                        std::to_string(reader_.rows()) + " rows");
      feed(block, row, use);
      seconds.statistics += watch.lap();
      row += block.rows;
    }
  }

 private:
  template <class Use>
  void feed(const MatrixView& block, std::int64_t row, const Use& use) {
    const std::int64_t targets = labels_.targets();
    if (labels_.task != Task::classification) {
      const MatrixView responses =
          matrix_view(Memory::host, labels_.responses.data() + row * targets, block.rows, targets);
      use(block, TargetView{nullptr, &responses, labels_.task == Task::multilabel}, row);
      return;
    }
    const LabelView ids = label_view(Memory::host, labels_.ids.data() + row, block.rows);
    if (labels_.ignored == 0) {
      use(block, TargetView{&ids}, row);
      return;
    }
    // Runs of kept rows are taken where they lie: nothing is copied, and row numbers stay those of the file.
    for (std::int64_t begin = 0; begin < block.rows;) {
      if (labels_.ids[static_cast<std::size_t>(row + begin)] < 0) {
        ++begin;
        continue;
      }
      std::int64_t end = begin;
      while (end < block.rows && labels_.ids[static_cast<std::size_t>(row + end)] >= 0) ++end;
      MatrixView part = block;
      part.data = static_cast<const char*>(block.data) + begin * block.row_stride * scalar_bytes(block.scalar);
      part.rows = end - begin;
      const LabelView part_ids = label_view(Memory::host, labels_.ids.data() + row + begin, part.rows);
      use(part, TargetView{&part_ids}, row + begin);
      begin = end;
    }
  }

  FeatureReader& reader_;
  const Labels& labels_;
  const ScoreOptions& options_;
};

Score score_streamed(Backend& backend, FeatureReader& reader, const Labels& labels, const ScoreOptions& options,
                     Precision precision) {
  Seconds seconds;
  const std::int64_t rows = reader.rows() - labels.ignored;
  RowSampler sampler(backend, options.standard_error, rows, reader.cols(), labels.targets(), labels.task);
  const ScoreInput input{labels.task, &labels.target_names, rows, sampler.sample()};
  if (precision == Precision::svd) {
    const std::unique_ptr<Triangle> triangle = backend.make_triangle(
        reader.cols(), labels.target_names, {labels.task, intercept_used(options, labels.task), rows});
    RowFeeder(reader, labels, options)
        .run(block_rows(backend, reader, triangle->tile_rows()), seconds,
             [&](const MatrixView& features, const TargetView& targets, std::int64_t row) {
               triangle->add(features, targets, row);
               sampler.add(features, targets);
             });
    return score_triangle(backend, *triangle, input, options, seconds);
  }
  const std::unique_ptr<Sums> sums =
      backend.make_sums(reader.cols(), labels.target_names, {labels.task, products_of(precision), rows});
  RowFeeder(reader, labels, options)
      .run(block_rows(backend, reader, sums->tile_rows()), seconds,
           [&](const MatrixView& features, const TargetView& targets, std::int64_t row) {
             sums->add(features, targets, row, false);
             sampler.add(features, targets);
           });
  return score_sums(backend, *sums, false, input, options, seconds);
}

/// No more rows than columns: the matrix is no larger than the Gram matrix would be, so it is read whole.
Score score_collected(Backend& backend, FeatureReader& reader, const Labels& labels, const ScoreOptions& options) {
  const std::int64_t rows = reader.rows() - labels.ignored, cols = reader.cols();
  const std::int64_t row_bytes = cols * scalar_bytes(reader.scalar());
  // Blocks are only copied from, so small ones do; the reader holds a few of them. A frame has a few numbers a column.
  const std::int64_t at_once =
      std::clamp<std::int64_t>(static_cast<std::int64_t>(small_block_bytes) / row_bytes, 1, rows);
  constexpr double blocks_held = 4, frame_bytes = 32;
  require_memory(
      static_cast<double>(row_bytes) * (static_cast<double>(rows) + blocks_held * static_cast<double>(at_once)) +
          frame_bytes * static_cast<double>(cols),
      std::to_string(rows) + " rows of " + std::to_string(cols) + " features");
  std::vector<std::max_align_t> storage((static_cast<std::size_t>(rows * row_bytes) + sizeof(std::max_align_t) - 1) /
                                        sizeof(std::max_align_t));
  char* out = reinterpret_cast<char*>(storage.data());
  std::vector<std::int32_t> ids;
  std::vector<std::int64_t> row_numbers;
  Seconds seconds;
  RowFeeder(reader, labels, options)
      .run(at_once, seconds, [&](const MatrixView& features, const TargetView& targets, std::int64_t first) {
        for (std::int64_t i = 0; i < features.rows; ++i, out += row_bytes) {
          std::memcpy(out,
                      static_cast<const char*>(features.data) + i * features.row_stride * scalar_bytes(features.scalar),
                      static_cast<std::size_t>(row_bytes));
          row_numbers.push_back(first + i);
          if (targets.labels != nullptr) ids.push_back(static_cast<const std::int32_t*>(targets.labels->data)[i]);
        }
      });
  const MatrixView features{storage.data(), rows, cols, cols, reader.scalar(), Memory::host};
  const LabelView label_view_ = label_view(Memory::host, ids.data(), rows);
  const MatrixView responses = matrix_view(Memory::host, labels.responses.data(), rows, labels.targets());
  const TargetView targets = labels.task == Task::classification
                                 ? TargetView{&label_view_}
                                 : TargetView{nullptr, &responses, labels.task == Task::multilabel};
  try {
    return score_dual(backend, features, targets, {labels.task, &labels.target_names, rows}, options, seconds);
  } catch (BadData& bad) {
    bad.row = row_numbers[static_cast<std::size_t>(bad.row)];
    throw;
  }
}

/// False where no target can have a null evidence, which `summarise` finds out after the work. A target that varies by
/// rounding alone is left to it.
bool some_target_varies(const Labels& labels, bool intercept) {
  if (labels.task == Task::classification) {
    const auto kept = [](std::int32_t id) { return id >= 0; };
    const auto first = std::find_if(labels.ids.begin(), labels.ids.end(), kept);
    const auto other = [&](std::int32_t id) { return kept(id) && (!intercept || id != *first); };
    return std::any_of(first, labels.ids.end(), other);
  }
  const std::size_t targets = static_cast<std::size_t>(labels.targets());
  for (std::size_t i = 0; i < labels.responses.size(); ++i)
    if (labels.responses[i] != (intercept ? labels.responses[i % targets] : 0)) return true;
  return false;
}

}  // namespace
}  // namespace detail

Score score(Engine& engine, FeatureReader& reader, const Labels& labels, const ScoreOptions& options) {
  detail::Stopwatch total;
  detail::check_options(options);
  if (reader.rows() != labels.rows)
    detail::throw_row_mismatch(reader.name(), reader.rows(), labels.name, std::to_string(labels.rows));
  detail::Backend& backend = *engine.implementation();
  const std::int64_t rows = reader.rows() - labels.ignored;
  const bool intercept = detail::intercept_used(options, labels.task);
  detail::check_rows(rows, intercept);
  // Before hours of reading, and with the file's name.
  if (!detail::some_target_varies(labels, intercept))
    throw NumericalError((labels.name.empty() ? "" : labels.name + ": ") + detail::nothing_to_explain(intercept));
  try {
    Score score;
    const char* once = nullptr;  // the precision that a second reading was wanted for
    if (detail::use_dual(rows, reader.cols(), intercept)) {
      score = detail::score_collected(backend, reader, labels, options);
    } else {
      Precision precision =
          detail::first_precision(backend, options, reader.scalar(), Memory::host, rows, reader.cols());
      score = detail::score_streamed(backend, reader, labels, options, precision);
      score.route_reason = detail::first_reason(backend, options, reader.scalar(), score.route);
      while (detail::should_escalate(score, options)) {
        const std::string reason = detail::escalation_reason(score, options);
        precision = detail::next_precision(backend, precision);
        if (!reader.rewind()) {
          once = precision == Precision::f64 ? "f64 products: use --precision f64"
                                             : "singular values: use --precision svd";
          score.route_reason = reason + ", but " + reader.name() + " cannot be read a second time";
          break;
        }
        score = detail::score_streamed(backend, reader, labels, options, precision);
        score.route_reason = reason;
      }
    }
    detail::add_warnings(score, options);
    if (once != nullptr) score.warnings.push_back(reader.name() + " cannot be read a second time for " + once);
    score.warnings.insert(score.warnings.end(), labels.notes.begin(), labels.notes.end());
    score.seconds.total = total.lap();
    return score;
  } catch (detail::BadData& bad) {
    bad.scalar = reader.scalar();
    const bool feature = bad.kind == detail::BadData::Kind::feature;
    throw NumericalError(
        (feature ? reader.name() : labels.name) + ": " +
        detail::bad_data_text(bad, feature ? reader.place(bad.row) : "row " + std::to_string(bad.row)));
  }
}

}  // namespace culogme
