#include "output.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <system_error>

#include <nlohmann/json.hpp>

#include "atomic_file.hpp"
#include "signals.hpp"

namespace culogme::command {
namespace {

/// Characters of UTF-8 text: bytes that do not continue another.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string format(const char* pattern, int digits, double value) {
  std::array<char, 400> buffer{};
  const int size = std::snprintf(buffer.data(), buffer.size(), pattern, digits, value);
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

}  // namespace

void write_all(int descriptor, std::string_view text, const std::string& name) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      check_interrupted();
      continue;
    }
    if (written < 0) throw FileError(name + " cannot be written: " + std::generic_category().message(errno));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

Output::Output(const OutputOptions& options) : quiet_(options.quiet) {
  if (!options.file.empty()) file_ = std::make_unique<detail::AtomicFile>(options.file);
}

Output::~Output() = default;

void Output::write(std::string_view text) {
  if (file_) {
    file_->write(text);
    file_->commit();
  } else {
    write_all(STDOUT_FILENO, text, "standard output");
  }
}

void Output::warn(const std::vector<std::string>& warnings) const {
  const std::string text = warning_lines(warnings, quiet_);
  if (!text.empty()) write_all(STDERR_FILENO, text, "standard error");
}

void TextTable::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string TextTable::text() const {
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width(row[i]), ' ');
      if (i > 0) line += "  ";
      line += columns_[i] == Align::left ? row[i] + padding : padding + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string warning_lines(const std::vector<std::string>& warnings, bool quiet) {
  std::string text;
  if (quiet) return text;
  for (const std::string& warning : warnings) text += "warning: " + printable(warning) + "\n";
  return text;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string printable(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20U || c == 0x7F) c = '?';
  }
  return clean;
}

std::string markup_text(std::string_view text) {
  std::string clean;
  for (const char c : text) clean += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  return clean;
}

std::string fixed(double value, int digits) {
  const std::string text = format("%.*f", digits, value);
  // No digit is left of a small negative value: a zero has no sign.
  return text.starts_with('-') && text.find_first_of("123456789in") == std::string::npos ? text.substr(1) : text;
}

std::string general(double value, int digits) { return format("%.*g", digits, value); }

std::string exact(double value) {
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  std::array<char, 64> buffer{};
  const std::to_chars_result end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return std::string(buffer.data(), end.ptr);
}

std::string json_text(const nlohmann::ordered_json& object) {
  return object.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

nlohmann::ordered_json json_number(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

std::string counted(std::int64_t count, const std::string& noun) {
  const bool sibilant = noun.ends_with("s");
  return std::to_string(count) + " " + noun + (count == 1 ? "" : sibilant ? "es" : "s");
}

}  // namespace culogme::command
