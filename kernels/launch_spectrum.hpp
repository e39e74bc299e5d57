#pragma once

#include <cstdint>

#include "kernels/launch.hpp"

namespace culogme::kernels {

// From sums to the matrix that is decomposed. The general rules of launch.hpp hold.

/// sum [D] = total over the classes of cross [C][D], in their order.
struct ClassTotal {
  const double* cross;
  double* sum;
  std::int64_t cols, classes;
};
void launch_class_total(const ClassTotal& arguments, CUstream_st* stream);

/// Moments of the features about their mean (`intercept`) or about zero, from those about the pilot (docs/method.md).
///   gram [D][D] lower, cross [K][D]: changed in place     sum, pilot [D]
///   counts [K] classes, or null; then target_pilot, target_sum, target_square [K], and target_history [K] or null
///   square [K]: y'y, written      square_scale [K]: y'y or the larger numbers it came from, written
///   traces [4]: the trace of the Gram matrix before (not less than `history`) and after, total and largest of energy
///   (or 0, 0 where energy is null), written; [5] with the total of rounding [D] where that is not null
struct Shift {
  double* gram;
  double* cross;
  const double* sum;
  const double* pilot;
  const unsigned long long* counts;
  const double* target_pilot;
  const double* target_sum;
  const double* target_square;
  const double* target_history;
  const double* energy;
  double* square;
  double* square_scale;
  double* traces;
  std::int64_t cols, targets;
  double rows, history;
  bool intercept;
  const double* rounding = nullptr;
};
void launch_shift(const Shift& arguments, CUstream_st* stream);

/// Before a decomposition: probe [n] of signs, and the square of the matrix's Frobenius norm (lower triangle given).
struct Probe {
  const double* matrix;
  double* probe;
  double* frobenius_square;
  double* scratch;  ///< [n]
  std::int64_t size;
};
void launch_probe_vector(const Probe& arguments, CUstream_st* stream);

/// After it: the probe was projected to V'p, and both sides of (G + f) p = V (L + f) V'p are prepared, where f is the
/// Frobenius norm: with the shift a wrong eigenvector shows however small its eigenvalue is.
///   image [n]: G p, then + f p     scaled [n] = (eigenvalue + f) projected
struct ProbeSides {
  const double* eigenvalues;
  const double* projected;
  const double* probe;
  const double* frobenius_square;
  double* image;
  double* scaled;
  std::int64_t size;
};
void launch_probe_sides(const ProbeSides& arguments, CUstream_st* stream);

// The dual route: matrices over rows.

/// Targets as dense columns [K][N] from labels or responses, shifted by their pilots and centred with an intercept.
///   dense: written     square [K]: y'y, written (0 where a constant target leaves rounding noise only)
struct DenseTargets {
  RawRows rows;
  const std::int32_t* target_exponent;  ///< responses only
  const double* target_pilot;
  double* dense;
  double* square;
  unsigned long long* counts;  ///< [C], added to; classes only
  SumsState* state;
  bool intercept;
};
void launch_dense_targets(const DenseTargets& arguments, CUstream_st* stream);

/// Packs columns [begin, begin + width) of all rows, value * 2^-exponent - pilot, and adds x'. pilot of those columns
/// to `along`; the exponent is the state's.
///   packed [N][width] float or double     along [N]
struct PackColumns {
  RawRows rows;
  std::int64_t begin, width;
  bool f32;
  void* packed;
  const double* pilot;
  const float* pilot_f32;
  double* along;
  SumsState* state;
};
void launch_pack_columns(const PackColumns& arguments, CUstream_st* stream);

/// The largest magnitude of all rows raises the state's exponent, and the pilot follows: all rows are at hand, so no
/// later one can be larger.     scratch: one word
struct RaiseAll {
  RawRows rows;
  double* pilot;
  float* pilot_f32;
  unsigned long long* scratch;
  SumsState* state;
};
void launch_raise_all(const RaiseAll& arguments, CUstream_st* stream);

/// Reads the first bad value of rows that are at hand, if there is one.
void launch_read_bad(const RawRows& rows, SumsState* state, CUstream_st* stream);

/// FF' about the features' mean (`intercept`) or about zero, from that about the pilot.
///   gram [N][N] lower: changed in place     along [N]     mean [N + 1] scratch
///   traces [4]: trace before, the same, the trace again and the largest diagonal element (0, 0: f64), written
struct ShiftDual {
  double* gram;
  const double* along;
  const double* pilot;
  double* mean;
  double* traces;
  std::int64_t size, cols;
  bool intercept, f32;
};
void launch_shift_dual(const ShiftDual& arguments, CUstream_st* stream);

}  // namespace culogme::kernels
