#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "options.hpp"

namespace culogme::detail {
class AtomicFile;
}

namespace culogme::command {

/// Writes all of `text`; `name` is for the message. Throws FileError; Interrupted when a signal came while it waited.
void write_all(int descriptor, std::string_view text, const std::string& name);

/// Where the result goes: standard output, or the file of --output, which is made ready before the work starts.
class Output {
 public:
  /// Throws FileError when the file cannot be made.
  explicit Output(const OutputOptions& options);
  ~Output();

  /// Writes the whole result; once. Throws FileError, for standard output too (a full disk, a closed descriptor).
  void write(std::string_view text);

  /// Standard output's own warnings for formats that have no place for them (csv); nothing with --quiet.
  void warn(const std::vector<std::string>& warnings) const;

 private:
  std::unique_ptr<detail::AtomicFile> file_;
  bool quiet_ = false;
};

/// The object as it is printed: indented, bytes that are no UTF-8 replaced.
std::string json_text(const nlohmann::ordered_json& object);

/// Writes a result in the format that was asked for; each argument makes its text. csv has no place for warnings.
template <class Table, class Json, class Csv>
void write_report(Output& output, Format format, const Table& table, const Json& json, const Csv& csv,
                  const std::vector<std::string>& warnings) {
  switch (format) {
    case Format::table:
      output.write(table());
      break;
    case Format::json:
      output.write(json_text(json()));
      break;
    case Format::csv:
      output.write(csv());
      output.warn(warnings);
      break;
  }
}

enum class Align : std::uint8_t { left, right };

/// Columns of text, padded to the widest cell; two spaces between columns, none at the ends of lines.
class TextTable {
 public:
  explicit TextTable(std::vector<Align> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> cells);
  std::string text() const;

 private:
  std::vector<Align> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// "warning: ..." lines for the end of a table; nothing with --quiet.
std::string warning_lines(const std::vector<std::string>& warnings, bool quiet);

/// A cell of a CSV file, in quotes where RFC 4180 asks for them.
std::string csv_field(const std::string& text);

/// With control characters as '?', so that names from files cannot steer a terminal.
std::string printable(std::string_view text);

/// A text for HTML and SVG, with the characters of markup as entities.
std::string markup_text(std::string_view text);

/// Fixed digits after the point; "inf", "-inf", "nan".
std::string fixed(double value, int digits);
/// Shortest notation with so many significant digits.
std::string general(double value, int digits);
/// As many digits as give the same number back.
std::string exact(double value);

/// null where the number is infinite or undefined: JSON has no such numbers.
nlohmann::ordered_json json_number(double value);

/// "3 rows", "1 row".
std::string counted(std::int64_t count, const std::string& noun);

}  // namespace culogme::command
