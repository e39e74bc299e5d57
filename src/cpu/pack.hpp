#pragma once

#include <cstdint>

#include <culogme/matrix.hpp>

namespace culogme::detail {

/// How rows become tile rows: value * 2^-exponent - pilot, rounded once to the tile's type.
struct PackPlan {
  std::int32_t exponent = 0;
  const double* pilot = nullptr;     ///< [D]
  const float* pilot_f32 = nullptr;  ///< [D] the same numbers
  /// [D] Unless null, values are rounded to 11 significant bits, of f32 tiles only, and the squares of what that
  /// changed are added here.
  double* rounding = nullptr;
};

/// What packing saw. `largest` is the largest magnitude of the unscaled values; infinity or NaN if one of them is not
/// finite (what was written is then of no use). `short_digits`: the packed values have at most 16 significant bits, as
/// f16, bf16 and small integers leave.
struct Packed {
  double largest = 0;
  bool short_digits = false;
};

/// Packs rows [first, first + count) of a host view into `out` (count x D, no gaps) and adds the packed columns to
/// sum[D] unless that is null.
Packed pack_rows(const MatrixView& view, std::int64_t first, std::int64_t count, const PackPlan& plan, float* out,
                 double* sum);
Packed pack_rows(const MatrixView& view, std::int64_t first, std::int64_t count, const PackPlan& plan, double* out,
                 double* sum);

/// Copies rows [first, first + count) to out (count x D, no gaps), exactly.
void widen_rows(const MatrixView& view, std::int64_t first, std::int64_t count, double* out);

/// Largest magnitude of rows [first, first + count); infinity or NaN if one is not finite.
double largest_magnitude(const MatrixView& view, std::int64_t first, std::int64_t count);

/// First value that is not finite in rows [first, first + count), row-major; row -1 if all are finite.
struct BadValue {
  std::int64_t row = -1, column = -1;
  double value = 0;
};
BadValue find_not_finite(const MatrixView& view, std::int64_t first, std::int64_t count);

/// One element of a host view, exactly.
double element(const MatrixView& view, std::int64_t row, std::int64_t column);

/// into[j] += row[j].
void add_row(double* into, const float* row, std::int64_t count);
void add_row(double* into, const double* row, std::int64_t count);

/// into[j] += factor * from[j].
void add_scaled(double* into, const float* from, double factor, std::int64_t count);
void add_scaled(double* into, const double* from, double factor, std::int64_t count);

/// Widens count elements.
void widen(const float* from, double* into, std::int64_t count);

}  // namespace culogme::detail
