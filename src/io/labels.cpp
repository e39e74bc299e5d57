#include <culogme/error.hpp>
#include <culogme/io.hpp>

#include "io/format_sniff.hpp"
#include "io/label_classes.hpp"
#include "io/label_column.hpp"
#include "io/text.hpp"
#include "io/text_reader.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <new>

namespace culogme {
namespace {

using detail::IntegerColumn;
using detail::NumberColumns;
using detail::RawLabels;
using detail::TextColumn;

constexpr std::uint64_t class_limit = 10'000'000;

// The column of a CSV that has just one; of several one must be named.
std::string only_column(std::shared_ptr<detail::InputFile> file) {
  const std::string name = detail::shown(file->name());
  if (!file->regular())
    throw InvalidArgument(name + " is a pipe: name the column of its CSV, as in " + name + ":COLUMN");
  std::vector<std::string> header;
  detail::TextReader(std::move(file)).next_record(header);
  for (std::string& cell : header) cell = std::string(detail::trimmed(cell));
  if (header.size() == 1) return header.front();
  const auto named = std::find_if(header.begin(), header.end(), [](const std::string& cell) { return !cell.empty(); });
  throw InvalidArgument(name + " is a CSV: name the column of the labels, as in " + name + ":" +
                        (named == header.end() ? "COLUMN" : detail::shown(*named)) +
                        " (it holds: " + detail::listed(header) + ")");
}

RawLabels read_raw(const std::string& spec, const LabelOptions& options) {
  const detail::Spec parsed = detail::parse_spec(spec);
  auto file = std::make_shared<detail::InputFile>(parsed.path);
  const detail::Sniffed sniffed = detail::sniff(file->head(), file->name());
  if (sniffed.format != detail::Format::text) {
    return detail::read_label_array(detail::open_array(std::move(file), parsed.member, "labels"), options);
  }
  if (parsed.member.empty() && detail::ends_with_lower(parsed.path, ".csv")) {
    return detail::read_label_text(std::make_shared<detail::InputFile>(parsed.path), only_column(std::move(file)),
                                   options);
  }
  return detail::read_label_text(std::move(file), parsed.member, options);
}

std::string place(std::size_t index, std::int64_t columns) {
  const auto at = static_cast<std::int64_t>(index);
  const std::string row = " at row " + std::to_string(at / columns);
  return columns == 1 ? row : row + ", column " + std::to_string(at % columns);
}

void check_finite(const NumberColumns& numbers, const std::string& name) {
  for (std::size_t i = 0; i < numbers.values.size(); ++i) {
    if (std::isfinite(numbers.values[i])) continue;
    throw NumericalError(name + ": " + detail::number_text(numbers.values[i]) + place(i, numbers.columns) +
                         ", finite numbers were expected");
  }
}

NumberColumns as_numbers(const IntegerColumn& column) {
  NumberColumns numbers;
  numbers.values.reserve(column.codes.size());
  for (const std::int32_t code : column.codes) {
    const detail::Integer& value = column.values[static_cast<std::size_t>(code)];
    numbers.values.push_back(value.negative ? -static_cast<double>(value.magnitude)
                                            : static_cast<double>(value.magnitude));
  }
  return numbers;
}

void set_responses(NumberColumns numbers, Task task, const RawLabels& raw, Labels& labels) {
  check_finite(numbers, labels.name);
  if (task == Task::multilabel) {
    for (std::size_t i = 0; i < numbers.values.size(); ++i) {
      if (numbers.values[i] == 0 || numbers.values[i] == 1) continue;
      throw NumericalError(labels.name + ": " + detail::number_text(numbers.values[i]) + place(i, numbers.columns) +
                           ", multi-label values are 0 or 1");
    }
  }
  labels.responses = std::move(numbers.values);
  for (std::int64_t column = 0; column < numbers.columns; ++column)
    labels.target_names.push_back(std::to_string(column));
  if (!raw.column.empty()) labels.target_names.front() = raw.column;
}

Task task_of_numbers(const NumberColumns& numbers, const std::string& name) {
  check_finite(numbers, name);
  const bool fractional = std::any_of(numbers.values.begin(), numbers.values.end(),
                                      [](double value) { return std::trunc(value) != value; });
  if (fractional) return Task::regression;
  throw InvalidArgument(name +
                        ": the labels are floats that are all whole numbers, which may be class ids or targets; " +
                        "choose --task classification or --task regression");
}

// The first value that is no number where others are: one slip among numbers would make classes of all of them. Stated
// classes are texts; labels to leave out may be texts among ids, but not among real numbers.
std::optional<std::size_t> first_stray(const TextColumn& texts, const LabelOptions& options) {
  if (!options.classes.empty()) return std::nullopt;
  std::optional<std::size_t> first, first_kept;
  bool numbers = false, fractions = false;
  for (std::size_t i = 0; i < texts.values.size(); ++i) {
    const std::optional<double> number = detail::parse_number(texts.values[i]);
    if (number.has_value() && std::isfinite(*number)) {
      numbers = true;
      fractions = fractions || std::trunc(*number) != *number;
      continue;
    }
    const auto& ignored = options.ignore_label;
    if (!first.has_value()) first = i;
    if (!first_kept.has_value() && std::find(ignored.begin(), ignored.end(), texts.values[i]) == ignored.end())
      first_kept = i;
  }
  if (!numbers) return std::nullopt;
  return fractions ? first : first_kept;
}

std::string at_row(const TextColumn& texts, std::size_t value) {
  return detail::in_quotes(texts.values[value]) + " at row " + std::to_string(texts.first_rows[value]);
}

// Texts are classes, unless they are numbers with a slip among them.
void check_texts(const TextColumn& texts, const LabelOptions& options, const RawLabels& raw) {
  const bool chosen = options.task.has_value();
  if (chosen && *options.task == Task::classification) return;
  const std::optional<std::size_t> stray = raw.written ? first_stray(texts, options) : std::nullopt;
  if (!chosen && !stray.has_value()) return;
  const std::string task = chosen ? task_name(*options.task) : "";
  if (!stray.has_value())
    throw InvalidArgument(raw.name + ": the labels are text (" + at_row(texts, 0) + "); " + task + " needs numbers");
  throw InvalidArgument(
      raw.name + ": " + at_row(texts, *stray) + " is no number, as other labels are" +
      (chosen ? "; " + task + " needs numbers" : "; if the labels are names of classes, choose --task classification"));
}

Labels read_checked_labels(const std::string& spec, const LabelOptions& options) {
  RawLabels raw = read_raw(spec, options);
  Labels labels;
  labels.name = raw.name;
  const auto* integers = std::get_if<IntegerColumn>(&raw.values);
  const auto* texts = std::get_if<TextColumn>(&raw.values);
  auto* numbers = std::get_if<NumberColumns>(&raw.values);
  if (numbers != nullptr) {
    labels.rows = static_cast<std::int64_t>(numbers->values.size()) / numbers->columns;
    labels.task = options.task.has_value() ? *options.task : task_of_numbers(*numbers, labels.name);
  } else {
    labels.rows = static_cast<std::int64_t>(integers != nullptr ? integers->codes.size() : texts->codes.size());
    labels.task = options.task.value_or(Task::classification);
  }
  if (options.rows.has_value() && labels.rows != *options.rows) {
    // A list of labels that was saved as .csv lost its first one so.
    const bool one_less = !raw.column.empty() && labels.rows + 1 == *options.rows;
    detail::throw_row_mismatch(options.rows_of, *options.rows,
                               labels.name + (one_less ? " (below its first line, the header)" : ""),
                               std::to_string(labels.rows));
  }
  if (texts != nullptr) check_texts(*texts, options, raw);
  if (labels.task != Task::classification) {
    const std::string task = task_name(labels.task);
    if (!options.ignore_label.empty())
      throw InvalidArgument("--ignore-label is for classification, the task is " + task);
    if (!options.classes.empty()) throw InvalidArgument("--classes is for classification, the task is " + task);
    set_responses(numbers != nullptr ? std::move(*numbers) : as_numbers(*integers), labels.task, raw, labels);
  } else if (integers != nullptr) {
    detail::make_classes(*integers, options, labels);
  } else if (texts != nullptr) {
    detail::make_classes(*texts, options, labels);
  } else {
    detail::make_classes(numbers->values, options, labels);
  }
  return labels;
}

}  // namespace

Labels read_labels(const std::string& spec, const LabelOptions& options) {
  try {
    return read_checked_labels(spec, options);
  } catch (const std::bad_alloc&) {
    throw OutOfMemory("no memory for the labels of " + detail::shown(spec));
  }
}

std::vector<std::string> read_classes(const std::string& count_or_file) {
  const std::optional<detail::Integer> count = detail::parse_integer(detail::trimmed(count_or_file));
  std::vector<std::string> names;
  if (count.has_value()) {
    if (count->negative || count->magnitude == 0 || count->magnitude > class_limit) {
      throw InvalidArgument("the number of classes is " + detail::integer_text(*count) + ", 1 to " +
                            std::to_string(class_limit) + " was expected");
    }
    for (std::uint64_t id = 0; id < count->magnitude; ++id) names.push_back(std::to_string(id));
    return names;
  }
  std::error_code error;
  if (detail::parse_number(detail::trimmed(count_or_file)) && !std::filesystem::exists(count_or_file, error))
    throw InvalidArgument("the number of classes is " + detail::shown(count_or_file) + ", a whole number from 1 to " +
                          std::to_string(class_limit) + " in digits was expected (or a file of names)");
  auto file = std::make_shared<detail::InputFile>(count_or_file);
  const std::string name = detail::shown(file->name());
  const detail::Sniffed sniffed = detail::sniff(file->head(), count_or_file);
  if (sniffed.format == detail::Format::empty)
    throw FileError(name + ": the file is empty, one class name a line was expected");
  if (sniffed.format != detail::Format::text)
    throw FileError(name + " is no text file; one class name a line was expected");
  detail::TextReader reader(std::move(file));
  std::string line;
  std::int64_t blank = 0;
  while (reader.next_line(line)) {
    const std::string_view text = detail::trimmed(line);
    if (text.empty()) {
      blank = blank > 0 ? blank : reader.line();
      continue;
    }
    const std::int64_t bad = blank > 0 ? blank : reader.line();
    if (blank > 0)
      throw FileError(name + ": line " + std::to_string(bad) + " is empty, one class name a line was expected");
    if (!detail::valid_utf8(text)) throw FileError(name + ": line " + std::to_string(bad) + " is not UTF-8 text");
    names.emplace_back(text);
  }
  if (names.empty()) throw FileError(name + " holds no class names");
  return names;
}

}  // namespace culogme
