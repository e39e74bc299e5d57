#include "io/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace culogme::detail {
namespace {

constexpr std::size_t shown_limit = 120;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_end(std::string_view text, std::size_t from) {
  while (from < text.size() && is_digit(text[from])) ++from;
  return from;
}

std::string_view without_zeros(std::string_view digits) {
  const std::size_t first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? std::string_view() : digits.substr(first);
}

// Bytes of the UTF-8 sequence at the front of `text`, 0 where it is malformed (overlong, surrogate, beyond U+10FFFF).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned second = byte(1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
  return length;
}

}  // namespace

std::string shown(std::string_view text) {
  std::string out;
  while (!text.empty() && out.size() < shown_limit) {
    const std::size_t length = utf8_length(text);
    const auto first = static_cast<unsigned char>(text.front());
    if (length == 0 || first < 0x20 || first == 0x7F) {
      out += '?';
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text.empty() ? out : out + "...";
}

std::string shown_name(std::string_view path) { return path.empty() ? "\"\"" : shown(path); }

std::string in_quotes(std::string_view text) { return std::string("'").append(shown(text)).append("'"); }

std::string listed(const std::vector<std::string>& names, std::size_t limit) {
  std::string out;
  const std::size_t count = std::min(names.size(), limit);
  for (std::size_t i = 0; i < count; ++i) out.append(i > 0 ? ", " : "").append(shown(names[i]));
  if (count < names.size()) out += " and " + std::to_string(names.size() - count) + " more";
  return out;
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string out = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) out.append(i > 0 ? ", " : "").append(std::to_string(shape[i]));
  return out + (shape.size() == 1 ? ",)" : ")");
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 32> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return std::string(buffer.data(), result.ptr);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\f\v";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool ends_with_lower(std::string_view text, std::string_view suffix) { return lower(text).ends_with(suffix); }

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool natural_less(std::string_view left, std::string_view right) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < left.size() && j < right.size()) {
    if (is_digit(left[i]) && is_digit(right[j])) {
      const std::size_t left_end = digits_end(left, i);
      const std::size_t right_end = digits_end(right, j);
      const std::string_view a = without_zeros(left.substr(i, left_end - i));
      const std::string_view b = without_zeros(right.substr(j, right_end - j));
      if (a.size() != b.size()) return a.size() < b.size();
      if (a != b) return a < b;
      i = left_end;
      j = right_end;
    } else {
      const auto a = static_cast<unsigned char>(left[i++]);
      const auto b = static_cast<unsigned char>(right[j++]);
      if (a != b) return a < b;
    }
  }
  if (i == left.size() && j == right.size()) return left < right;  // "a_01" and "a_1"
  return i == left.size();
}

std::string integer_text(const Integer& value) {
  return std::string(value.negative ? "-" : "").append(std::to_string(value.magnitude));
}

std::optional<Integer> parse_integer(std::string_view text) {
  Integer value;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    value.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return std::nullopt;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value.magnitude);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  if (value.magnitude == 0) value.negative = false;
  return value;
}

std::optional<double> parse_number(std::string_view text) {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) return std::nullopt;
  }
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ptr != text.data() + text.size() || text.empty()) return std::nullopt;
  if (result.ec == std::errc::result_out_of_range) {
    // from_chars leaves the value alone; strtod gives the limit (0 or infinity) that the text rounds to.
    return std::strtod(std::string(text).c_str(), nullptr);
  }
  if (result.ec != std::errc()) return std::nullopt;
  return value;
}

}  // namespace culogme::detail
