#include <algorithm>
#include <cmath>
#include <limits>

#include "cpu/simd.hpp"
#include "cpu/source.hpp"

namespace culogme::detail {
namespace {

constexpr int lanes = 32;

/// Sum of the lanes as a warp's shuffles add them.
CULOGME_ALWAYS_INLINE double total(double* sums) {
  for (int half = lanes / 2; half > 0; half /= 2)
    for (int lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  return sums[0];
}

struct ScanArguments {
  const double* row;
  std::int64_t count;
  double sum, smallest, largest;
};

template <bool with_largest>
CULOGME_ALWAYS_INLINE void scan_body(ScanArguments& a) {
  double sums[lanes] = {}, low[lanes], high[lanes];
  for (int lane = 0; lane < lanes; ++lane) low[lane] = high[lane] = a.row[0];
  std::int64_t z = 0;
  for (; z + lanes <= a.count; z += lanes) {
    const double* __restrict__ row = a.row + z;
    for (int lane = 0; lane < lanes; ++lane) {
      sums[lane] += row[lane];
      low[lane] = row[lane] < low[lane] ? row[lane] : low[lane];
      if constexpr (with_largest) high[lane] = row[lane] > high[lane] ? row[lane] : high[lane];
    }
  }
  for (int lane = 0; z < a.count; ++z, ++lane) {
    sums[lane] += a.row[z];
    low[lane] = std::min(low[lane], a.row[z]);
    high[lane] = std::max(high[lane], a.row[z]);
  }
  a.sum = total(sums);
  a.smallest = *std::min_element(low, low + lanes);
  a.largest = *std::max_element(high, high + lanes);
}

struct DotArguments {
  const double *a, *b;
  std::int64_t count;
  double sum;
};

CULOGME_ALWAYS_INLINE void dot_body(DotArguments& d) {
  double sums[lanes] = {};
  std::int64_t z = 0;
  for (; z + lanes <= d.count; z += lanes) {
    const double* __restrict__ a = d.a + z, * __restrict__ b = d.b + z;
    for (int lane = 0; lane < lanes; ++lane) sums[lane] += a[lane] * b[lane];
  }
  for (int lane = 0; z < d.count; ++z, ++lane) sums[lane] += d.a[z] * d.b[z];
  d.sum = total(sums);
}

void scan_baseline(ScanArguments& a) { scan_body<false>(a); }
void scan_top_baseline(ScanArguments& a) { scan_body<true>(a); }
void dot_baseline(DotArguments& d) { dot_body(d); }
CULOGME_TARGET_AVX2 void scan_avx2(ScanArguments& a) { scan_body<false>(a); }
CULOGME_TARGET_AVX2 void scan_top_avx2(ScanArguments& a) { scan_body<true>(a); }
CULOGME_TARGET_AVX2 void dot_avx2(DotArguments& d) { dot_body(d); }
CULOGME_TARGET_AVX512 void scan_avx512(ScanArguments& a) { scan_body<false>(a); }
CULOGME_TARGET_AVX512 void scan_top_avx512(ScanArguments& a) { scan_body<true>(a); }
CULOGME_TARGET_AVX512 void dot_avx512(DotArguments& d) { dot_body(d); }

void scan(ScanArguments& a, bool with_largest) {
  switch (instruction_set()) {
    case InstructionSet::avx512:
      return with_largest ? scan_top_avx512(a) : scan_avx512(a);
    case InstructionSet::avx2:
      return with_largest ? scan_top_avx2(a) : scan_avx2(a);
    case InstructionSet::baseline:
      return with_largest ? scan_top_baseline(a) : scan_baseline(a);
  }
}

}  // namespace

SourceRow scan_probabilities(const double* row, std::int64_t count, bool arg_max) {
  ScanArguments a{row, count, 0, 0, 0};
  scan(a, arg_max);
  SourceRow result{a.sum, a.largest, a.smallest, 0};
  if (arg_max) result.top = std::find(row, row + count - 1, a.largest) - row;
  return result;
}

SourceRow softmax_row(double* row, std::int64_t count, bool arg_max) {
  ScanArguments a{row, count, 0, 0, 0};
  scan(a, true);
  SourceRow result{a.sum, a.largest, 0, 0};
  // Finite logits may add up to infinity; only then are they looked at one by one.
  if (!std::isfinite(a.sum) && !std::all_of(row, row + count, [](double value) { return std::isfinite(value); })) {
    result.sum = std::numeric_limits<double>::quiet_NaN();
    return result;
  }
  if (arg_max) result.top = std::find(row, row + count - 1, a.largest) - row;
  double sums[lanes] = {};
  for (std::int64_t z = 0; z < count; ++z) {
    row[z] = std::exp(row[z] - a.largest);
    sums[z % lanes] += row[z];
  }
  result.sum = total(sums);
  for (std::int64_t z = 0; z < count; ++z) row[z] /= result.sum;
  return result;
}

double dot_row(const double* a, const double* b, std::int64_t count) {
  DotArguments d{a, b, count, 0};
  switch (instruction_set()) {
    case InstructionSet::avx512:
      dot_avx512(d);
      break;
    case InstructionSet::avx2:
      dot_avx2(d);
      break;
    case InstructionSet::baseline:
      dot_baseline(d);
      break;
  }
  return d.sum;
}

}  // namespace culogme::detail
