#pragma once

#include <cstdint>

#include <culogme/matrix.hpp>

#include "src/host_device.hpp"
#include "src/products.hpp"

struct CUstream_st;  // cudaStream_t without a CUDA header

namespace culogme::kernels {

// Argument structs, launchers and their contracts: the sums. Those of the spectrum are in launch_spectrum.hpp, of the
// evidence in launch_evidence.hpp.
//
// Every launcher is asynchronous on `stream`, allocates nothing, never synchronises, and throws CudaError when the
// launch fails. Pointers are device memory unless a contract says host; no two ranges may overlap unless it says so.
// Results are the same bits at every run: no floating-point atomics. N, D, C, K: rows, features, classes, responses.

/// Rows of a tile at most: one block sorts their labels.
inline constexpr std::int64_t most_tile_rows = 8192;
/// Rows that one block of launch_pack_tile takes, in the order of their labels.
inline constexpr std::int64_t pack_chunk_rows = 128;
/// Rows that choose the frame at most.
inline constexpr std::int64_t most_head_rows = 1024;

/// What the kernels keep about the sums. Only kernels write it after launch_reset_sums.
struct SumsState {
  std::int32_t exponent;       ///< of the sums: features are multiplied by 2^-exponent
  std::int32_t raised;         ///< exponent from the next tile on, not smaller
  unsigned long long largest;  ///< bits of the largest finite magnitude of the tile, as a double
  std::uint32_t digits;        ///< all bits that any packed f32 value of the tile has set
  std::uint32_t bad_found;     ///< 1 once the three below are set
  unsigned long long bad_key;  ///< (row, place in the row) of the first bad value; all ones: none
  double bad_value;            ///< NaN, infinity, or a response that is no 0 or 1
  std::int64_t bad_id;         ///< a label that is no class
};

/// A block of rows as it came.
struct RawRows {
  const void* features = nullptr;  ///< device, row-major, any alignment that the type has
  std::int64_t stride = 0;         ///< elements
  Scalar scalar = Scalar::f32;
  std::int64_t rows = 0, cols = 0;
  const void* labels = nullptr;  ///< device, or null for responses
  bool wide = false;             ///< labels are std::int64_t, else std::int32_t
  const void* responses = nullptr;
  std::int64_t response_stride = 0;
  Scalar response_scalar = Scalar::f64;
  std::int64_t targets = 0;    ///< C or K
  bool binary = false;         ///< responses must be 0 or 1
  std::int64_t first_row = 0;  ///< number of row 0, for messages
};

/// Places of values in a row, the order in which bad ones are told: features, then responses or one label.
CULOGME_HOST_DEVICE constexpr std::int64_t places_in_row(std::int64_t cols, bool classes, std::int64_t targets) {
  return cols + (classes ? 1 : targets);
}

/// Clears the state: no exponent, nothing bad.
void launch_reset_sums(SumsState* state, CUstream_st* stream);

/// Exponent and pilot from the first rows (at most most_head_rows), as the CPU backend chooses them (docs/method.md).
/// For responses also their exponents and pilots; binary ones have neither.
///   pilot [D], pilot_f32 [D], target_exponent [K], target_pilot [K]: written; scratch: one word, device.
///   column_exponent [D] or null: of half tiles (HalfTiles), written.
struct Frame {
  RawRows head;
  double* pilot;
  float* pilot_f32;
  std::int32_t* target_exponent;
  double* target_pilot;
  unsigned long long* scratch;
  SumsState* state;
  std::int32_t* column_exponent = nullptr;
};
void launch_frame(const Frame& arguments, CUstream_st* stream);

/// Starts a tile: takes over a raised exponent, clears what the last tile left in the state and, for classes, sorts the
/// rows by their labels, stable, counts them and checks the labels.
///   sorted_id, sorted_row [rows], counts [C] (added to); all null for responses.
struct BeginTile {
  RawRows rows;
  std::int32_t* sorted_id;
  std::int32_t* sorted_row;
  unsigned long long* counts;
  SumsState* state;
};
void launch_begin_tile(const BeginTile& arguments, CUstream_st* stream);

/// Notes the first label that is no class; its value is read when the rows are folded.
void launch_check_labels(const RawRows& rows, SumsState* state, CUstream_st* stream);

/// Exponents of the columns of half tiles: packed values are multiplied by 2^-column_exponent. A column's deviation
/// comes to [2^5, 2^6), so values up to a thousand deviations fit f16, and down to 2^-20 of one they keep their 11
/// bits. The smallest exponent is that of columns without any deviation so far.
inline constexpr std::int32_t smallest_column_exponent = -126, largest_column_exponent = 120;

/// Packs a tile, value * 2^-exponent - pilot rounded once to the type of the products (to 11 significant bits for
/// tf32 and half), and adds the class sums of the
/// packed rows to F'Y, reading the features once. Finds the largest magnitude, the first bad value and raises the
/// exponent where rows are very much larger than the first ones; then everything summed before and the packed rows
/// follow.
///   packed [rows][D] double, float (f32 and tf32) or Half: written     cross [C][D]: added to (classes only; then
///   sorted_* are set) partial [chunks][2][D] scratch, chunks = ceil(rows / pack_chunk_rows) gram [D][D], energy [D] or
///   null, sum [D] or null, pilot, pilot_f32: rescaled when the exponent rises rounding [D] or null: rescaled too; of
///   narrow rows (tf32, half) the squares of what rounding changed are added to it lost [chunks][D] scratch, narrow
///   rows only column_exponent [D], half only: that of a column whose values leave the range of f16 is chosen anew
struct PackTile {
  RawRows rows;
  const std::int32_t* sorted_id;
  const std::int32_t* sorted_row;
  detail::Products products;
  void* packed;
  double* cross;
  double* partial;
  double* gram;
  double* energy;
  double* sum;
  double* pilot;
  float* pilot_f32;
  SumsState* state;
  float* lost = nullptr;
  double* rounding = nullptr;
  std::int32_t* column_exponent = nullptr;
};
void launch_pack_tile(const PackTile& arguments, CUstream_st* stream);

/// Shifts and scales the responses of a tile, with a last column of ones, and adds their sums and squares.
///   shifted [rows][K + 1]: written     target_sum, target_square [K]: added to
struct PackResponses {
  RawRows rows;
  const std::int32_t* target_exponent;
  const double* target_pilot;
  double* shifted;
  double* target_sum;
  double* target_square;
  SumsState* state;
};
void launch_pack_responses(const PackResponses& arguments, CUstream_st* stream);

/// Adds the lower triangles of a tile's Gram matrices, which are added up in order in f64, and its diagonal times
/// `short_digits_weight` (few significant bits) or 1 to the energy, `narrow_weight` for `narrow` rows. `short_digits`:
/// known to the host; else the state's digits tell. Without an energy, for the matrix of the dual route, the state may
/// be null.
///   tile [products][D][D], gram [D][D] column-major lower     energy [D] or null
///   column_exponent [D] of a half tile, or null
struct AddGram {
  const float* tile;
  double* gram;
  double* energy;
  std::int64_t cols;
  bool short_digits;
  const SumsState* state;
  bool narrow = false;
  const std::int32_t* column_exponent = nullptr;
  std::int64_t products = 1;
};
void launch_add_gram(const AddGram& arguments, CUstream_st* stream);

/// Converts a matrix element by element, exactly.
///   out [rows][cols] float (from f16, bf16, f32) or double     column_exponent [cols] or null: multiplied by its power
struct Convert {
  const void* in;
  std::int64_t stride;
  Scalar scalar;
  std::int64_t rows, cols;
  void* out;
  bool f32;
  const std::int32_t* column_exponent = nullptr;
};
void launch_convert(const Convert& arguments, CUstream_st* stream);

/// out [count] = 32-bit or (`wide`) 64-bit labels.
void launch_widen_labels(const void* in, bool wide, std::int64_t* out, std::int64_t count, CUstream_st* stream);

}  // namespace culogme::kernels
