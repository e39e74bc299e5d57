#include <culogme/error.hpp>
#include <culogme/io.hpp>

#include "io/table.hpp"
#include "io/text.hpp"
#include "io/text_reader.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_map>

namespace culogme {
namespace detail {
namespace {

constexpr std::array<std::string_view, 9> no_number{"", "nan", "-nan", "na", "n/a", "null", "none", "-", "?"};

bool is_missing(const std::string& cell) {
  const std::string text = lower(cell);
  return std::find(no_number.begin(), no_number.end(), text) != no_number.end();
}

}  // namespace

bool is_number_column(const CsvFile& csv, std::size_t column) {
  return std::any_of(csv.records.begin(), csv.records.end(), [&](const std::vector<std::string>& record) {
    return !is_missing(record[column]) && parse_number(record[column]).has_value();
  });
}

std::vector<double> number_column(const CsvFile& csv, std::size_t column) {
  std::vector<double> values;
  for (std::size_t i = 0; i < csv.records.size(); ++i) {
    const std::string& cell = csv.records[i][column];
    const std::optional<double> number = parse_number(cell);
    if (is_missing(cell)) {
      values.push_back(std::numeric_limits<double>::quiet_NaN());
    } else if (number.has_value()) {
      values.push_back(*number);
    } else {
      throw InvalidArgument(csv.name + ": line " + std::to_string(csv.lines[i]) + ": " + in_quotes(cell) +
                            " in column " + in_quotes(csv.header[column]) + " is no number");
    }
  }
  return values;
}

void check_row_names(const CsvFile& csv, std::size_t column) {
  std::unordered_map<std::string, std::int64_t> lines;
  for (std::size_t i = 0; i < csv.records.size(); ++i) {
    const std::string& name = csv.records[i][column];
    if (name.empty()) throw FileError(csv.name + ": line " + std::to_string(csv.lines[i]) + " names no model");
    const auto [place, is_new] = lines.emplace(name, csv.lines[i]);
    if (!is_new) {
      throw InvalidArgument(csv.name + ": the model " + in_quotes(name) + " is there twice (lines " +
                            std::to_string(place->second) + " and " + std::to_string(csv.lines[i]) + ")");
    }
  }
}

}  // namespace detail

Table read_table(const std::string& path) {
  const detail::CsvFile csv = detail::read_csv(path);
  const bool numbers_only = std::all_of(csv.header.begin() + 1, csv.header.end(),
                                        [](const std::string& cell) { return detail::parse_number(cell).has_value(); });
  if (csv.header.size() > 1 && numbers_only) {
    throw FileError(csv.name + " has no header: its first line holds numbers (" + detail::listed(csv.header, 4) + ")");
  }
  detail::check_row_names(csv, 0);
  Table table;
  table.name = csv.name;
  for (const std::vector<std::string>& record : csv.records) table.rows.push_back(record.front());
  for (std::size_t column = 1; column < csv.header.size(); ++column) {
    if (!detail::is_number_column(csv, column)) continue;
    table.columns.push_back(csv.header[column]);
    table.values.push_back(detail::number_column(csv, column));
    std::vector<bool>& empty = table.empty.emplace_back();
    for (const std::vector<std::string>& record : csv.records) empty.push_back(record[column].empty());
  }
  return table;
}

}  // namespace culogme
