#include "cpu/split_product.hpp"

#if defined(__x86_64__) && defined(__linux__)

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>
#include <vector>

// GCC 12 takes the "undefined" registers of its own vector intrinsics for a mistake.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop

#include "cpu/simd.hpp"

#define CULOGME_TARGET_AMX __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))

namespace culogme::detail {
namespace {

// A matrix tile holds 16 rows of 64 bytes. Columns of A are taken 16 at a time (a panel), rows of A 32 at a time (a
// step), and each panel is kept twice, since the two operands of a tile product want different orders:
//   right  [step][plane][16 pairs of rows][16 columns][2]   pairs of rows interleaved
//   left   [step][plane][16 columns][16 pairs of rows][2]   the same 32-bit pairs, transposed
constexpr std::int64_t planes = 3, panel_columns = 16, step_rows = 32, tile_bytes = 1024,
                       step_bytes = planes * tile_bytes;
constexpr std::int64_t block_columns = 32;                              // of C per side, two panels by two
constexpr std::int64_t sums_bytes = block_columns * block_columns * 4;  // of a block of C
constexpr std::int64_t cached_bytes = 768 << 10;                        // of right panels, while left ones pass by

std::int64_t round_up(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit * unit; }

struct alignas(64) TileConfiguration {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

/// Which bits any value has set in its middle and last plane.
struct PlaneBits {
  __m512i middle, last;
};

/// Columns of A between zero and this, as bits of a float, would lose digits to underflow: a product of the first and
/// the third part of two such values is 2^-107 and more.
constexpr std::uint32_t least_magnitude = (127u - 45u) << 23;

CULOGME_ALWAYS_INLINE CULOGME_TARGET_AMX void store(unsigned char* to, std::int64_t row, __m512i value) {
  _mm512_store_si512(reinterpret_cast<__m512i*>(to + 64 * row), value);
}

/// The 16 x 16 matrix of 32-bit elements whose rows are `in`, transposed.
CULOGME_ALWAYS_INLINE CULOGME_TARGET_AMX void store_transposed(const __m512i* in, unsigned char* out) {
  __m512i pairs[16], fours[16];
  for (int i = 0; i < 8; ++i) {
    pairs[2 * i] = _mm512_unpacklo_epi32(in[2 * i], in[2 * i + 1]);
    pairs[2 * i + 1] = _mm512_unpackhi_epi32(in[2 * i], in[2 * i + 1]);
  }
  for (int i = 0; i < 4; ++i) {
    fours[4 * i] = _mm512_unpacklo_epi64(pairs[4 * i], pairs[4 * i + 2]);
    fours[4 * i + 1] = _mm512_unpackhi_epi64(pairs[4 * i], pairs[4 * i + 2]);
    fours[4 * i + 2] = _mm512_unpacklo_epi64(pairs[4 * i + 1], pairs[4 * i + 3]);
    fours[4 * i + 3] = _mm512_unpackhi_epi64(pairs[4 * i + 1], pairs[4 * i + 3]);
  }
  // Lane L of fours[4 i + q] now holds column 4 L + q of rows 4 i to 4 i + 3.
  for (int q = 0; q < 4; ++q) {
    const __m512i upper_even = _mm512_shuffle_i32x4(fours[q], fours[4 + q], 0x88),
                  upper_odd = _mm512_shuffle_i32x4(fours[q], fours[4 + q], 0xdd),
                  lower_even = _mm512_shuffle_i32x4(fours[8 + q], fours[12 + q], 0x88),
                  lower_odd = _mm512_shuffle_i32x4(fours[8 + q], fours[12 + q], 0xdd);
    store(out, q, _mm512_shuffle_i32x4(upper_even, lower_even, 0x88));
    store(out, 4 + q, _mm512_shuffle_i32x4(upper_odd, lower_odd, 0x88));
    store(out, 8 + q, _mm512_shuffle_i32x4(upper_even, lower_even, 0xdd));
    store(out, 12 + q, _mm512_shuffle_i32x4(upper_odd, lower_odd, 0xdd));
  }
}

/// Splits up to 32 rows of up to 16 columns; what is missing counts as zero.
CULOGME_TARGET_AMX void split_step(const float* a, std::int64_t lda, std::int64_t rows, std::int64_t columns,
                                   unsigned char* left, unsigned char* right, PlaneBits& bits, std::uint32_t* largest) {
  alignas(64) static constexpr std::int16_t interleaved[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                               21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                               11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i index = _mm512_load_si512(reinterpret_cast<const __m512i*>(interleaved));
  const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xffff0000u));
  const auto mask = static_cast<__mmask16>((1u << columns) - 1u);
  const __m512i absolute = _mm512_set1_epi32(0x7fffffff);
  __m512i largest_bits = _mm512_loadu_si512(largest);
  __m512i plane[planes][16];
  for (std::int64_t pair = 0; pair < 16; ++pair) {
    const std::int64_t row = 2 * pair;
    __m512 even = row < rows ? _mm512_maskz_loadu_ps(mask, a + row * lda) : _mm512_setzero_ps();
    __m512 odd = row + 1 < rows ? _mm512_maskz_loadu_ps(mask, a + (row + 1) * lda) : _mm512_setzero_ps();
    largest_bits = _mm512_max_epu32(largest_bits, _mm512_and_si512(_mm512_castps_si512(even), absolute));
    largest_bits = _mm512_max_epu32(largest_bits, _mm512_and_si512(_mm512_castps_si512(odd), absolute));
    for (int p = 0; p < planes; ++p) {
      const __m512i rounded = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(odd, even));
      const __m512i both = _mm512_permutexvar_epi16(index, rounded);
      plane[p][pair] = both;
      store(right + p * tile_bytes, pair, both);
      // Exact: what is left of a value has 8 bits fewer.
      even = _mm512_sub_ps(even, _mm512_castsi512_ps(_mm512_slli_epi32(both, 16)));
      odd = _mm512_sub_ps(odd, _mm512_castsi512_ps(_mm512_and_si512(both, upper)));
    }
    bits.middle = _mm512_or_si512(bits.middle, plane[1][pair]);
    bits.last = _mm512_or_si512(bits.last, plane[2][pair]);
  }
  _mm512_storeu_si512(largest, largest_bits);
  for (int p = 0; p < planes; ++p) store_transposed(plane[p], left + p * tile_bytes);
}

/// Splits all of A; returns how many planes hold anything but zeros, 0 where a column is too small for the tiles.
/// `largest` takes one word for each column of all panels.
CULOGME_TARGET_AMX int split(std::int64_t n, std::int64_t k, const float* a, std::int64_t lda, std::int64_t panel_bytes,
                             unsigned char* left, unsigned char* right, std::uint32_t* largest) {
  PlaneBits bits{_mm512_setzero_si512(), _mm512_setzero_si512()};
  const std::int64_t panels = round_up(n, block_columns) / panel_columns;
  std::fill_n(largest, panels * panel_columns, 0u);
  // Along the rows, as they lie in memory.
  for (std::int64_t row = 0, at = 0; row < k; row += step_rows, at += step_bytes)
    for (std::int64_t panel = 0; panel < panels; ++panel) {
      const std::int64_t column = panel * panel_columns, columns = std::clamp<std::int64_t>(n - column, 0, 16);
      split_step(a + row * lda + std::min(column, n - 1), lda, std::min(step_rows, k - row), columns,
                 left + panel * panel_bytes + at, right + panel * panel_bytes + at, bits, largest + column);
    }
  for (std::int64_t j = 0; j < n; ++j)
    if (largest[j] != 0 && largest[j] < least_magnitude) return 0;
  // Minus zero is a zero too.
  const __m512i magnitude = _mm512_set1_epi16(0x7fff);
  if (_mm512_test_epi16_mask(bits.last, magnitude) != 0) return 3;
  return _mm512_test_epi16_mask(bits.middle, magnitude) != 0 ? 2 : 1;
}

/// Asks for the next step's tiles of a plane, of both panels of one side.
CULOGME_ALWAYS_INLINE void prefetch_next(const unsigned char* panel0, const unsigned char* panel1, std::int64_t plane) {
  const std::int64_t next = step_bytes + plane * tile_bytes;
  for (int row = 0; row < 16; ++row) __builtin_prefetch(panel0 + next + 64 * row);
  for (int row = 0; row < 16; ++row) __builtin_prefetch(panel1 + next + 64 * row);
}

// Tiles 0 to 3 are the sums, 4 and 5 the left operand, 6 and 7 the right one. Tile numbers must be constants.
#define CULOGME_LOAD_LEFT(plane)                  \
  _tile_loadd(4, left0 + (plane)*tile_bytes, 64); \
  _tile_loadd(5, left1 + (plane)*tile_bytes, 64)
#define CULOGME_LOAD_RIGHT(plane)                  \
  _tile_loadd(6, right0 + (plane)*tile_bytes, 64); \
  _tile_loadd(7, right1 + (plane)*tile_bytes, 64)
#define CULOGME_MULTIPLY() \
  _tile_dpbf16ps(0, 4, 6); \
  _tile_dpbf16ps(1, 4, 7); \
  _tile_dpbf16ps(2, 5, 6); \
  _tile_dpbf16ps(3, 5, 7)

/// One block of C from the split panels of its rows and columns: sums[32][32]. Products whose planes hold zeros only
/// are left out: the sums are the same bits without them.
template <int used_planes>
CULOGME_TARGET_AMX void multiply(const unsigned char* left, const unsigned char* right, std::int64_t panel_bytes,
                                 float* sums) {
  const unsigned char *left0 = left, *left1 = left + panel_bytes, *right0 = right, *right1 = right + panel_bytes;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (std::int64_t at = 0; at < panel_bytes; at += step_bytes) {
    // Four pointers with constant offsets; the compiler would keep some hundred.
    __asm__("" : "+r"(left0), "+r"(left1), "+r"(right0), "+r"(right1));
    // Left and right plane of the products in turn: 0 2, 0 1, 1 1, 1 0, 2 0, 0 0.
    CULOGME_LOAD_LEFT(0);
    if constexpr (used_planes == 3) {
      CULOGME_LOAD_RIGHT(2);
      CULOGME_MULTIPLY();
      prefetch_next(right0, right1, 2);
    }
    if constexpr (used_planes >= 2) {
      CULOGME_LOAD_RIGHT(1);
      CULOGME_MULTIPLY();
      prefetch_next(right0, right1, 1);
      CULOGME_LOAD_LEFT(1);
      CULOGME_MULTIPLY();
      prefetch_next(left0, left1, 0);
    }
    CULOGME_LOAD_RIGHT(0);
    if constexpr (used_planes >= 2) {
      CULOGME_MULTIPLY();
      prefetch_next(left0, left1, 1);
    }
    if constexpr (used_planes == 3) {
      CULOGME_LOAD_LEFT(2);
      CULOGME_MULTIPLY();
      prefetch_next(left0, left1, 2);
    }
    if constexpr (used_planes >= 2) {
      CULOGME_LOAD_LEFT(0);
    }
    CULOGME_MULTIPLY();
    if constexpr (used_planes == 1) prefetch_next(left0, left1, 0);
    prefetch_next(right0, right1, 0);
    left0 += step_bytes;
    left1 += step_bytes;
    right0 += step_bytes;
    right1 += step_bytes;
  }
  constexpr std::int64_t row = block_columns * 4;
  _tile_stored(0, sums, row);
  _tile_stored(1, sums + panel_columns, row);
  _tile_stored(2, sums + panel_columns * block_columns, row);
  _tile_stored(3, sums + panel_columns * block_columns + panel_columns, row);
}

/// Puts or adds a block of sums to `columns` columns of C, `rows` rows of each.
CULOGME_ALWAYS_INLINE CULOGME_TARGET_AMX void put(const float* sums, bool add, std::int64_t columns, std::int64_t rows,
                                                  float* c, std::int64_t ldc) {
  const __mmask16 all = 0xffff, first = rows < 16 ? static_cast<__mmask16>((1u << rows) - 1u) : all,
                  second = rows < 16 ? __mmask16{0} : static_cast<__mmask16>((1u << (rows - 16)) - 1u);
  for (std::int64_t j = 0; j < columns; ++j) {
    __m512 upper = _mm512_load_ps(sums + j * block_columns), lower = _mm512_load_ps(sums + j * block_columns + 16);
    float* const to = c + j * ldc;
    if (add) {
      upper = _mm512_add_ps(upper, _mm512_maskz_loadu_ps(first, to));
      lower = _mm512_add_ps(lower, _mm512_maskz_loadu_ps(second, to + 16));
    }
    _mm512_mask_storeu_ps(to, first, upper);
    _mm512_mask_storeu_ps(to + 16, second, lower);
  }
}

CULOGME_TARGET_AMX bool syrk_on_tiles(std::int64_t n, std::int64_t k, const float* a, std::int64_t lda, bool add,
                                      float* c, std::int64_t ldc, unsigned char* scratch) {
  const std::int64_t panel_bytes = round_up(k, step_rows) / step_rows * step_bytes,
                     blocks = round_up(n, block_columns) / block_columns, block_bytes = 2 * panel_bytes;
  auto* const sums = reinterpret_cast<float*>(scratch);
  unsigned char* const left = scratch + sums_bytes;
  unsigned char* const right = left + blocks * block_bytes;
  auto* const largest = reinterpret_cast<std::uint32_t*>(right + blocks * block_bytes);
  const int used_planes = split(n, k, a, lda, panel_bytes, left, right, largest);
  if (used_planes == 0) return false;
  auto* const multiply_block = used_planes == 3 ? multiply<3> : used_planes == 2 ? multiply<2> : multiply<1>;

  TileConfiguration configuration;
  for (int tile = 0; tile < 8; ++tile) {
    configuration.row_bytes[tile] = 64;
    configuration.rows[tile] = 16;
  }
  // The intrinsic does not tell the compiler how much it reads.
  __asm__ volatile("" : : "m"(configuration) : "memory");
  _tile_loadconfig(&configuration);
  // Some right panels stay in the cache while all the left ones that they meet pass by.
  const std::int64_t cached = std::max<std::int64_t>(1, cached_bytes / block_bytes);
  for (std::int64_t first = 0; first < blocks; first += cached) {
    const std::int64_t end = std::min(blocks, first + cached);
    for (std::int64_t j = 0; j < end; ++j)
      for (std::int64_t i = std::max(first, j); i < end; ++i) {
        multiply_block(left + j * block_bytes, right + i * block_bytes, panel_bytes, sums);
        put(sums, add, std::min(block_columns, n - j * block_columns), std::min(block_columns, n - i * block_columns),
            c + j * block_columns * ldc + i * block_columns, ldc);
      }
  }
  _tile_release();
  return true;
}

bool processor_has_tiles() {
  if (instruction_set() != InstructionSet::avx512) return false;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  constexpr unsigned amx_bf16 = 1u << 22, amx_tile = 1u << 24, avx512_bf16 = 1u << 5;
  if ((d & amx_bf16) == 0 || (d & amx_tile) == 0) return false;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & avx512_bf16) != 0;
}

