#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <culogme/engine.hpp>
#include <culogme/io.hpp>
#include <culogme/matrix.hpp>
#include <culogme/score.hpp>

namespace culogme {

namespace detail {
class SourceState;
class SourceLikelihood;
}  // namespace detail

/// What is known about the source classes of each row: what the head that a model was trained with says about it.
enum class SourceInput : std::uint8_t {
  probabilities,  ///< rows x source classes, each row adds up to 1; they are used as they are, not normalised again
  logits,         ///< rows x source classes; their softmax is taken in fp64, the row's largest one subtracted
  labels,         ///< one source class per row
};

/// "probabilities", "logits" or "labels".
const char* source_input_name(SourceInput input) noexcept;

struct SourceOptions {
  SourceInput input = SourceInput::probabilities;
  /// Also counts the most probable source class of every row (of equal ones the first), which is what nce needs.
  bool arg_max = true;
};

/// Part of a target class in a measure.
struct SourceClass {
  std::int64_t rows = 0;
  double value = 0;  ///< mean over the rows of the class; 0 where it has none
};

/// LEEP or NCE: mean log-likelihood of the target labels given the source classes, in nats per row, at most 0.
struct SourceScore {
  double value = 0;  ///< sum of the classes' values, each weighed by its part of the rows
  std::int64_t rows = 0, source_classes = 0;
  std::vector<SourceClass> classes;        ///< [target classes]
  std::string engine;                      ///< where it was computed
  std::vector<std::string> warnings = {};  ///< sentences a person should read
};

/// Largest distance of a row's sum from 1 for probabilities of an element type: rounding of a softmax in f32, and of
/// its values to 16 bits (docs/numerics.md).
double probability_tolerance(Scalar scalar, std::int64_t source_classes) noexcept;

/// What LEEP and NCE need of the rows: joint sums over target and source classes, O(classes * source_classes) bytes
/// however many rows. Additive: batches in any sizes, shards merged. Class ids mean the same in all of them.
/// Move-only; lives in the engine's memory and keeps its backend alive. Sums run in the order of the rows: their bits
/// are the same on every backend, for any batches and any number of threads (logits: up to the last digits of exp).
class SourceStatistics {
 public:
  /// Throws InvalidArgument (sizes below 1), OutOfMemory (names the classes and the bytes) before anything is
  /// allocated.
  SourceStatistics(Engine& engine, std::int64_t classes, std::int64_t source_classes,
                   const SourceOptions& options = {});
  SourceStatistics(SourceStatistics&&) noexcept;
  SourceStatistics& operator=(SourceStatistics&&) noexcept;
  ~SourceStatistics();

  /// Adds rows of probabilities or logits (rows x source_classes()) with target labels in [0, classes()).
  /// Throws InvalidArgument (shape, null pointer, input is labels), NumericalError (first value that is no probability,
  /// row that does not add up to 1, NaN, infinity or label out of range; rows count from 0 within this call). Nothing
  /// was changed then. Host data is free on return. Device memory is read in the order of the engine's stream and the
  /// call does not wait; its bad values are told by the next call that waits (leep, nce, save, merge, clone,
  /// class_rows), with the row counted from the first one ever added, and the statistics are of no use from then on.
  /// O(rows * source_classes).
  void add(const MatrixView& source, const LabelView& labels);

  /// Adds rows whose source class is known, in [0, source_classes()); input must be labels.
  void add(const LabelView& source_labels, const LabelView& labels);

  /// Adds all rows of `other`, of any engine. Throws InvalidArgument where classes, source classes, input or arg_max
  /// differ (nothing changed).
  void merge(const SourceStatistics& other);

  /// Copy in the memory of any engine.
  SourceStatistics clone(Engine& engine) const;

  std::int64_t rows() const;
  std::int64_t classes() const;
  std::int64_t source_classes() const;
  SourceInput input() const;
  bool arg_max() const;
  std::vector<std::int64_t> class_rows() const;

