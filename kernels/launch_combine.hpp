#pragma once

#include <cstdint>

#include "src/combined_element.hpp"

struct CUstream_st;  // cudaStream_t without a CUDA header

namespace culogme::kernels {

/// Adds moments to others or takes them out (src/combination.hpp). The general rules of launch.hpp hold, but the
/// matrices of the two may be the same: every element is read before it is written.
///   gram [D][D] lower: changed in place     from_gram [D][D] lower
///   cross [cross_targets][D], from_cross [K'][D]: read     combined [targets + 1][D]: written, may be cross
///   source [targets]: the row of from_cross that is added to each, or -1     sum [D]: the last row of combined
///   elements: pointers to device memory
struct Combine {
  detail::ElementCombination elements;
  double* gram;
  const double* from_gram;
  const double* cross;
  const double* from_cross;
  double* combined;
  const std::int64_t* source;
  const double* sum;
  std::int64_t cols, cross_targets, targets;
};
void launch_combine(const Combine& arguments, CUstream_st* stream);

}  // namespace culogme::kernels
