#include "io/label_column.hpp"

#include <culogme/error.hpp>

#include "io/convert.hpp"
#include "memory.hpp"

#include <algorithm>
#include <functional>
#include <limits>

namespace culogme::detail {
namespace {

constexpr std::size_t piece_bytes = std::size_t{4} << 20;

// Calls `use(bytes, count)` for all elements in the order of the file. Memory is one piece, whatever the header claims.
template <class Use>
void for_each_piece(Array& array, Use use) {
  const std::size_t size = std::max<std::size_t>(array.type.bytes, 1);
  const std::size_t piece = std::max<std::size_t>(piece_bytes / size, 1);
  std::vector<char> bytes;
  for (std::uint64_t done = 0; done < array.elements;) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(piece, array.elements - done));
    bytes.resize(count * array.type.bytes);
    array.bytes->read(bytes.data(), bytes.size());
    use(bytes.data(), count);
    done += count;
  }
  array.bytes->finish();
}

IntegerColumn read_integers(Array& array) {
  ColumnCoder<Integer> coder(array.name);
  const bool is_signed = array.type.kind == ElementKind::signed_integer;
  std::vector<std::int64_t> numbers;
  for_each_piece(array, [&](const char* bytes, std::size_t count) {
    numbers.resize(count);
    decode_integers(array.type, bytes, count, numbers.data());
    for (const std::int64_t number : numbers) {
      const bool negative = is_signed && number < 0;
      const auto bits = static_cast<std::uint64_t>(number);
      coder.add({negative, negative ? 0 - bits : bits});
    }
  });
  return coder.take();
}

void append_utf8(std::string& text, std::uint32_t letter) {
  const auto byte = [&](std::uint32_t bits) { text += static_cast<char>(static_cast<unsigned char>(bits)); };
  if (letter < 0x80) return byte(letter);
  if (letter < 0x800) {
    byte(0xC0 | letter >> 6);
  } else {
    if (letter < 0x10000) {
      byte(0xE0 | letter >> 12);
    } else {
      byte(0xF0 | letter >> 18);
      byte(0x80 | (letter >> 12 & 0x3F));
    }
    byte(0x80 | (letter >> 6 & 0x3F));
  }
  byte(0x80 | (letter & 0x3F));
}

// UTF-32 in either byte order to UTF-8; a letter that does not exist becomes an invalid sequence, found by the caller.
std::string from_utf32(const char* bytes, std::size_t size, bool big_endian) {
  std::string text;
  std::size_t trimmed_size = 0;
  for (std::size_t i = 0; i + 4 <= size; i += 4) {
    std::uint32_t letter = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      letter = letter << 8 | static_cast<unsigned char>(bytes[i + (big_endian ? j : 3 - j)]);
    }
    if (letter > 0x10FFFF) return "\xFF";
    append_utf8(text, letter);
    if (letter != 0) trimmed_size = text.size();
  }
  text.resize(trimmed_size);
  return text;
}

std::string from_bytes(const char* bytes, std::size_t size) {
  while (size > 0 && bytes[size - 1] == '\0') --size;
  return std::string(bytes, size);
}

TextColumn read_texts(Array& array) {
  ColumnCoder<std::string> coder(array.name);
  const ElementType& type = array.type;
  std::int64_t row = 0;
  for_each_piece(array, [&](const char* bytes, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i, ++row) {
      const char* element = bytes + i * type.bytes;
      const std::string text = type.kind == ElementKind::text ? from_utf32(element, type.bytes, type.big_endian)
                                                              : from_bytes(element, type.bytes);
      if (!valid_utf8(text))
        throw FileError(array.name + ": the label at row " + std::to_string(row) + " is no valid text");
      coder.add(text);
    }
  });
  return coder.take();
}

NumberColumns read_numbers(Array& array, std::int64_t columns) {
  NumberColumns numbers;
  numbers.columns = columns;
  for_each_piece(array, [&](const char* bytes, std::size_t count) {
    const std::size_t done = numbers.values.size();
    numbers.values.resize(done + count);
    convert_elements(array.type, bytes, count, Scalar::f64, numbers.values.data() + done);
  });
  if (array.fortran && columns > 1) {
    const auto cols = static_cast<std::size_t>(columns);
    const std::size_t rows = numbers.values.size() / cols;
    std::vector<double> row_major(numbers.values.size());
    for (std::size_t column = 0; column < cols; ++column) {
      for (std::size_t row = 0; row < rows; ++row) row_major[row * cols + column] = numbers.values[column * rows + row];
    }
    numbers.values = std::move(row_major);
  }
  return numbers;
}

