#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <optional>
#include <utility>

#include <culogme/error.hpp>
#include <culogme/source.hpp>

#include "aligned.hpp"
#include "backend.hpp"
#include "cpu/pack.hpp"
#include "cpu/source.hpp"
#include "io/label_column.hpp"
#include "memory.hpp"
#include "score_stages.hpp"
#include "source_sums.hpp"

namespace culogme {
namespace detail {
namespace {

constexpr std::int64_t block_bytes = std::int64_t{1} << 24;

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

void check_labels(const Labels& labels, const std::string& source_name, std::int64_t source_rows) {
  if (labels.task != Task::classification)
    throw InvalidArgument("leep and nce need classes, but " + labels.name + " is a " + task_name(labels.task) +
                          " task");
  if (source_rows != labels.rows)
    throw_row_mismatch(source_name, source_rows, labels.name, std::to_string(labels.rows));
  if (labels.rows - labels.ignored == 0) throw InvalidArgument("there are no rows to score");
}

/// Reads the rows that are not ignored, block after block, and keeps them where asked for.
class SourceFeeder {
 public:
  SourceFeeder(FeatureReader& reader, const Labels& labels, const SourceFileOptions& options)
      : reader_(reader),
        labels_(labels),
        options_(options),
        row_bytes_(reader.cols() * scalar_bytes(reader.scalar())) {}

  void keep() { kept_.resize(size_of((labels_.rows - labels_.ignored) * row_bytes_)); }

  /// Calls use(rows, labels, number of the first row) for runs of rows.
  template <class Use>
  void read(const char* stage, const Use& use) {
    const std::int64_t at_once = std::max<std::int64_t>(1, block_bytes / row_bytes_);
    char* out = kept_.data();
    for (std::int64_t row = 0; row < reader_.rows();) {
      if (options_.progress) options_.progress({stage, row, reader_.rows(), reader_.bytes_read()});
      const MatrixView block = reader_.next(at_once);
      if (block.rows == 0)
        throw FileError(reader_.name() + " ended after " + std::to_string(row) + " of " +
                        std::to_string(reader_.rows()) + " rows");
      for (std::int64_t begin = 0, end = 0; begin < block.rows; begin = end) {
        const bool ignored = id_of(row + begin) < 0;
        for (end = begin + 1; end < block.rows && (id_of(row + end) < 0) == ignored;) ++end;
        if (ignored) continue;
        MatrixView part = block;
        part.data = static_cast<const char*>(block.data) + begin * block.row_stride * scalar_bytes(block.scalar);
        part.rows = end - begin;
        use(part, label_view(Memory::host, labels_.ids.data() + row + begin, part.rows), row + begin);
        if (out == nullptr) continue;
        for (std::int64_t i = 0; i < part.rows; ++i, out += row_bytes_)
          std::memcpy(out, static_cast<const char*>(part.data) + i * part.row_stride * scalar_bytes(part.scalar),
                      size_of(row_bytes_));
      }
      row += block.rows;
    }
  }

  /// The same rows again: those that were kept, or from the file.
  template <class Use>
  void read_again(const char* stage, const Use& use) {
    if (kept_.empty()) {
      if (!reader_.rewind()) throw FileError(reader_.name() + " cannot be read a second time");
      read(stage, use);
      return;
    }
    if (options_.progress) options_.progress({stage, 0, labels_.rows, 0});
    std::vector<std::int32_t> ids;
    std::copy_if(labels_.ids.begin(), labels_.ids.end(), std::back_inserter(ids),
                 [](std::int32_t id) { return id >= 0; });
    const MatrixView rows{kept_.data(),     static_cast<std::int64_t>(ids.size()),
                          reader_.cols(),   reader_.cols(),
                          reader_.scalar(), Memory::host};
    use(rows, label_view(Memory::host, ids.data(), rows.rows), 0);
  }

 private:
  std::int32_t id_of(std::int64_t row) const { return labels_.ids[size_of(row)]; }

  FeatureReader& reader_;
  const Labels& labels_;
  const SourceFileOptions& options_;
  std::int64_t row_bytes_;
  AlignedVector<char> kept_;
};

/// Whether rows that are taken as logits are all probabilities by their looks. Of logits the first row tells.
class ProbabilityLooks {
 public:
  explicit ProbabilityLooks(const FeatureReader& reader)
      : row_(size_of(reader.cols())),
        tolerance_(probability_tolerance(reader.scalar(), reader.cols())),
        alike_(reader.cols() > 1) {}

