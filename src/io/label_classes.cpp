#include "io/label_classes.hpp"

#include <culogme/error.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_set>

namespace culogme::detail {
namespace {

constexpr std::int32_t ignored_id = -1;
constexpr std::size_t listed_ranges = 10;

std::string text_of(const Integer& value) { return integer_text(value); }
std::string text_of(const std::string& value) { return in_quotes(value); }

// Stands for a number to leave out: the negative zero that no text and no number gives.
constexpr Integer ignored_mark{true, 0};

// The id that an option names; "-1.0" names the same as "-1".
std::optional<Integer> id_of(const std::string& text) {
  if (const std::optional<Integer> integer = parse_integer(trimmed(text)); integer.has_value()) return integer;
  const std::optional<double> number = parse_number(trimmed(text));
  if (!number.has_value() || std::trunc(*number) != *number || !(std::fabs(*number) < 0x1p63)) return std::nullopt;
  return Integer{*number < 0, static_cast<std::uint64_t>(std::fabs(*number))};
}

// A label to leave out, and what it is as an id and as a number.
struct IgnoredLabel {
  std::string text;
  std::optional<Integer> id;
  std::optional<double> number;

  bool names(const Integer& value) const { return id == value; }
  bool names(const std::string& value) const { return text == value; }
  bool names(double value) const {
    return number.has_value() && (*number == value || (std::isnan(*number) && std::isnan(value)));
  }
};
using IgnoredLabels = std::vector<IgnoredLabel>;

IgnoredLabels ignored_labels(const LabelOptions& options) {
  IgnoredLabels labels;
  for (const std::string& text : options.ignore_label)
    labels.push_back({text, id_of(text), parse_number(trimmed(text))});
  return labels;
}

template <class Value>
bool is_ignored(const Value& value, const IgnoredLabels& ignored) {
  return std::any_of(ignored.begin(), ignored.end(), [&](const IgnoredLabel& label) { return label.names(value); });
}

// A label to leave out that is nowhere may be a slip.
template <class Value>
void report_unused(const std::vector<Value>& values, const IgnoredLabels& ignored, Labels& labels) {
  for (const IgnoredLabel& label : ignored)
    if (std::none_of(values.begin(), values.end(), [&](const Value& value) { return label.names(value); }))
      labels.notes.push_back("no row has the label " + shown(label.text) + " that is to be ignored");
}

[[noreturn]] void fail(const Labels& labels, const std::string& value, std::int64_t row, const std::string& what) {
  throw NumericalError(labels.name + ": " + value + " at row " + std::to_string(row) + what);
}

void check(const Integer& value, std::int64_t row, const Labels& labels) {
  if (!value.negative) return;
  fail(labels, integer_text(value), row,
       " is no class id (0 or more); if it marks rows to leave out, use --ignore-label " + integer_text(value));
}

void check(const std::string& value, std::int64_t row, const Labels& labels) {
  if (value.empty()) throw NumericalError(labels.name + ": the label at row " + std::to_string(row) + " is empty");
}

// Finds the place of a value among the stated classes, -1 where it is none of them.
class StatedClasses {
 public:
  explicit StatedClasses(const std::vector<std::string>& names) : names_(names) {
    for (const std::string& name : names) {
      const auto place = static_cast<std::int32_t>(places_.size());
      if (!places_.emplace(name, place).second)
        throw InvalidArgument("the class " + in_quotes(name) + " is stated twice");
      const std::optional<Integer> number = parse_integer(name);
      counted_ = counted_ && number.has_value() && *number == Integer{false, static_cast<std::uint64_t>(place)};
      numeric_ = numeric_ && number.has_value();
      if (number.has_value()) numbers_.emplace(integer_text(*number), place);  // "007" is 7
    }
  }

  std::int32_t find(const std::string& value) const { return look_up(places_, value); }

  // Integer labels are matched by value with numbers, by position with names.
  std::int32_t find(const Integer& value) const {
    if (numeric_) return look_up(numbers_, integer_text(value));
    return value.magnitude < names_.size() ? static_cast<std::int32_t>(value.magnitude) : ignored_id;
  }

  std::string text() const {
    const std::string last = std::to_string(names_.size() - 1);
    if (counted_ || !numeric_) return "0.." + last;
    return listed(names_, 10);
  }
  std::string names() const { return listed(names_, 10); }

 private:
  using Places = std::unordered_map<std::string, std::int32_t>;
  static std::int32_t look_up(const Places& places, const std::string& value) {
    const auto found = places.find(value);
    return found == places.end() ? ignored_id : found->second;
  }