// Integers and numbers written as text, told apart by the distinct texts.
std::variant<IntegerColumn, TextColumn, NumberColumns> by_meaning(const std::string& name, TextColumn texts) {
  std::vector<Integer> integers;
  std::vector<double> numbers;
  bool all_integers = true;
  for (const std::string& text : texts.values) {
    const std::optional<Integer> integer = parse_integer(text);
    const std::optional<double> number = parse_number(text);
    if (!number.has_value()) return texts;
    all_integers = all_integers && integer.has_value();
    integers.push_back(integer.value_or(Integer()));
    numbers.push_back(*number);
  }
  if (all_integers) {
    ColumnCoder<Integer> coder(name);
    for (const std::int32_t code : texts.codes) coder.add(integers[static_cast<std::size_t>(code)]);
    return coder.take();
  }
  NumberColumns columns;
  for (const std::int32_t code : texts.codes) columns.values.push_back(numbers[static_cast<std::size_t>(code)]);
  return columns;
}

// A matrix written line by line would else become one class per different line.
bool holds_several_numbers(std::string_view text) {
  const std::size_t blank = text.find_first_of(" \t;,");
  if (blank == std::string_view::npos || !parse_number(text.substr(0, blank)).has_value()) return false;
  const std::string_view rest = trimmed(text.substr(blank + 1));
  return parse_number(rest).has_value() || holds_several_numbers(rest);
}

// Several columns of numbers are no classes.
[[noreturn]] void refuse_several_columns(const std::string& has_shape, const std::optional<Task>& task) {
  if (!task.has_value()) {
    throw InvalidArgument(has_shape + "; for several columns choose --task regression or --task multilabel (classes " +
                          "need one id per row)");
  }
  throw InvalidArgument(has_shape + "; one class id per row was expected: for a 0/1 matrix choose --task multilabel, " +
                        "for one-hot or probability rows take the arg-max, labels.argmax(axis=1)");
}

void check_most_rows(const LabelOptions& options, const RawLabels& labels, std::uint64_t count) {
  if (options.most_rows.has_value() && count > static_cast<std::uint64_t>(*options.most_rows))
    throw InvalidArgument(labels.name + " has more than " + std::to_string(*options.most_rows) +
                          " labels, and no features have more rows than that; there must be one per row");
}

// Labels of a file are counted to its end for the message; a pipe may have none. `next` is false at the end.
template <class Next>
void check_rows(const LabelOptions& options, const RawLabels& labels, std::size_t count, bool ends, const Next& next) {
  check_most_rows(options, labels, count);
  if (!options.rows.has_value() || static_cast<std::int64_t>(count) <= *options.rows) return;
  if (!ends)
    throw_row_mismatch(options.rows_of, *options.rows, labels.name, "more than " + std::to_string(*options.rows));
  while (next()) ++count;
  throw_row_mismatch(options.rows_of, *options.rows, labels.name, std::to_string(count));
}

void add_text(ColumnCoder<std::string>& coder, const std::string& name, std::int64_t line, std::string_view text) {
  if (!valid_utf8(text)) throw FileError(name + ": line " + std::to_string(line) + " is not UTF-8 text");
  coder.add(std::string(text));
}

}  // namespace

template <>
std::size_t ColumnCoder<Integer>::Hash::operator()(const Integer& value) const {
  return std::hash<std::uint64_t>()(value.negative ? ~value.magnitude : value.magnitude);
}

template <>
std::size_t ColumnCoder<std::string>::Hash::operator()(const std::string& value) const {
  return std::hash<std::string>()(value);
}

template <class Value>
void ColumnCoder<Value>::add(const Value& value) {
  const auto row = static_cast<std::int64_t>(column_.codes.size());
  if (!column_.codes.empty()) {  // labels often come in runs
    const std::int32_t last = column_.codes.back();
    if (column_.values[static_cast<std::size_t>(last)] == value) {
      column_.codes.push_back(last);
      return;
    }
  }
  const auto [place, is_new] = codes_.try_emplace(value, static_cast<std::int32_t>(column_.values.size()));
  if (is_new) {
    if (column_.values.size() >= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
      throw NumericalError(name_ + " has more than 2147483647 different labels");
    }
    column_.values.push_back(value);
    column_.first_rows.push_back(row);
  }
  column_.codes.push_back(place->second);
}

template class ColumnCoder<Integer>;
template class ColumnCoder<std::string>;

void throw_row_mismatch(const std::string& features, std::int64_t rows, const std::string& labels,
                        const std::string& count) {
  throw InvalidArgument(features + " has " + std::to_string(rows) + " rows, " + labels + " " + count +
                        " labels; there must be one per row (a loader that drops the last incomplete batch takes rows "
                        "away)");
}

