#include "io/text_reader.hpp"

#include <culogme/error.hpp>

#include "io/format_sniff.hpp"
#include "io/text.hpp"

#include <algorithm>
#include <unordered_set>

namespace culogme::detail {
namespace {

constexpr std::size_t piece = std::size_t{1} << 20;
constexpr std::size_t line_limit = std::size_t{1} << 20;

void trim_cells(std::vector<std::string>& cells) {
  for (std::string& cell : cells) cell = std::string(trimmed(cell));
}

}  // namespace

TextReader::TextReader(std::shared_ptr<InputFile> file) : file_(std::move(file)) {
  if (file_->head().starts_with("\xEF\xBB\xBF")) offset_ = 3;
}

std::string TextReader::name() const { return shown(file_->name()); }

int TextReader::peek() {
  if (at_ == buffer_.size()) {
    const std::uint64_t left = file_->size() > offset_ ? file_->size() - offset_ : 1;
    buffer_.resize(file_->regular() ? static_cast<std::size_t>(std::min<std::uint64_t>(piece, left)) : piece);
    buffer_.resize(file_->read_at(buffer_.data(), buffer_.size(), offset_));
    offset_ += buffer_.size();
    at_ = 0;
    if (buffer_.empty()) return end_of_file;
  }
  return static_cast<unsigned char>(buffer_[at_]);
}

int TextReader::take() {
  const int c = peek();
  if (c == end_of_file) return c;
  ++at_;
  if (c == '\n') ++line_;
  return c;
}

void TextReader::append(std::string& text, int c) const {
  if (c == 0)
    throw FileError(name() + ": line " + std::to_string(line_) + " holds a NUL byte, so this is no text file");
  if (text.size() >= line_limit) {
    throw FileError(name() + ": line " + std::to_string(line_) + " is longer than " + std::to_string(line_limit) +
                    " bytes");
  }
  text += static_cast<char>(c);
}

// LF, CRLF or the end of the file.
bool TextReader::accept_line_end() {
  const int c = peek();
  if (c == end_of_file) return true;
  if (c == '\n') {
    take();
    return true;
  }
  return false;
}

bool TextReader::next_line(std::string& line) {
  start_line_ = line_;
  line.clear();
  if (peek() == end_of_file) return false;
  while (!accept_line_end()) append(line, take());
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

std::string TextReader::quoted_cell() {
  std::string cell;
  const std::int64_t opened = line_;
  take();
  for (;;) {
    const int c = take();
    if (c == end_of_file)
      throw FileError(name() + ": the quote opened in line " + std::to_string(opened) + " is never closed");
    if (c != '"') {
      append(cell, c);
    } else if (peek() == '"') {
      append(cell, take());
    } else {
      break;
    }
  }
  while (peek() == ' ' || peek() == '\t' || peek() == '\r') take();
  const int c = peek();
  if (c != ',' && c != '\n' && c != end_of_file) {
    throw FileError(name() + ": line " + std::to_string(line_) +
                    " goes on after a closing quote; a comma was expected");
  }
  return cell;
}

std::string TextReader::plain_cell() {
  std::string cell;
  for (int c = peek(); c != ',' && c != '\n' && c != end_of_file; c = peek()) append(cell, take());
  return cell;
}

bool TextReader::next_record(std::vector<std::string>& cells) {
  do {
    cells.clear();
    start_line_ = line_;
    if (peek() == end_of_file) return false;
    do {
      if (!cells.empty()) take();  // the comma
      while (peek() == ' ' || peek() == '\t') take();
      cells.push_back(peek() == '"' ? quoted_cell() : plain_cell());
    } while (peek() == ',');
    accept_line_end();
  } while (cells.size() == 1 && trimmed(cells.front()).empty());
  if (cells.back().ends_with('\r')) cells.back().pop_back();
  return true;
}

std::size_t find_column(const std::string& file, const std::vector<std::string>& header, const std::string& column) {
  const auto found = std::find(header.begin(), header.end(), column);
  if (found == header.end()) {
    throw FileError(file + ": there is no column " + in_quotes(column) + " (it holds: " + listed(header) + ")");
  }
  if (std::find(found + 1, header.end(), column) != header.end())
    throw FileError(file + " has the column " + in_quotes(column) + " twice");
  return static_cast<std::size_t>(found - header.begin());
}

void check_separator(const std::string& file, const std::vector<std::string>& header) {
  if (header.size() == 1 && header.front().find_first_of(";\t") != std::string::npos)
    throw FileError(file + ": the header " + in_quotes(header.front()) +
                    " has no comma; columns are separated by commas");
}

CsvFile read_csv(const std::string& path) {
  auto file = std::make_shared<InputFile>(path);
  const Sniffed sniffed = sniff(file->head(), path);
  CsvFile csv;
  csv.name = shown(file->name());
  if (sniffed.format == Format::empty)
    throw FileError(csv.name + ": the file is empty, a CSV with a header was expected");
  if (sniffed.format != Format::text) {
    throw FileError(csv.name + " is " + (sniffed.what.empty() ? "not text" : sniffed.what) + "; a CSV was expected");
  }
  TextReader reader(std::move(file));
  if (!reader.next_record(csv.header)) throw FileError(csv.name + " has no header");
  trim_cells(csv.header);
  std::unordered_set<std::string> columns;
  for (const std::string& column : csv.header) {
    if (!valid_utf8(column)) throw FileError(csv.name + ": the header is not UTF-8 text");
    if (!column.empty() && !columns.insert(column).second) {
      throw FileError(csv.name + " has the column " + in_quotes(column) + " twice");
    }
  }
  check_separator(csv.name, csv.header);
  std::vector<std::string> cells;
  while (reader.next_record(cells)) {
    const std::string line = csv.name + ": line " + std::to_string(reader.line());
    if (cells.size() != csv.header.size()) {
      throw FileError(line + " has " + std::to_string(cells.size()) + " cells, the header has " +
                      std::to_string(csv.header.size()));
    }
    trim_cells(cells);
    for (const std::string& cell : cells) {
      if (!valid_utf8(cell)) throw FileError(line + " is not UTF-8 text");
    }
    csv.records.push_back(cells);
    csv.lines.push_back(reader.line());
  }
  return csv;
}

}  // namespace culogme::detail