  const std::vector<std::string>& names_;
  Places places_;
  Places numbers_;
  bool counted_ = true;
  bool numeric_ = true;
};

std::string stated_complaint(const StatedClasses& stated, std::size_t count, const Integer&) {
  return ", but " + std::to_string(count) + " classes were stated (" + stated.text() + ")";
}

std::string stated_complaint(const StatedClasses& stated, std::size_t count, const std::string&) {
  return " is none of the " + std::to_string(count) + " stated classes (" + stated.names() + ")";
}

bool before(const Integer& a, const Integer& b) { return a.magnitude < b.magnitude; }
bool before(const std::string& a, const std::string& b) { return a < b; }

std::string name_of(const Integer& value) { return integer_text(value); }
std::string name_of(const std::string& value) { return value; }

// Ids below the largest class that no row has. Those of ignored rows are not missing: they were left out.
void report_missing(const std::vector<Integer>& classes, const IgnoredLabels& ignored, Labels& labels) {
  std::vector<std::uint64_t> ids;
  ids.reserve(classes.size());
  for (const Integer& value : classes) ids.push_back(value.magnitude);
  for (const IgnoredLabel& label : ignored) {
    if (!label.id.has_value() || label.id->negative || label.id->magnitude >= classes.back().magnitude) continue;
    const auto place = std::lower_bound(ids.begin(), ids.end(), label.id->magnitude);
    if (*place != label.id->magnitude) ids.insert(place, label.id->magnitude);
  }
  const std::string note = missing_ids(ids, labels.skipped_ids);
  if (!note.empty()) labels.notes.push_back(note);
}
void report_missing(const std::vector<std::string>&, const IgnoredLabels&, Labels&) {}

bool is_mark(const Integer& value) { return value == ignored_mark; }
bool is_mark(const std::string&) { return false; }

template <class Value>
void make_classes_of(const CodedColumn<Value>& column, const LabelOptions& options, const IgnoredLabels& ignored,
                     Labels& labels) {
  std::vector<std::int32_t> ids(column.values.size(), ignored_id);  // class of each code
  std::vector<std::size_t> kept;
  for (std::size_t code = 0; code < column.values.size(); ++code) {
    if (is_mark(column.values[code]) || is_ignored(column.values[code], ignored)) continue;
    check(column.values[code], column.first_rows[code], labels);
    kept.push_back(code);
  }
  if (kept.empty())
    throw NumericalError(labels.name + ": all " + std::to_string(labels.rows) + " rows have ignored labels");
  if (options.classes.empty()) {
    std::sort(kept.begin(), kept.end(),
              [&](std::size_t a, std::size_t b) { return before(column.values[a], column.values[b]); });
    std::vector<Value> classes;
    for (const std::size_t code : kept) {
      ids[code] = static_cast<std::int32_t>(classes.size());
      classes.push_back(column.values[code]);
      labels.target_names.push_back(name_of(column.values[code]));
    }
    report_missing(classes, ignored, labels);
  } else {
    const StatedClasses stated(options.classes);
    for (const std::size_t code : kept) {
      ids[code] = stated.find(column.values[code]);
      if (ids[code] != ignored_id) continue;
      fail(labels, text_of(column.values[code]), column.first_rows[code],
           stated_complaint(stated, options.classes.size(), column.values[code]));
    }
    labels.target_names = options.classes;
  }
  labels.ids.reserve(column.codes.size());
  for (const std::int32_t code : column.codes) labels.ids.push_back(ids[static_cast<std::size_t>(code)]);
  labels.ignored = std::count(labels.ids.begin(), labels.ids.end(), ignored_id);
}

// Whole numbers as integers, ignored ones as marks.
IntegerColumn whole_numbers(const std::vector<double>& values, const std::string& name, const IgnoredLabels& ignored) {
  ColumnCoder<Integer> coder(name);
  for (std::size_t row = 0; row < values.size(); ++row) {
    const double value = values[row];
    if (is_ignored(value, ignored)) {
      coder.add(ignored_mark);
      continue;
    }
    if (!std::isfinite(value) || std::trunc(value) != value || std::fabs(value) >= 0x1p64) {
      throw NumericalError(name + ": " + number_text(value) + " at row " + std::to_string(row) +
                           (!std::isfinite(value) ? " is no class id, a whole number was expected"
                            : std::trunc(value) != value
                                ? " is not a whole number, so no class id (for real targets choose --task regression)"
                                : " is no class id, a whole number from 0 to 2^64 - 1 was expected"));
    }
    coder.add({value < 0, static_cast<std::uint64_t>(std::fabs(value))});
  }
  return coder.take();
}

}  // namespace

void make_classes(const IntegerColumn& column, const LabelOptions& options, Labels& labels) {
  const IgnoredLabels ignored = ignored_labels(options);
  report_unused(column.values, ignored, labels);
  make_classes_of(column, options, ignored, labels);
}

void make_classes(const TextColumn& column, const LabelOptions& options, Labels& labels) {
  const IgnoredLabels ignored = ignored_labels(options);
  report_unused(column.values, ignored, labels);
  make_classes_of(column, options, ignored, labels);
}

void make_classes(const std::vector<double>& values, const LabelOptions& options, Labels& labels) {
  const IgnoredLabels ignored = ignored_labels(options);
  const IntegerColumn column = whole_numbers(values, labels.name, ignored);
  report_unused(values, ignored, labels);
  make_classes_of(column, options, ignored, labels);
}

std::string missing_ids(const std::vector<std::uint64_t>& sorted, std::int64_t& count) {
  std::vector<std::string> ranges;
  std::uint64_t missing = 0;
  std::uint64_t listed_missing = 0;
  std::uint64_t next = 0;
  for (const std::uint64_t id : sorted) {
    if (id > next) {
      const std::uint64_t last = id - 1;
      missing += id - next;
      if (ranges.size() < listed_ranges) {
        ranges.push_back(std::to_string(next));
        if (last > next) ranges.back().append("-").append(std::to_string(last));
        listed_missing = missing;
      }
    }
    next = id + 1;
  }
  constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  count = static_cast<std::int64_t>(std::min(missing, limit));
  if (missing == 0) return "";
  if (missing == 1) return "class " + ranges.front() + " has no rows and is skipped";
  const std::uint64_t others = missing - listed_missing;
  return std::string("classes ").append(listed(ranges)) +
         (others > 0 ? " and " + std::to_string(others) + " more" : "") + " have no rows and are skipped";
}

}  // namespace culogme::detail