RawLabels read_label_array(Array array, const LabelOptions& options) {
  RawLabels labels;
  labels.name = array.name;
  labels.shape = shape_text(array.shape);
  const std::string has_shape = labels.name + " has shape " + labels.shape;
  if (array.shape.empty())
    throw InvalidArgument(has_shape + " (a scalar, 0 dimensions); one label per row was expected");
  if (array.shape.size() > 2) throw InvalidArgument(has_shape + "; labels have one or two dimensions");
  if (array.shape[0] == 0) throw InvalidArgument(labels.name + " has no rows: its shape is " + labels.shape);
  if (array.elements == 0) throw InvalidArgument(labels.name + " has no columns: its shape is " + labels.shape);
  const auto columns = static_cast<std::int64_t>(array.shape.size() == 2 ? array.shape[1] : 1);
  const ElementKind kind = array.type.kind;
  const bool texts = kind == ElementKind::text || kind == ElementKind::bytes;
  const bool responses = options.task.has_value() && *options.task != Task::classification;
  if (columns > 1 && !texts && kind != ElementKind::raw && !responses) refuse_several_columns(has_shape, options.task);
  if (options.rows.has_value() && array.shape[0] != static_cast<std::uint64_t>(*options.rows))
    throw_row_mismatch(options.rows_of, *options.rows, labels.name, std::to_string(array.shape[0]));
  check_most_rows(options, labels, array.shape[0]);
  // Codes and ids of one column; else numbers, once more while they grow or change their order, and names of columns.
  const bool coded = columns == 1 && kind != ElementKind::real && kind != ElementKind::brain;
  const double elements = static_cast<double>(array.elements);
  require_memory(coded ? 8 * elements : 16 * elements + 64 * static_cast<double>(columns),
                 labels.name + ": labels of shape " + labels.shape);
  switch (kind) {
    case ElementKind::text:
    case ElementKind::bytes:
      if (columns > 1) throw InvalidArgument(has_shape + "; one text label per row was expected");
      labels.values = read_texts(array);
      return labels;
    case ElementKind::raw:
      throw FileError(labels.name + ": element type " + in_quotes(array.type.name) +
                      " (raw bytes) cannot be read as labels");
    case ElementKind::boolean:
    case ElementKind::signed_integer:
    case ElementKind::unsigned_integer:
      labels.whole_type = true;
      if (columns == 1) {
        labels.values = read_integers(array);
      } else {
        labels.values = read_numbers(array, columns);
      }
      return labels;
    case ElementKind::real:
    case ElementKind::brain:
      labels.values = read_numbers(array, columns);
      return labels;
  }
  throw FileError(labels.name + ": element type " + in_quotes(array.type.name) + " cannot be read as labels");
}

RawLabels read_label_text(std::shared_ptr<InputFile> file, const std::string& column, const LabelOptions& options) {
  RawLabels labels;
  labels.name = shown(file->name());
  labels.written = true;
  const bool ends = file->regular();
  TextReader reader(std::move(file));
  ColumnCoder<std::string> coder(labels.name);
  if (column.empty()) {
    std::string line;
    std::int64_t blank = 0;  // blank lines are an end or a mistake
    while (reader.next_line(line)) {
      const std::string_view text = trimmed(line);
      if (!text.empty() && blank > 0) {
        throw FileError(labels.name + ": line " + std::to_string(blank) + " is empty, one label a line was expected");
      }
      if (text.empty()) {
        blank = blank > 0 ? blank : reader.line();
        const std::optional<std::int64_t>& limit = options.rows.has_value() ? options.rows : options.most_rows;
        if (!ends && limit.has_value() && reader.line() - blank > *limit)
          throw FileError(labels.name + ": line " + std::to_string(blank) + " and more than " + std::to_string(*limit) +
                          " behind it are empty, one label a line was expected");
      } else {
        add_text(coder, labels.name, reader.line(), text);
        check_rows(options, labels, coder.size(), ends, [&] {
          while (reader.next_line(line))
            if (!trimmed(line).empty()) return true;
          return false;
        });
      }
    }
  } else {
    std::vector<std::string> header;
    std::vector<std::string> cells;
    if (!reader.next_record(header)) throw FileError(labels.name + " has no header");
    for (std::string& cell : header) cell = std::string(trimmed(cell));
    check_separator(labels.name, header);
    const std::size_t index = find_column(labels.name, header, column);
    while (reader.next_record(cells)) {
      const std::string line = labels.name + ": line " + std::to_string(reader.line());
      if (cells.size() != header.size()) {
        throw FileError(line + " has " + std::to_string(cells.size()) + " cells, the header has " +
                        std::to_string(header.size()));
      }
      const std::string_view text = trimmed(cells[index]);
      if (text.empty()) throw FileError(line + " has no value in column " + in_quotes(column));
      add_text(coder, labels.name, reader.line(), text);
      check_rows(options, labels, coder.size(), ends, [&] { return reader.next_record(cells); });
    }
    labels.name.append(":").append(shown(column));
    labels.column = column;
  }
  TextColumn texts = coder.take();
  if (texts.codes.empty()) throw InvalidArgument(labels.name + " has no rows: it holds no labels");
  if (column.empty() && std::all_of(texts.values.begin(), texts.values.end(), holds_several_numbers)) {
    throw InvalidArgument(labels.name + " holds several numbers a line (" + in_quotes(texts.values.front()) +
                          "), one label a line was expected; save the matrix as .npy, or name a column of a .csv");
  }
  labels.shape = shape_text({texts.codes.size()});
  labels.values = by_meaning(labels.name, std::move(texts));
  labels.whole_type = std::holds_alternative<IntegerColumn>(labels.values);
  return labels;
}

}  // namespace culogme::detail
