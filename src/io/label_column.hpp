#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include <culogme/io.hpp>

#include "io/array.hpp"
#include "io/text.hpp"
#include "io/text_reader.hpp"

namespace culogme::detail {

/// A column coded by its distinct values, which stand in the order of their first rows: memory grows with their number,
/// never with the size of an id.
template <class Value>
struct CodedColumn {
  std::vector<Value> values;
  std::vector<std::int64_t> first_rows;  ///< per value
  std::vector<std::int32_t> codes;       ///< per row
};

using IntegerColumn = CodedColumn<Integer>;
using TextColumn = CodedColumn<std::string>;

/// Numbers in rows and columns, row-major.
struct NumberColumns {
  std::vector<double> values;
  std::int64_t columns = 1;
};

/// Builds a CodedColumn value by value. Throws NumericalError above 2^31 - 1 distinct values.
template <class Value>
class ColumnCoder {
 public:
  explicit ColumnCoder(std::string name) : name_(std::move(name)) {}
  void add(const Value& value);
  std::size_t size() const { return column_.codes.size(); }
  CodedColumn<Value> take() { return std::move(column_); }

 private:
  struct Hash {
    std::size_t operator()(const Value& value) const;
  };
  std::string name_;
  CodedColumn<Value> column_;
  std::unordered_map<Value, std::int32_t, Hash> codes_;
};

/// Labels as a file holds them, before the task is known.
struct RawLabels {
  std::string name;    ///< for messages
  std::string shape;   ///< "(48, 3)"
  std::string column;  ///< name of the CSV column, else empty
  std::variant<IntegerColumn, TextColumn, NumberColumns> values;
  bool written = false;     ///< from a text file, where numbers are texts too
  bool whole_type = false;  ///< NumberColumns that were integers or bools in the file (several columns)
};

/// The error of features and labels of different numbers of rows.
[[noreturn]] void throw_row_mismatch(const std::string& features, std::int64_t rows, const std::string& labels,
                                     const std::string& count);

/// Reads an array: integers and bools of one column are coded, texts too, all else are numbers. What its header shows
/// to be wrong is told before its data is read: FileError, InvalidArgument (shape, rows), OutOfMemory.
RawLabels read_label_array(Array array, const LabelOptions& options);

/// Reads a text file, one label a line, or the column of a CSV when `column` is not empty. All integers: IntegerColumn;
/// all numbers: NumberColumns; else texts. A pipe with more rows than the features have may never end: it is left
/// there.
RawLabels read_label_text(std::shared_ptr<InputFile> file, const std::string& column, const LabelOptions& options);

}  // namespace culogme::detail
