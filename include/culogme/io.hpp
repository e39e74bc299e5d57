#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <culogme/matrix.hpp>
#include <culogme/statistics.hpp>

namespace culogme {

/// Rows of a feature matrix in order, a block at a time; memory does not grow with the number of rows.
/// One thread at a time. Errors are FileError (unreadable, malformed, shorter than promised).
class FeatureReader {
 public:
  virtual ~FeatureReader() = default;

  /// How messages call it: the file's name (with array or tensor), the folder, or "standard input".
  virtual const std::string& name() const = 0;
  /// Rows in all; known from the headers before any data is read.
  virtual std::int64_t rows() const = 0;
  virtual std::int64_t cols() const = 0;
  /// Element type of the blocks that `next` gives (integers up to 16 bits become f32, wider ones f64).
  virtual Scalar scalar() const = 0;

  /// The next block of at most `max_rows` rows in host memory, row-major; valid until the next call. An empty view
  /// (rows 0) at the end. Blocks are full but for the last one. Data is read ahead in pieces of at least 4 MiB.
  virtual MatrixView next(std::int64_t max_rows) = 0;

  /// Back to row 0; false where the data cannot be read again (a pipe).
  virtual bool rewind() = 0;

  /// Bytes taken from the files since the last rewind (compressed bytes where compressed).
  virtual std::int64_t bytes_read() const = 0;

  /// Where row `row` lies for a message: "shard_2.npy, row 17"; the row itself in a single file.
  virtual std::string place(std::int64_t row) const = 0;
};

struct ReadOptions {
  bool bfloat16 = false;             ///< read 'V2' and uint16 arrays as bfloat16
  std::size_t read_ahead = 8 << 20;  ///< bytes of one read
};

/// Opens features: FILE.npy, FILE.npz[:ARRAY], FILE.safetensors[:TENSOR], a directory of shards NAME_0.npy NAME_1.npy
/// ... (natural order), or "-" for .npy on standard input. Content decides the format. Headers of all shards are read
/// and checked here. Throws FileError; InvalidArgument for shapes that are no matrix.
std::unique_ptr<FeatureReader> open_features(const std::string& spec, const ReadOptions& options = {});

/// Several specs are shards of one matrix, rows one after the other in the order given.
std::unique_ptr<FeatureReader> open_features(const std::vector<std::string>& specs, const ReadOptions& options = {});

struct LabelOptions {
  std::optional<Task> task = {};               ///< empty: told from the values
  std::vector<std::string> classes = {};       ///< the fixed set of classes by name; empty: the distinct values present
  std::vector<std::string> ignore_label = {};  ///< rows with one of these labels are left out
  /// Rows of the features: other labels are refused with InvalidArgument, before they are read where that shows.
  std::optional<std::int64_t> rows = {};
  std::string rows_of = "the feature matrix";  ///< what messages call the features
  /// Where the labels may belong to any of several features: more rows than this are refused with InvalidArgument as
  /// soon as that shows, so that a stream without an end is not read for ever.
  std::optional<std::int64_t> most_rows = {};
};

/// Labels or responses of all rows, checked.
struct Labels {
  Task task = Task::classification;
  std::string name;                       ///< the file's name for messages
  std::int64_t rows = 0;                  ///< rows of the file, ignored ones too
  std::vector<std::int32_t> ids;          ///< classification: [rows] index into target_names, -1 for an ignored row
  std::vector<double> responses;          ///< else: [rows x targets] row-major
  std::vector<std::string> target_names;  ///< classes in sorted order (numbers by value, texts by bytes), or columns
  std::int64_t ignored = 0;               ///< number of rows with id -1
  std::int64_t skipped_ids = 0;           ///< integer ids below the largest one that no row has (reported as empty)
  std::vector<std::string> notes;         ///< sentences for the score's warnings (ids without rows, as ranges)
  std::int64_t targets() const { return static_cast<std::int64_t>(target_names.size()); }
};

/// Reads labels: .npy (integers, bool, floats, 'U'/'S' texts), .npz/.safetensors members, .txt (one a line),
/// .csv:COLUMN (of one column its name may be left out). Shape (N,) or (N, 1) for classes, (N,) or (N, K) for
/// regression and multi-label. Throws FileError; InvalidArgument or NumericalError for values that are no labels,
/// naming file, row and value; OutOfMemory, before anything is read where a header tells.
Labels read_labels(const std::string& spec, const LabelOptions& options = {});

/// A list of class names for LabelOptions::classes: a number C stands for "0" ... "C-1", else a text file, one a line.
std::vector<std::string> read_classes(const std::string& count_or_file);

/// A model found by `rank`.
struct ModelFiles {
  std::string name;
  std::vector<std::string> features;  ///< specs for open_features
  std::string probabilities;          ///< empty where there are none
  std::string source_labels;
};

/// A numeric table with named rows: score files, accuracy files, manifests' accuracies. NaN where a cell is empty or
/// "nan".
struct Table {
  std::string name;                           ///< the file
  std::vector<std::string> rows;              ///< first column
  std::vector<std::string> columns;           ///< names of the numeric columns
  std::vector<std::vector<double>> values;    ///< [column][row]
  std::vector<std::vector<bool>> empty = {};  ///< [column][row] the cell is empty: nothing was measured
};

/// Reads a CSV with a header (RFC 4180 quotes, CRLF, a byte order mark); columns in which no cell is a number are left
/// out. Throws FileError (a row's length, no header) and InvalidArgument (a model twice, naming it).
Table read_table(const std::string& path);

/// The models of a folder by the rule of examples/data: labels.*, NAME.npy|.npz|.safetensors, NAME.probabilities.npy,
/// accuracies.csv. `labels` and `accuracies` stay empty where there is no such file.
struct ModelFolder {
  std::vector<ModelFiles> models;  ///< in natural order of the names
  std::string labels;
  std::string accuracies;
};
ModelFolder read_model_folder(const std::string& path);

/// A manifest: CSV with the columns name, features and optionally probabilities, source_labels, accuracy; paths
/// relative to the manifest. accuracies holds the accuracy column (empty table where there is none).
struct Manifest {
  std::vector<ModelFiles> models;
  Table accuracies;
};
Manifest read_manifest(const std::string& path);

}  // namespace culogme