  void add(const MatrixView& rows) {
    for (std::int64_t i = 0; alike_ && i < rows.rows; ++i) {
      widen_rows(rows, i, 1, row_.data());
      const SourceRow row = scan_probabilities(row_.data(), rows.cols, false);
      alike_ = row.smallest >= 0 && std::fabs(row.sum - 1) <= tolerance_;
    }
  }
  bool alike() const { return alike_; }

 private:
  std::vector<double> row_;
  double tolerance_;
  bool alike_;
};

[[noreturn]] void throw_with_place(const BadSource& bad, const FeatureReader& reader, const Labels& labels) {
  const bool of_label = bad.kind == BadSource::Kind::label;
  throw NumericalError((of_label ? labels.name : reader.name()) + ": " +
                       bad_source_text(bad, of_label ? "row " + std::to_string(bad.row) : reader.place(bad.row)));
}

}  // namespace
}  // namespace detail

SourceFileScores source_scores(Engine& engine, FeatureReader& reader, const Labels& labels,
                               const SourceFileOptions& options) {
  detail::Stopwatch watch;
  detail::check_labels(labels, reader.name(), reader.rows());
  const SourceOptions input{options.softmax ? SourceInput::logits : SourceInput::probabilities, options.nce};
  const std::shared_ptr<detail::Backend>& backend = engine.implementation();
  SourceStatistics statistics(engine, labels.targets(), reader.cols(), input);
  detail::SourceFeeder feeder(reader, labels, options);
  const double bytes = static_cast<double>(labels.rows - labels.ignored) * static_cast<double>(reader.cols()) *
                       static_cast<double>(scalar_bytes(reader.scalar()));
  const double limit = std::min(static_cast<double>(backend->workspace_limit()), detail::available_memory() / 4);
  if (options.leep && bytes <= limit) {
    feeder.keep();
  } else if (options.leep && !reader.rewind()) {
    throw FileError(reader.name() + " cannot be read a second time, as leep needs, and its " +
                    detail::byte_text(bytes) + " are more than the workspace of " + detail::byte_text(limit) +
                    ": write it to a file, or raise the workspace (--workspace)");
  }
  SourceFileScores scores;
  std::optional<detail::ProbabilityLooks> looks;
  if (options.softmax) looks.emplace(reader);
  try {
    detail::SourceSums& sums = *statistics.state().sums;
    feeder.read("statistics", [&](const MatrixView& rows, const LabelView& ids, std::int64_t first) {
      if (looks) looks->add(rows);
      sums.add(rows, ids, first, false);
    });
    if (options.nce) scores.nce = detail::nce_of(sums.table(), *backend);
    if (options.leep) {
      LeepPass pass(statistics);
      feeder.read_again("likelihood",
                        [&](const MatrixView& rows, const LabelView& ids, std::int64_t) { pass.add(rows, ids); });
      scores.leep = pass.result();
    }
  } catch (const detail::BadSource& bad) {
    detail::throw_with_place(bad, reader, labels);
  } catch (const NumericalError& error) {
    throw NumericalError(reader.name() + ": " + error.what());
  }
  if (looks && looks->alike())
    for (std::optional<SourceScore>* score : {&scores.leep, &scores.nce})
      if (*score)
        (*score)->warnings.push_back(reader.name() +
                                     ": its rows are between 0 and 1 and add up to 1, as probabilities do, but they "
                                     "were taken as logits; if they are probabilities, leave out --softmax");
  scores.seconds = watch.lap();
  return scores;
}

SourceScore nce(Engine& engine, const Labels& source_labels, const Labels& labels) {
  if (source_labels.task != Task::classification)
    throw InvalidArgument("source labels are classes, but " + source_labels.name + " is a " +
                          task_name(source_labels.task) + " task");
  detail::check_labels(labels, source_labels.name, source_labels.rows);
  std::vector<std::int32_t> source, target;
  for (std::size_t row = 0; row < labels.ids.size(); ++row) {
    if (labels.ids[row] < 0) continue;
    source.push_back(source_labels.ids[row]);
    target.push_back(labels.ids[row]);
  }
  const auto rows = static_cast<std::int64_t>(target.size());
  return nce(engine, label_view(Memory::host, source.data(), rows), label_view(Memory::host, target.data(), rows),
             source_labels.targets(), labels.targets());
}

}  // namespace culogme
