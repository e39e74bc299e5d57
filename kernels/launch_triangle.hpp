#pragma once

#include <cstdint>

#include "kernels/launch.hpp"
#include "kernels/launch_evidence.hpp"

namespace culogme::kernels {

// The route svd: tiles that a QR takes into a triangle, and what the singular values of the triangle say
// (docs/numerics.md, "Singular values"). The general rules of launch.hpp hold.
//
// A stack is a column-major matrix of `stride` rows: the triangle R in the first ones, the tile below it. `lead` is 1
// where a first column of ones takes the mean out, else 0. That of the targets has the same rows: Q'Y above, Y below.

/// The largest magnitude of rows raises the state's exponent, and what the stack holds so far and the pilot follow,
/// exactly: all packed values then stay below 2 + |pilot|, so that no square leaves the range of f64.
///   stack [lead + D][stride]: `held` rows of columns lead .. are rescaled     pilot [D]     scratch: one word
struct RaiseStack {
  RawRows rows;
  double* stack;
  std::int64_t stride, held, lead;
  double* pilot;
  unsigned long long* scratch;
  SumsState* state;
};
void launch_raise_stack(const RaiseStack& arguments, CUstream_st* stream);

/// Packs rows into a stack from row `at` on, value * 2^-exponent - pilot in f64, and ones in the lead column. What is
/// not finite is noted and packed as 0, so that the decompositions meet finite numbers only.
///   stack [lead + D][stride]: rows at .. at + rows written     pilot [D]
struct PackRows {
  RawRows rows;
  double* stack;
  std::int64_t stride, at, lead;
  const double* pilot;
  SumsState* state;
};
void launch_pack_rows(const PackRows& arguments, CUstream_st* stream);

/// The same for the targets: ones and zeros from labels, or y * 2^-exponent, less its pilot where `shifted`.
///   stack [targets][stride]: rows at .. at + rows written     counts [C]: added to, classes only
struct PackTargets {
  RawRows rows;
  double* stack;
  std::int64_t stride, at;
  const std::int32_t* target_exponent;  ///< responses only
  const double* target_pilot;
  bool shifted;
  unsigned long long* counts;
  SumsState* state;
};
void launch_pack_targets(const PackTargets& arguments, CUstream_st* stream);

/// Packs columns [begin, begin + width) of all N rows as rows at .. at + width of a stack with one column a row: a tile
/// of F'. Less the pilot and, where `centred`, less their mean over the rows.
///   stack [N][stride]     pilot [width], or null: nothing is taken off
struct PackTransposed {
  RawRows rows;
  std::int64_t begin, width;
  double* stack;
  std::int64_t stride, at;
  const double* pilot;
  bool centred;
  SumsState* state;
};
void launch_pack_transposed(const PackTransposed& arguments, CUstream_st* stream);

/// After the QR of a stack of `held` rows: clears the reflectors below the triangle's diagonal, and adds the squares of
/// what is left of the targets below it.
///   stack [cols][stride]     targets [count][stride]     outside [count]: added to
///   info [4]: what the QR and the product with Q' answered, then the first answers that were not 0, kept
struct EndTile {
  double* stack;
  std::int64_t stride, cols, held;
  const double* targets;
  std::int64_t count;
  double* outside;
  int* info;
};
void launch_end_tile(const EndTile& arguments, CUstream_st* stream);

/// The triangle without its first `lead` rows and columns as a matrix of its own, or its transpose, and the squared
/// norms of the triangle's columns.
///   stack [..][stride]     matrix [n][n] column-major: written     column_square [n]: written
struct TriangleMatrix {
  const double* stack;
  std::int64_t stride, lead, size;
  bool transposed;
  double* matrix;
  double* column_square;
};
void launch_triangle_matrix(const TriangleMatrix& arguments, CUstream_st* stream);

/// Q'Y without its first `lead` rows, and y'y: from the counts of classes, or |Q'y|^2 + outside, 0 where a constant
/// target leaves rounding noise only (relative size `error`).
///   targets [count][stride]     outside [count]     counts [count] or null     along [count][n], square [count]:
///   written
struct TriangleTargets {
  const double* targets;
  std::int64_t stride, lead, size, count;
  const double* outside;
  const unsigned long long* counts;
  double rows, error;
  double* along;
  double* square;
};
void launch_triangle_targets(const TriangleTargets& arguments, CUstream_st* stream);

/// Before the singular values: test vectors for both sides, |A|_F^2 and the largest column from their squares.
struct SingularProbe {
  const double* column_square;  ///< [n]
  std::int64_t size;
  double* right;  ///< [probes][n] written: detail::probe_element, probes = detail::probe_count(n)
  double* left;   ///< [n] written: signs
  double* norms;  ///< [2] written: |A|_F^2 and the largest square of a column
};
void launch_singular_probe(const SingularProbe& arguments, CUstream_st* stream);

/// After them: eigenvalues in increasing order, rank, noise, bounds and the check of the decomposition; the targets'
/// coordinates are turned into the same order.
///   values [n]: singular values, decreasing     eigenvalues [n]: their squares, increasing, written
///   projected [targets + probes + 1][n]: U'y, then U'(A T) and U'q of the test vectors; behind the targets, the norms
///     [n] of the rows of U'A V - S as T shows them are written
///   right [probes][n]: V'T
///   source: sizes and `dof`; its traces are not read     steps: tiles that the triangle took in
///   out: written; `residual` is |U'A V - S|_F as T shows it, `turned` is | |U'q| - sqrt(n) |
struct SingularScalars {
  const double* values;
  double* eigenvalues;
  double* projected;
  const double* right;
  const double* norms;
  std::int64_t size, targets, steps;
  detail::SpectrumSource source;
  DeviceSpectrum* out;
};
void launch_singular_scalars(const SingularScalars& arguments, CUstream_st* stream);

}  // namespace culogme::kernels
