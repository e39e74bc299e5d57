#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/file.hpp"

namespace culogme::detail {

/// Lines and CSV records of a UTF-8 text file, read in pieces. A byte order mark is skipped; line ends are LF or CRLF.
class TextReader {
 public:
  explicit TextReader(std::shared_ptr<InputFile> file);

  /// The next line without its end; false at the end of the file. Throws FileError: a NUL byte, a line above 1 MiB.
  bool next_line(std::string& line);

  /// The next record of comma-separated cells by RFC 4180: cells in quotes may hold commas, line ends and doubled
  /// quotes. Blank lines are skipped. False at the end of the file. Throws FileError naming the line.
  bool next_record(std::vector<std::string>& cells);

  /// Number of the line that the last record or line began at; lines count from 1, as editors do.
  std::int64_t line() const { return start_line_; }
  std::string name() const;

 private:
  static constexpr int end_of_file = -1;
  int peek();
  int take();
  void append(std::string& text, int c) const;
  std::string quoted_cell();
  std::string plain_cell();
  bool accept_line_end();

  std::shared_ptr<InputFile> file_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t offset_ = 0;
  std::int64_t line_ = 1;
  std::int64_t start_line_ = 1;
};

/// Index of `column` in a header row; throws FileError that lists the columns where it is not there, and
/// where it is there twice.
std::size_t find_column(const std::string& file, const std::vector<std::string>& header, const std::string& column);

/// Throws FileError where a header is one cell that holds semicolons or tabs: its file's columns are taken for one.
void check_separator(const std::string& file, const std::vector<std::string>& header);

/// A whole CSV file in memory: header and records of the same length, cells trimmed. `lines` are the records' lines.
struct CsvFile {
  std::string name;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> records;
  std::vector<std::int64_t> lines;
};

/// Throws FileError: no header, a column twice, a record whose length differs from the header's (naming the line).
CsvFile read_csv(const std::string& path);

}  // namespace culogme::detail
