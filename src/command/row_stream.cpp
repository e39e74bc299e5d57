#include "row_stream.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

#include <culogme/error.hpp>

#include "backend.hpp"
#include "bad_value.hpp"
#include "statistics_state.hpp"

namespace culogme::command {
namespace {

constexpr std::int64_t block_bytes = std::int64_t{16} << 20;

/// Index in the statistics of every class of the labels, adding those that are new.
std::vector<std::int32_t> match_classes(Statistics& statistics, const Labels& labels) {
  std::unordered_map<std::string, std::int32_t> known;
  for (const std::string& name : statistics.target_names())
    known.emplace(name, static_cast<std::int32_t>(known.size()));
  std::vector<std::string> fresh;
  std::vector<std::int32_t> ids;
  for (const std::string& name : labels.target_names) {
    const auto [place, added] = known.emplace(name, static_cast<std::int32_t>(known.size()));
    if (added) fresh.push_back(name);
    ids.push_back(place->second);
  }
  if (!fresh.empty()) statistics.add_targets(fresh);
  return ids;
}

void check_targets(const Statistics& statistics, const Labels& labels) {
  if (statistics.task() != labels.task) {
    throw InvalidArgument(labels.name + " is a " + task_name(labels.task) + " task, but the statistics are of a " +
                          task_name(statistics.task()) + " task");
  }
  if (labels.task != Task::classification && statistics.target_names() != labels.target_names) {
    throw InvalidArgument(labels.name + " has " + std::to_string(labels.targets()) +
                          " targets, but the statistics were made for " + std::to_string(statistics.targets()) +
                          ", or their names differ");
  }
}

/// Rows of one block that are not ignored, moved together.
class KeptRows {
 public:
  /// `ids` of the block's rows, negative for rows to leave out; `index` gives each class its place in the statistics.
  void take(const MatrixView& block, const std::int32_t* ids, const std::vector<std::int32_t>& index) {
    view_ = block;
    ids_.clear();
    numbers_.clear();
    for (std::int64_t row = 0; row < block.rows; ++row) {
      if (ids[row] < 0) continue;
      ids_.push_back(index[static_cast<std::size_t>(ids[row])]);
      numbers_.push_back(row);
    }
    if (size() < block.rows) compact();
  }

  std::int64_t size() const { return static_cast<std::int64_t>(ids_.size()); }
  const MatrixView& features() const { return view_; }
  LabelView labels() const { return label_view(Memory::host, ids_.data(), size()); }
  /// Row of the block that the kept row is.
  std::int64_t number(std::int64_t row) const { return numbers_[static_cast<std::size_t>(row)]; }

 private:
  void compact() {
    const auto bytes = static_cast<std::size_t>(view_.cols * scalar_bytes(view_.scalar));
    const auto stride = static_cast<std::size_t>(view_.row_stride * scalar_bytes(view_.scalar));
    buffer_.resize(bytes * ids_.size());
    for (std::size_t i = 0; i < numbers_.size(); ++i) {
      std::memcpy(buffer_.data() + i * bytes,
                  static_cast<const std::byte*>(view_.data) + static_cast<std::size_t>(numbers_[i]) * stride, bytes);
    }
    view_.data = buffer_.data();
    view_.rows = size();
    view_.row_stride = view_.cols;
  }

  MatrixView view_;
  std::vector<std::int32_t> ids_;
  std::vector<std::int64_t> numbers_;
  std::vector<std::byte> buffer_;
};

/// The library counts rows within one call and says "features"; the user knows the file and its rows.
[[noreturn]] void throw_with_place(const Statistics& statistics, const MatrixView& features,
                                   const detail::TargetView& targets, const FeatureReader& reader, const Labels& labels,
                                   const std::function<std::int64_t(std::int64_t)>& reader_row, std::int64_t first_row,
                                   const NumericalError& error) {
  try {
    statistics.state().backend->check(features, targets, statistics.targets(), 0);
  } catch (detail::BadData& bad) {
    const bool feature = bad.kind == detail::BadData::Kind::feature;
    const std::int64_t row = reader_row(bad.row);
    bad.scalar = features.scalar;
    throw NumericalError(
        (feature ? reader.name() : labels.name) + ": " +
        detail::bad_data_text(bad, feature ? reader.place(row) : "row " + std::to_string(first_row + row)));
  }
  throw NumericalError(reader.name() + ": " + error.what());
}

}  // namespace

void add_rows(Statistics& statistics, FeatureReader& features, const Labels& labels, std::int64_t first_row,
              const std::function<void(const Progress&)>& progress) {
  check_targets(statistics, labels);
  const bool classes = labels.task == Task::classification;
  const std::vector<std::int32_t> index = classes ? match_classes(statistics, labels) : std::vector<std::int32_t>();
  const std::int64_t block_rows =
      std::max<std::int64_t>(1, block_bytes / (features.cols() * scalar_bytes(features.scalar())));
  const std::int64_t targets = labels.targets();
  KeptRows kept;
  for (std::int64_t row = 0; row < features.rows();) {
    progress({"statistics", row, features.rows(), features.bytes_read()});
    const MatrixView block = features.next(block_rows);
    if (block.rows == 0) {
      throw FileError(features.name() + " ended after " + std::to_string(row) + " of " +
                      std::to_string(features.rows()) + " rows");
    }
    if (classes) {
      kept.take(block, labels.ids.data() + first_row + row, index);
      const LabelView ids = kept.labels();
      try {
        if (kept.size() > 0) statistics.add(kept.features(), ids);
      } catch (const NumericalError& error) {
        throw_with_place(
            statistics, kept.features(), {&ids, nullptr}, features, labels,
            [&](std::int64_t i) { return row + kept.number(i); }, first_row, error);
      }
    } else {
      const MatrixView responses =
          matrix_view(Memory::host, labels.responses.data() + (first_row + row) * targets, block.rows, targets);
      try {
        statistics.add(block, responses);
      } catch (const NumericalError& error) {
        throw_with_place(
            statistics, block, {nullptr, &responses}, features, labels, [row](std::int64_t i) { return row + i; },
            first_row, error);
      }
    }
    row += block.rows;
  }
}

}  // namespace culogme::command
