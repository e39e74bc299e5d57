#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace culogme::detail {

/// A name or value from a file made fit for one line of a message: control characters replaced, long texts cut.
std::string shown(std::string_view text);

/// `shown` of a file's name; an empty one as a pair of quotes.
std::string shown_name(std::string_view path);

/// `shown` in single quotes (not called quoted: std::quoted would be found for strings).
std::string in_quotes(std::string_view text);

/// "a, b, c", at most `limit` of them, then "and N more".
std::string listed(const std::vector<std::string>& names, std::size_t limit = 20);

/// "(48, 8)", "(48,)", "()" as Python writes shapes.
std::string shape_text(const std::vector<std::uint64_t>& shape);

/// A number in the shortest form that reads back as the same double; "NaN", "inf" and "-inf" by name.
std::string number_text(double value);

std::string lower(std::string_view text);
std::string_view trimmed(std::string_view text);
bool ends_with_lower(std::string_view text, std::string_view suffix);
bool valid_utf8(std::string_view text);

/// Order of names in which runs of digits count as numbers: shard_2 before shard_10.
bool natural_less(std::string_view left, std::string_view right);

/// A whole number by sign and size, so that all of int64 and uint64 fit; zero is never negative.
struct Integer {
  bool negative = false;
  std::uint64_t magnitude = 0;
  bool operator==(const Integer&) const = default;
};
std::string integer_text(const Integer& value);

/// The whole text as a decimal integer with an optional sign; empty if it is none or has more than 64 bits.
std::optional<Integer> parse_integer(std::string_view text);

/// The whole text as a number ("nan" and "inf" too); empty if it is none.
std::optional<double> parse_number(std::string_view text);

}  // namespace culogme::detail
