#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "combined_element.hpp"
#include "moments.hpp"

namespace culogme::detail {

/// What into + sign * from will be: everything beside the matrices, and what is to be done to the elements of those.
struct Combination {
  MomentSides sides;
  std::vector<std::string> added;  ///< classes that only `from` has, behind those of `into`
  bool changes = false;            ///< `from` has rows; else nothing but names is added, and what follows is not set

  std::vector<double> diagonal;      ///< [D] of the Gram matrix
  std::vector<std::int64_t> source;  ///< [targets] the target of `from` that is added to each, or -1

  /// The arrays of ElementCombination; an array is empty where its pointer is null.
  double sign = 1, rows = 0;
  int power = 0, from_power = 0;
  std::vector<double> shift, sum, weight, target_shift, moved_sum;
  std::vector<std::int32_t> target_power, from_target_power;
};

/// Classes are matched by name, pilots and exponents brought together in fp64; sign: +1 or -1. The diagonals are those
/// of the Gram matrices. Throws InvalidArgument where the two do not fit, or where the difference has sums of squares
/// below 0 by more than rounding, which shows that rows were never added.
Combination plan_combination(const MomentSides& into, std::vector<double> into_diagonal, const MomentSides& from,
                             std::vector<double> from_diagonal, int sign);

/// into += sign * from. Throws InvalidArgument as plan_combination; nothing is changed then.
void combine(Moments& into, const Moments& from, int sign);

}  // namespace culogme::detail
