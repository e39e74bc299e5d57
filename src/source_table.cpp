#include <algorithm>
#include <cmath>
#include <cstdio>

#include <culogme/error.hpp>

#include "backend.hpp"
#include "cpu/parallel.hpp"
#include "source_sums.hpp"

namespace culogme {

double probability_tolerance(Scalar scalar, std::int64_t source_classes) noexcept {
  const double count = static_cast<double>(source_classes);
  // The divisor of a softmax in f32 is a sum of so many terms; f64 files often hold what f32 computed.
  double tolerance = 0x1p-24 * (8 + count);
  if (scalar == Scalar::f16) tolerance += 4 * 0x1p-11 + count * 0x1p-25;  // half the smallest f16 of each value
  if (scalar == Scalar::bf16) tolerance += 4 * 0x1p-8;
  return tolerance;
}

namespace detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return std::isnan(value) ? "NaN" : text;
}

const char* const logits_hint = "; if these are logits, give --softmax (SourceInput::logits)";

}  // namespace

JointTable empty_table(const SourceShape& shape) {
  JointTable table;
  table.input = shape.options.input;
  table.arg_max = shape.options.arg_max;
  table.classes = shape.classes;
  table.source_classes = shape.source_classes;
  const std::size_t size = size_of(shape.classes) * size_of(shape.source_classes);
  if (table.has_joint()) table.joint.assign(size, 0);
  if (table.has_counts()) table.counts.assign(size, 0);
  table.class_rows.assign(size_of(shape.classes), 0);
  return table;
}

std::string table_text(const SourceShape& shape) {
  return "joint sums of " + std::to_string(shape.classes) + " classes and " + std::to_string(shape.source_classes) +
         " source classes";
}

void combine(JointTable& into, const JointTable& from) {
  if (into.classes != from.classes || into.source_classes != from.source_classes)
    throw InvalidArgument("source statistics of " + std::to_string(from.classes) + " classes and " +
                          std::to_string(from.source_classes) + " source classes do not fit those of " +
                          std::to_string(into.classes) + " and " + std::to_string(into.source_classes));
  if (into.input != from.input)
    throw InvalidArgument(std::string("source statistics of ") + source_input_name(from.input) +
                          " do not fit those of " + source_input_name(into.input));
  if (into.has_counts() != from.has_counts())
    throw InvalidArgument("source statistics with and without counts of the arg-max do not fit");
  for (std::size_t i = 0; i < into.joint.size(); ++i) into.joint[i] += from.joint[i];
  for (std::size_t i = 0; i < into.counts.size(); ++i) into.counts[i] += from.counts[i];
  for (std::size_t i = 0; i < into.class_rows.size(); ++i) into.class_rows[i] += from.class_rows[i];
  into.rows += from.rows;
}

void condition(AlignedVector<double>& joint, std::int64_t classes, std::int64_t source_classes, int threads) {
  constexpr std::int64_t columns = 256;  // at a time: a stripe of rows of the table, read in order
  parallel_for(threads, source_classes, columns, [&](std::int64_t begin, std::int64_t end) {
    double total[columns] = {};
    for (std::int64_t y = 0; y < classes; ++y)
      for (std::int64_t z = begin; z < end; ++z) total[z - begin] += joint[size_of(y * source_classes + z)];
    for (std::int64_t y = 0; y < classes; ++y)
      for (std::int64_t z = begin; z < end; ++z)
        if (total[z - begin] > 0) joint[size_of(y * source_classes + z)] /= total[z - begin];
  });
}

std::string bad_source_text(const BadSource& bad, const std::string& place) {
  switch (bad.kind) {
    case BadSource::Kind::value:
      if (!std::isfinite(bad.value))
        return number_text(bad.value) + " at " + place + ", column " + std::to_string(bad.column);
      return number_text(bad.value) + " at " + place + ", column " + std::to_string(bad.column) +
             " is no probability (0 to 1)" + logits_hint;
    case BadSource::Kind::sum:
      // Logits do not come this near.
      if (std::fabs(bad.value - 1) < 0.02)
        return place + " adds up to " + number_text(bad.value) +
               ", further from 1 than rounding to its type explains; if the probabilities were rounded to fewer bits "
               "before, keep that type or divide each row by its sum";
      return place + " adds up to " + number_text(bad.value) + ", but probabilities add up to 1" + logits_hint;
    case BadSource::Kind::label:
      return std::to_string(bad.id) + " at " + place + " is no class id (0.." + std::to_string(bad.limit - 1) + ")";
    case BadSource::Kind::source_label:
      return std::to_string(bad.id) + " at " + place + " is no source class id (0.." + std::to_string(bad.limit - 1) +
             ")";
  }
  return {};
}

SourceScore nce_of(const JointTable& table, const Backend& backend) {
  if (table.rows == 0) throw InvalidArgument("there are no rows to score");
  if (!table.has_counts())
    throw InvalidArgument("these source statistics have no counts of the arg-max: make them with arg_max");
  const std::size_t width = size_of(table.source_classes);
  std::vector<std::int64_t> source_rows(width, 0);
  for (std::size_t i = 0; i < table.counts.size(); ++i) source_rows[i % width] += table.counts[i];
  SourceScore score;
  score.rows = table.rows;
  score.source_classes = table.source_classes;
  score.engine = backend.description();
  double total = 0;
  for (std::size_t y = 0; y < table.class_rows.size(); ++y) {
    double sum = 0;
    for (std::size_t z = 0; z < width; ++z) {
      const std::int64_t count = table.counts[y * width + z];
      if (count > 0 && count != source_rows[z])
        sum += static_cast<double>(count) * std::log(static_cast<double>(count) / static_cast<double>(source_rows[z]));
    }
    const std::int64_t rows = table.class_rows[y];
    score.classes.push_back({rows, rows > 0 ? sum / static_cast<double>(rows) : 0});
    total += sum;
  }
  score.value = total / static_cast<double>(table.rows);
  const auto used = std::count_if(source_rows.begin(), source_rows.end(), [](std::int64_t rows) { return rows > 0; });
  if (used == 1 && table.source_classes > 1)
    score.warnings.emplace_back("nce: all rows have the same source class, which tells nothing about their labels");
  return score;
}

}  // namespace detail
}  // namespace culogme