/// Linux hands out the tiles on request only: their state makes each signal's stack frame 8 KiB larger.
bool system_grants_tiles() {
  constexpr long request_permission = 0x1023, tile_data = 18;
  return ::syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

/// Sums of products of integers that stay below 2^24 are exact in f32. 131329 = 2^17 + 2^8 + 1 has all three parts; two
/// columns have its multiples, in different rows, so that either operand has all parts somewhere.
bool product_is_right() {
  constexpr std::int64_t n = 37, k = 70, first_large = 0, second_large = 20;
  std::vector<float> a(n * k), c(n * n, -1.0f);
  std::uint32_t state = 1;
  for (std::int64_t row = 0; row < k; ++row)
    for (std::int64_t column = 0; column < n; ++column) {
      state = state * 1664525u + 1013904223u;
      const auto value = static_cast<float>((state >> 16) % 5) - 2.0f;
      const bool large = (column == first_large && row % 8 == 0) || (column == second_large && row % 8 == 4);
      const bool zero = (column == first_large || column == second_large) && !large;
      a[static_cast<std::size_t>(row * n + column)] = zero ? 0.0f : large ? 131329.0f * value : value;
    }
  SplitScratch scratch(static_cast<std::size_t>(split_scratch_bytes(n, k)));
  for (const bool add : {false, true})
    if (!syrk_on_tiles(n, k, a.data(), n, add, c.data(), n, scratch.data())) return false;
  for (std::int64_t j = 0; j < n; ++j)
    for (std::int64_t i = j; i < n; ++i) {
      if (i == j && (i == first_large || i == second_large)) continue;
      double sum = 0;
      for (std::int64_t l = 0; l < k; ++l)
        sum += static_cast<double>(a[static_cast<std::size_t>(l * n + i)]) *
               static_cast<double>(a[static_cast<std::size_t>(l * n + j)]);
      if (static_cast<double>(c[static_cast<std::size_t>(j * n + i)]) != 2 * sum) return false;
    }
  return true;
}

bool is_switched_off() {
  const char* const variable = std::getenv("CULOGME_AMX");
  if (variable == nullptr) return false;
  std::string text = variable;
  for (char& letter : text) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return text == "off" || text == "no" || text == "false" || text == "0";
}

MatrixTiles ask_for_tiles() {
  if (is_switched_off()) return MatrixTiles::switched_off;
  if (!processor_has_tiles()) return MatrixTiles::no_processor;
  if (!system_grants_tiles()) return MatrixTiles::no_system;
  return product_is_right() ? MatrixTiles::there : MatrixTiles::wrong;
}

}  // namespace

