#pragma once

#include <cstdint>
#include <vector>

#include "support/data.hpp"

/// LEEP and NCE as they are defined, in long double, with every table written out. Shares no code with the library.
namespace oracle {

/// theta of each row: the values as they are, or the softmax of logits.
using Theta = std::vector<std::vector<long double>>;
Theta theta_of(const support::Data& source, bool logits);

/// A measure, and its mean over the rows of each target class (0 where it has none).
struct Measure {
  long double value = 0;
  std::vector<long double> classes;
};

Measure leep(const Theta& theta, const support::Labels& labels, std::int64_t classes);
Measure nce(const support::Labels& source, const support::Labels& labels, std::int64_t source_classes,
            std::int64_t classes);

/// First place of the largest value of each row.
support::Labels arg_max(const support::Data& source);

}  // namespace oracle
