#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <culogme/matrix.hpp>
#include <culogme/source.hpp>

#include "aligned.hpp"

namespace culogme::detail {

/// Sums over the rows added so far, on the host. Symbols as in docs/method.md: C target, Z source classes.
struct JointTable {
  SourceInput input = SourceInput::probabilities;
  bool arg_max = true;
  std::int64_t classes = 0, source_classes = 0, rows = 0;
  AlignedVector<double> joint;           ///< [C][Z] sums of theta; empty where input is labels
  std::vector<std::int64_t> counts;      ///< [C][Z] rows by arg-max or source label; empty without
  std::vector<std::int64_t> class_rows;  ///< [C]

  bool has_joint() const { return input != SourceInput::labels; }
  bool has_counts() const { return input == SourceInput::labels || arg_max; }
};

/// Sizes and options of tables.
struct SourceShape {
  SourceOptions options;
  std::int64_t classes = 0, source_classes = 0;
};

/// A table of no rows.
JointTable empty_table(const SourceShape& shape);
inline SourceShape shape_of(const JointTable& table) {
  return {{table.input, table.arg_max}, table.classes, table.source_classes};
}

/// Bytes of the sums.
inline double table_bytes(const SourceShape& shape) {
  const double tables = (shape.options.input != SourceInput::labels ? 1 : 0) +
                        (shape.options.input == SourceInput::labels || shape.options.arg_max ? 1 : 0);
  return 8 * static_cast<double>(shape.classes) * (tables * static_cast<double>(shape.source_classes) + 1);
}
/// "joint sums of 1000 classes and 21000 source classes", for messages.
std::string table_text(const SourceShape& shape);

/// into += from. Throws InvalidArgument where they do not fit; nothing is changed then.
void combine(JointTable& into, const JointTable& from);

/// Turns joint sums into P(y | z), column after column: sums over y in ascending order; 0 where a source class has no
/// mass.
void condition(AlignedVector<double>& joint, std::int64_t classes, std::int64_t source_classes, int threads);

/// A value that cannot be used, found while rows were added; who knows the user's names makes it a NumericalError.
struct BadSource {
  enum class Kind : std::uint8_t { value, sum, label, source_label };
  Kind kind = Kind::value;
  std::int64_t row = 0, column = 0;
  double value = 0;        ///< the value, or the sum of the row
  std::int64_t id = 0;     ///< of labels
  std::int64_t limit = 0;  ///< of labels: ids are 0 ... limit - 1
};

/// One sentence; `place` is "row 17" or "shard_2.npy, row 17".
std::string bad_source_text(const BadSource& bad, const std::string& place);

/// Whether a value of a row of this input can be used by itself. `limit` is the largest probability: 1 and the
/// tolerance.
inline bool is_good_source(double value, bool logits, double limit) {
  return logits ? value - value == 0 : value >= 0 && value <= limit;
}

class Backend;
class LikelihoodSums;

/// Joint sums in the backend's memory.
class SourceSums {
 public:
  virtual ~SourceSums() = default;

  /// Adds rows. `first_row` is the number of the first one for messages. With `checked` values in host memory were
  /// found good before (`Backend::check_source`), so nothing can fail half-way; without it the sums are of no use after
  /// a throw. Throws BadSource.
  virtual void add(const MatrixView& source, const LabelView& labels, std::int64_t first_row, bool checked) = 0;
  virtual void add(const LabelView& source_labels, const LabelView& labels, std::int64_t first_row, bool checked) = 0;

  /// Copy on the host; waits. Throws BadSource.
  virtual JointTable table() const = 0;
  virtual void set(const JointTable& table) = 0;
  virtual std::int64_t rows() const = 0;

  /// The conditional distribution for the second pass; waits. Throws BadSource, OutOfMemory.
  virtual std::unique_ptr<LikelihoodSums> likelihood() const = 0;
};

/// Log-likelihoods by class in the backend's memory.
class LikelihoodSums {
 public:
  virtual ~LikelihoodSums() = default;
  virtual void add(const MatrixView& source, const LabelView& labels) = 0;
  /// [C] sums of ln P(y | x), and rows, of the classes; waits. Throws BadSource for labels out of range.
  struct Result {
    std::vector<double> sums;
    std::vector<std::int64_t> rows;
    std::vector<std::int64_t> expected;  ///< rows in the first pass
  };
  virtual Result result() const = 0;
};

/// What a SourceStatistics holds.
class SourceState {
 public:
  SourceState(std::shared_ptr<Backend> backend_, const SourceShape& shape_);

  JointTable table() const;

  std::shared_ptr<Backend> backend;
  SourceShape shape;
  std::unique_ptr<SourceSums> sums;
};

/// What a LeepPass holds.
class SourceLikelihood {
 public:
  std::shared_ptr<Backend> backend;
  SourceShape shape;
  std::int64_t rows = 0;  ///< of the first pass
  std::unique_ptr<LikelihoodSums> sums;
};

/// NCE of counts.
SourceScore nce_of(const JointTable& table, const Backend& backend);

/// Checks of arguments. Throw InvalidArgument.
void check_source_view(const Backend& backend, const SourceShape& shape, const MatrixView& source,
                       const LabelView& labels);

/// The bytes of a file of source statistics (docs/file-format.md) and back; the parser takes nothing on trust.
std::string encode_source(const JointTable& table);
JointTable decode_source(const std::string& bytes, const std::string& name);

}  // namespace culogme::detail
