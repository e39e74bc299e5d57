#include <utility>

#include "sealed_file.hpp"
#include "source_sums.hpp"

namespace culogme {
namespace detail {
namespace {

constexpr std::int64_t most_rows = std::int64_t{1} << 53;  // beyond this, counts are no exact doubles

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

/// Numbers of rows that add up to `rows`.
std::vector<std::int64_t> read_counts(Reader& r, std::size_t count, std::int64_t rows, const char* what) {
  std::vector<std::int64_t> counts(count);
  std::int64_t sum = 0;
  for (std::int64_t& value : counts) {
    value = r.integer<std::int64_t>();
    if (value < 0 || value > rows - sum) r.damaged(std::string(what) + " do not add up");
    sum += value;
  }
  if (sum != rows) r.damaged(std::string(what) + " do not add up");
  return counts;
}

}  // namespace

std::string encode_source(const JointTable& table) {
  Writer w = begin_file(source_kind);
  w.integer(static_cast<std::uint8_t>(table.input));
  w.integer(static_cast<std::uint8_t>(table.has_counts() ? 1 : 0));
  w.integer(table.classes);
  w.integer(table.source_classes);
  w.integer(table.rows);
  for (const std::int64_t count : table.class_rows) w.integer(count);
  w.numbers(table.joint);
  for (const std::int64_t count : table.counts) w.integer(count);
  return seal(std::move(w));
}

JointTable decode_source(const std::string& bytes, const std::string& name) {
  Reader r = open_sealed(source_kind, bytes, name);
  JointTable table;
  const auto input = r.integer<std::uint8_t>(), counted = r.integer<std::uint8_t>();
  if (input > static_cast<std::uint8_t>(SourceInput::labels)) r.damaged("its input is unknown");
  table.input = static_cast<SourceInput>(input);
  if (counted > 1 || (counted == 0 && table.input == SourceInput::labels)) r.damaged("its flags are unknown");
  table.arg_max = counted == 1;
  table.classes = r.integer<std::int64_t>();
  table.source_classes = r.integer<std::int64_t>();
  table.rows = r.integer<std::int64_t>();
  if (table.classes < 1 || table.source_classes < 1) r.damaged("it has no classes");
  if (table.rows < 0 || table.rows > most_rows) r.damaged("a number of rows is out of range");
  // Sizes are compared with the bytes that are there before anything is allocated for them.
  if (table_bytes(shape_of(table)) != static_cast<double>(r.left())) r.damaged("its length does not fit its sums");
  const std::size_t cells = size_of(table.classes) * size_of(table.source_classes);
  table.class_rows = read_counts(r, size_of(table.classes), table.rows, "the rows of its classes");
  if (table.has_joint()) {
    table.joint = r.numbers<AlignedVector<double>>(cells);
    for (const double sum : table.joint)
      if (sum < 0) r.damaged("a sum of probabilities is negative");
  }
  if (table.has_counts()) table.counts = read_counts(r, cells, table.rows, "its joint counts");
  return table;
}

}  // namespace detail
}  // namespace culogme
