#include <algorithm>
#include <unordered_set>
#include <utility>

#include <culogme/error.hpp>

#include "sealed_file.hpp"
#include "statistics_state.hpp"

// The format is described in docs/file-format.md; change both together and raise the version.

namespace culogme::detail {
namespace {

constexpr std::int32_t largest_exponent = 1100;  // of a double, subnormal ones included

enum Flags : std::uint8_t { has_energy = 1, has_rounding = 2, has_half_rows = 4 };

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

/// Sizes are compared with the bytes that are there before anything is allocated for them.
void check_sizes(const Reader& reader, std::int64_t features, std::int64_t targets) {
  if (features < 1 || targets < 1) reader.damaged("it has no columns or no targets");
  const double d = static_cast<double>(features), k = static_cast<double>(targets);
  if (8 * (d * (d + 1) / 2 + d * k) > static_cast<double>(reader.left())) reader.damaged("it is shorter than its sums");
}

void check_moments(const Reader& reader, const Moments& m) {
  if (m.rows < 0 || m.rows_f32 < 0) reader.damaged("a number of rows is negative");
  const auto out_of_range = [](std::int32_t exponent) {
    return exponent < -largest_exponent || exponent > largest_exponent;
  };
  if (out_of_range(m.exponent) || std::any_of(m.target_exponent.begin(), m.target_exponent.end(), out_of_range))
    reader.damaged("an exponent is out of range");
  constexpr std::int64_t most_rows = std::int64_t{1} << 53;  // beyond this, counts are no exact doubles
  if (m.rows > most_rows || m.rows_f32 > most_rows) reader.damaged("a number of rows is out of range");
  for (std::int64_t j = 0; j < m.features; ++j)
    if (m.gram[size_of(j * m.features + j)] < -column_rounding(m, j)) reader.damaged("a sum of squares is negative");
  if (std::any_of(m.rounding.begin(), m.rounding.end(), [](double value) { return value < 0; }))
    reader.damaged("a sum of squares is negative");
  for (std::size_t k = 0; k < m.target_square.size(); ++k)
    if (m.target_square[k] < -target_rounding(m, k)) reader.damaged("a sum of squares is negative");
  std::int64_t counted = 0;
  for (const std::int64_t count : m.counts) {
    if (count < 0 || count > m.rows - counted) reader.damaged("the rows of its classes do not add up");
    counted += count;
  }
  if (m.task == Task::classification && counted != m.rows) reader.damaged("the rows of its classes do not add up");
  if (std::unordered_set<std::string>(m.names.begin(), m.names.end()).size() != m.names.size())
    reader.damaged("two targets have one name");
}

}  // namespace

std::string encode_statistics(const Moments& m, Precision precision) {
  Writer w = begin_file(statistics_kind);
  w.integer(static_cast<std::uint8_t>(m.task));
  w.integer(static_cast<std::uint8_t>(precision));
  w.integer(static_cast<std::uint8_t>((m.energy_f32.empty() ? 0 : has_energy) |
                                      (m.rounding.empty() ? 0 : has_rounding) | (m.half_rows ? has_half_rows : 0)));
  w.integer(m.features);
  w.integer(m.targets());
  w.integer(m.rows);
  w.integer(m.rows_f32);
  w.integer(m.exponent);
  w.number(m.history);
  for (const std::string& name : m.names) w.text(name);
  for (const std::int64_t count : m.counts) w.integer(count);
  for (const std::int32_t exponent : m.target_exponent) w.integer(exponent);
  w.numbers(m.target_pilot);
  w.numbers(m.target_sum);
  w.numbers(m.target_square);
  w.numbers(m.target_history);
  w.numbers(m.pilot);
  w.numbers(m.sum);
  for (std::int64_t j = 0; j < m.features; ++j)
    for (std::int64_t i = j; i < m.features; ++i) w.number(m.gram[size_of(j * m.features + i)]);
  w.numbers(m.cross);
  w.numbers(m.energy_f32);
  w.numbers(m.rounding);
  return seal(std::move(w));
}

Moments decode_statistics(const std::string& bytes, const std::string& name, Precision& precision) {
  Reader r = open_sealed(statistics_kind, bytes, name);
  const auto task = r.integer<std::uint8_t>(), precision_code = r.integer<std::uint8_t>(),
             flags = r.integer<std::uint8_t>();
  if (task > static_cast<std::uint8_t>(Task::multilabel)) r.damaged("its task is unknown");
  if (precision_code > static_cast<std::uint8_t>(Precision::half) ||
      precision_code == static_cast<std::uint8_t>(Precision::svd))
    r.damaged("its precision is unknown");
  // Each flag is of rows that the one before it has too.
  if (flags != 0 && flags != has_energy && flags != (has_energy | has_rounding) &&
      flags != (has_energy | has_rounding | has_half_rows))
    r.damaged("its flags are unknown");
  precision = static_cast<Precision>(precision_code);
  Moments m;
  m.task = static_cast<Task>(task);
  m.features = r.integer<std::int64_t>();
  const auto targets = r.integer<std::int64_t>();
  m.rows = r.integer<std::int64_t>();
  m.rows_f32 = r.integer<std::int64_t>();
  m.exponent = r.integer<std::int32_t>();
  m.history = r.number();
  check_sizes(r, m.features, targets);
  const std::size_t d = size_of(m.features), k = size_of(targets);
  for (std::size_t i = 0; i < k; ++i) m.names.push_back(r.text());
  if (m.task == Task::classification) {
    for (std::size_t i = 0; i < k; ++i) m.counts.push_back(r.integer<std::int64_t>());
  } else {
    for (std::size_t i = 0; i < k; ++i) m.target_exponent.push_back(r.integer<std::int32_t>());
    m.target_pilot = r.numbers(k);
    m.target_sum = r.numbers(k);
    m.target_square = r.numbers(k);
    m.target_history = r.numbers(k);
  }
  m.pilot = r.numbers(d);
  m.sum = r.numbers(d);
  check_sizes(r, m.features, targets);
  m.gram.assign(d * d, 0);
  for (std::size_t j = 0; j < d; ++j)
    for (std::size_t i = j; i < d; ++i) m.gram[j * d + i] = r.number();
  m.cross = r.numbers<AlignedVector<double>>(k * d);
  if (flags != 0) m.energy_f32 = r.numbers(d);
  if ((flags & has_rounding) != 0) m.rounding = r.numbers(d);
  m.half_rows = (flags & has_half_rows) != 0;
  if (r.left() != 0) r.damaged(std::to_string(r.left()) + " bytes more than its sums need");
  check_moments(r, m);
  return m;
}

}  // namespace culogme::detail