  /// [classes x source_classes] row-major on the host: sums of the probabilities (empty where input is labels), and
  /// numbers of rows by source label or arg-max (empty without arg_max). Waits.
  std::vector<double> joint_sums() const;
  std::vector<std::int64_t> joint_counts() const;

  /// As Statistics::save and load: versioned, checksummed, the same bytes for the same sums (docs/file-format.md), and
  /// atomic where it is a file. Throws FileError.
  void save(std::ostream& stream) const;
  void save(const std::filesystem::path& path) const;
  static SourceStatistics load(Engine& engine, std::istream& stream);
  static SourceStatistics load(Engine& engine, const std::filesystem::path& path);

  /// For the library's own stages; throws InvalidArgument if the statistics were moved from.
  detail::SourceState& state() const;

 private:
  explicit SourceStatistics(std::unique_ptr<detail::SourceState> state);
  std::unique_ptr<detail::SourceState> state_;
};

/// The second pass of LEEP: the log-likelihood of rows under P(target class | source class) of all of them.
class LeepPass {
 public:
  /// Takes a copy of the sums, as the conditional distribution; waits, and throws what was found in device memory.
  /// Throws InvalidArgument (no rows, input is labels), OutOfMemory.
  explicit LeepPass(const SourceStatistics& statistics);
  LeepPass(LeepPass&&) noexcept;
  LeepPass& operator=(LeepPass&&) noexcept;
  ~LeepPass();

  /// The same rows as in the first pass, in any batches. Throws as SourceStatistics::add for shapes.
  void add(const MatrixView& source, const LabelView& labels);

  /// Waits. Throws InvalidArgument where classes have other numbers of rows than in the first pass, NumericalError
  /// where a likelihood is not positive: the values of the two passes differ.
  SourceScore result() const;

 private:
  std::unique_ptr<detail::SourceLikelihood> state_;
};

/// LEEP (Nguyen, Hassner, Seeger, Archambeau, ICML 2020): (1/N) sum over rows of ln sum_z P(y | z) theta_z with
/// P(y, z) = (1/N) sum of theta_z over the rows of class y. Two passes over the memory, no matrix of rows x classes.
/// Throws as SourceStatistics::add, InvalidArgument without rows. Waits.
SourceScore leep(Engine& engine, const MatrixView& source, const LabelView& labels, std::int64_t classes,
                 const SourceOptions& options = {});

/// NCE, the negative conditional entropy (Tran, Nguyen, Hassner, ICCV 2019): sum P(y, z) ln(P(y, z) / P(z)) over target
/// classes y and source classes z. Exact counts; the same bits on every backend. Throws InvalidArgument without rows or
/// without arg_max. Waits.
SourceScore nce(const SourceStatistics& statistics);
/// From known source classes in [0, source_classes).
SourceScore nce(Engine& engine, const LabelView& source_labels, const LabelView& labels, std::int64_t source_classes,
                std::int64_t classes);
/// From the most probable source class of every row.
SourceScore nce(Engine& engine, const MatrixView& source, const LabelView& labels, std::int64_t classes,
                const SourceOptions& options = {});

/// What to compute from files.
struct SourceFileOptions {
  bool leep = true, nce = true;
  bool softmax = false;  ///< the matrix holds logits
  std::function<void(const Progress&)> progress = {};
};

struct SourceFileScores {
  std::optional<SourceScore> leep, nce;
  double seconds = 0;
};

/// LEEP, and NCE from the arg-max, of a matrix of any size in bounded memory. LEEP needs its rows twice: they are kept
/// where they fit an eighth of what is free (or of the engine's workspace), else the reader is rewound; throws
/// FileError where it cannot be (standard input). Ignored rows are left out. Messages name the files and their rows.
SourceFileScores source_scores(Engine& engine, FeatureReader& source, const Labels& labels,
                               const SourceFileOptions& options = {});

/// NCE from a file of source labels.
SourceScore nce(Engine& engine, const Labels& source_labels, const Labels& labels);

}  // namespace culogme
