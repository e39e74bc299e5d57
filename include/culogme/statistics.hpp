#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include <culogme/engine.hpp>
#include <culogme/matrix.hpp>

namespace culogme {

namespace detail {
class StatisticsState;
}

enum class Task : std::uint8_t { classification, regression, multilabel };

/// "classification", "regression" or "multilabel".
const char* task_name(Task task) noexcept;

/// Precision of the products inside a row tile; sums across tiles are always fp64.
enum class Precision : std::uint8_t {
  /// f32 for f16, bf16 and f32 features, f64 for f64 features and on devices whose f64 is as fast. One-shot scores take
  /// f64 at once where that is cheap
  /// (rows * features^2 below 2e9), and go on to it where the f32 result's bound is not good enough, and
  /// from there to svd.
  automatic,
  f64,
  f32,
  /// No products: QR of row tiles and singular values, twice the operations of f64 (docs/performance.md) and good to
  /// about 1e-9 where F'F has lost its small eigenvalues. One-shot scores only: statistics keep F'F.
  svd,
  /// Products of tensor cores with f32 sums: rows are rounded once to 11 significant bits, and the rounded ones are
  /// used for everything. tf32 needs compute capability 8.0; half, f16 with a power of two for each column, any card
  /// with tensor cores. On the CPU the same rounded rows have f32 products. One-shot scores of no more rows than
  /// features have f32 products instead. The bound says what the rounding may cost (docs/numerics.md): 1e-4 to 1e-2 is
  /// common.
  tf32,
  half,
};

struct StatisticsOptions {
  Task task = Task::classification;
  Precision precision = Precision::automatic;
  std::vector<std::string> target_names = {};  ///< empty: "0", "1", ...; else one per target, all different
};

/// Everything the score needs, O(features^2 + features * targets) bytes however many rows are added: row count, class
/// counts, F'F, F'Y, sums and y'y about a pilot mean (docs/method.md). Additive: batches in any sizes, shards merged in
/// any order, shards taken out again. Move-only; lives in the engine's memory and keeps its backend alive.
/// Sums are the same bits however the rows were cut into batches, and for any number of threads.
class Statistics {
 public:
  /// Throws InvalidArgument (sizes below 1, names that do not fit), OutOfMemory (names the columns and the bytes).
  Statistics(Engine& engine, std::int64_t features, std::int64_t targets, const StatisticsOptions& options = {});
  Statistics(Statistics&&) noexcept;
  Statistics& operator=(Statistics&&) noexcept;
  ~Statistics();

  /// Adds rows of a classification task. labels: rows values in [0, targets()). Host data is free on return.
  /// O(rows * features^2) time. Throws InvalidArgument (shape, null pointer, wrong task), NumericalError (first NaN or
  /// infinity by row and column, a label out of range by row; rows count from 0 within this call). Nothing was changed
  /// then.
  /// Device memory (an engine on CUDA) is read in the order of the engine's stream after the call and must stay as it
  /// is until then; the call does not wait. Its bad values are found there: the next call that waits (score, save,
  /// merge, clone, class_rows) throws NumericalError with the row, counted from the first one ever added, and the
  /// statistics are of no use from then on (InvalidArgument).
  void add(const MatrixView& features, const LabelView& labels);

  /// Adds rows of a regression or multi-label task. responses: rows x targets(); multi-label values are 0 or 1.
  void add(const MatrixView& features, const MatrixView& responses);

  /// Adds targets that have no rows yet (new classes of a later shard). Classification only.
  void add_targets(const std::vector<std::string>& names);

  /// Adds all rows of `other`; classes are matched by name, unknown ones are added. Other engine, other process: fine.
  /// On one CUDA device, engines beside each other included, the matrices stay there and O(features + targets) numbers
  /// go through the host; waits for both engines. O(features^2 + features * targets) time.
  /// Throws InvalidArgument when task, columns or regression targets differ (both values are named; nothing changed),
  /// OutOfMemory (nothing changed).
  void merge(const Statistics& other);

  /// Takes the rows of a shard out again, where and when merge adds them; what remains is as if it had never been
  /// added, up to rounding. Throws InvalidArgument when the shard holds more rows than the whole, in all or in one
  /// class (nothing changed), OutOfMemory (nothing changed).
  void subtract(const Statistics& other);

  /// Copy in the memory of any engine.
  Statistics clone(Engine& engine) const;

  std::int64_t rows() const;
  std::int64_t features() const;
  std::int64_t targets() const;
  Task task() const;
  const std::vector<std::string>& target_names() const;
  /// Rows per class; for the other tasks the number of rows in which the target is not zero is not kept: empty.
  std::vector<std::int64_t> class_rows() const;

  /// Versioned, checksummed, little-endian: the same bytes for the same sums from every machine (docs/file-format.md).
  /// The file form is atomic: written beside the target, synced, renamed. Throws FileError.
  void save(std::ostream& stream) const;
  void save(const std::filesystem::path& path) const;
  static Statistics load(Engine& engine, std::istream& stream);
  static Statistics load(Engine& engine, const std::filesystem::path& path);

  /// For the library's own stages; throws InvalidArgument if the statistics were moved from.
  detail::StatisticsState& state() const;

 private:
  explicit Statistics(std::unique_ptr<detail::StatisticsState> state);
  std::unique_ptr<detail::StatisticsState> state_;
};

}  // namespace culogme