MatrixTiles matrix_tiles() {
  static const MatrixTiles state = ask_for_tiles();
  return state;
}

bool processor_has_matrix_tiles() { return !is_switched_off() && processor_has_tiles(); }

std::int64_t split_scratch_bytes(std::int64_t n, std::int64_t k) {
  const std::int64_t columns = round_up(n, block_columns), panels = columns / panel_columns;
  return sums_bytes + 2 * panels * (round_up(k, step_rows) / step_rows) * step_bytes + 4 * columns;
}

bool split_syrk(std::int64_t n, std::int64_t k, const float* a, std::int64_t lda, bool add, float* c, std::int64_t ldc,
                SplitScratch& scratch) {
  const auto bytes = static_cast<std::size_t>(split_scratch_bytes(n, k));
  if (scratch.size() < bytes) scratch.resize(bytes);
  return syrk_on_tiles(n, k, a, lda, add, c, ldc, scratch.data());
}

}  // namespace culogme::detail

#else

namespace culogme::detail {

MatrixTiles matrix_tiles() { return MatrixTiles::no_processor; }
bool processor_has_matrix_tiles() { return false; }
std::int64_t split_scratch_bytes(std::int64_t, std::int64_t) { return 0; }
bool split_syrk(std::int64_t, std::int64_t, const float*, std::int64_t, bool, float*, std::int64_t, SplitScratch&) {
  return false;
}

}  // namespace culogme::detail

#endif
