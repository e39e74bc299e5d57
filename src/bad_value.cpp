#include "bad_value.hpp"

#include <cmath>
#include <cstdio>

namespace culogme::detail {
namespace {

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

}  // namespace

std::string bad_data_text(const BadData& bad, const std::string& place) {
  if (bad.kind == BadData::Kind::label)
    return std::to_string(bad.id) + " at " + place + " is no class id (0.." + std::to_string(bad.targets - 1) + ")";
  if (std::isfinite(bad.value))
    return number_text(bad.value) + " at " + place + ", column " + std::to_string(bad.column) +
           " is neither 0 nor 1, as multi-label values are";
  std::string text = std::isnan(bad.value) ? "NaN" : bad.value > 0 ? "inf" : "-inf";
  text += " at " + place + ", column " + std::to_string(bad.column);
  if (bad.kind == BadData::Kind::feature && bad.scalar == Scalar::f16 && !std::isnan(bad.value))
    text += " (f16 ends at 65504: extract these features as f32 or bf16)";
  return text;
}

std::string bad_data_text(const BadData& bad) { return bad_data_text(bad, "row " + std::to_string(bad.row)); }

}  // namespace culogme::detail
