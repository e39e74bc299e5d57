#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include <culogme/matrix.hpp>

namespace culogme::detail {

/// A value that cannot be scored, found while rows were added. Not an Error: whoever knows how the user calls the data
/// (an argument, a file, a shard) turns it into a NumericalError.
struct BadData {
  enum class Kind : std::uint8_t { feature, response, label };
  Kind kind = Kind::feature;
  std::int64_t row = 0;      ///< counted from the first row of the whole data
  std::int64_t column = 0;   ///< not used for labels
  double value = 0;          ///< NaN or infinity; the id for labels
  std::int64_t id = 0;       ///< for labels
  std::int64_t targets = 0;  ///< for labels: ids are 0 ... targets - 1
  Scalar scalar = Scalar::f32;
};

/// Whether a response cannot be scored; `binary` for multi-label values.
inline bool is_bad_response(double value, bool binary) {
  return !std::isfinite(value) || (binary && value != 0 && value != 1);
}

/// "NaN at row 17, column 3" with a hint where the cause is known; for labels "7 at row 11 is outside the classes
/// 0..2".
std::string bad_data_text(const BadData& bad, const std::string& place);

/// The same with "row R" as the place.
std::string bad_data_text(const BadData& bad);

}  // namespace culogme::detail
