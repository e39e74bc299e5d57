#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <utility>

#include "cpu/blas.hpp"
#include "cpu/dual_input.hpp"
#include "cpu/eigen.hpp"
#include "cpu/spectrum.hpp"
#include "cpu/tile.hpp"
#include "memory.hpp"
#include "rounding.hpp"
#include "row_sample.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr std::int64_t chunk_elements = std::int64_t{1} << 23;

/// FF' of the shifted rows, and F' pilot, which brings the mean back.
struct DualGram {
  AlignedVector<double> gram;  ///< [N][N] lower triangle
  std::vector<double> along;   ///< [N] x'. pilot
};

void add_product(const AlignedVector<double>& rows, std::int64_t n, std::int64_t d, AlignedVector<double>& gram) {
  syrk_transposed(n, d, rows.data(), d, 1, gram.data(), n);
}

void add_product(const AlignedVector<float>& rows, std::int64_t n, std::int64_t d, AlignedVector<double>& gram) {
  AlignedVector<float> product(size_of(n * n));
  syrk_transposed(n, d, rows.data(), d, 0, product.data(), n);
  for (std::int64_t j = 0; j < n; ++j) add_row(gram.data() + j * n + j, product.data() + j * n + j, n - j);
}

/// Multiplies a chunk of columns at a time, so that only that much is packed.
template <class T>
DualGram dual_gram(const MatrixView& features, const Frame& frame, int threads) {
  const std::int64_t n = features.rows;
  DualGram dual{AlignedVector<double>(size_of(n * n), 0), std::vector<double>(size_of(n), 0)};
  const std::int64_t width = std::clamp<std::int64_t>(chunk_elements / n, 1, features.cols);
  AlignedVector<T> packed(size_of(n * width));
  std::vector<double> unused(size_of(width));
  // As in decompose: small products gain nothing from threads.
  const double flops = static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(features.cols);
  const BlasThreads used(flops < 1e8 ? 1 : threads);
  for (std::int64_t begin = 0; begin < features.cols; begin += width) {
    const std::int64_t count = std::min(width, features.cols - begin);
    const PackPlan plan{frame.exponent, frame.pilot.data() + begin, frame.pilot_f32.data() + begin};
    pack_rows(columns_of(features, begin, count), 0, n, plan, packed.data(), unused.data());
    add_product(packed, n, count, dual.gram);
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < count; ++j)
        dual.along[size_of(i)] += static_cast<double>(packed[size_of(i * count + j)]) * plan.pilot[j];
  }
  return dual;
}

/// x = x' + pilot: adds the products with the mean.
void restore(DualGram& dual, const Frame& frame) {
  const std::size_t n = dual.along.size();
  const double square = std::inner_product(frame.pilot.begin(), frame.pilot.end(), frame.pilot.begin(), 0.0);
  for (std::size_t j = 0; j < n; ++j)
    for (std::size_t i = j; i < n; ++i) dual.gram[j * n + i] += dual.along[i] + dual.along[j] + square;
}

/// Takes the mean of the rows out on both sides.
void centre(DualGram& dual) {
  const std::size_t n = dual.along.size();
  std::vector<double> mean(n, 0);
  for (std::size_t j = 0; j < n; ++j) {
    mean[j] += dual.gram[j * n + j];
    for (std::size_t i = j + 1; i < n; ++i) {
      mean[i] += dual.gram[j * n + i];
      mean[j] += dual.gram[j * n + i];
    }
  }
  for (double& value : mean) value /= static_cast<double>(n);
  const double grand = std::accumulate(mean.begin(), mean.end(), 0.0) / static_cast<double>(n);
  for (std::size_t j = 0; j < n; ++j)
    for (std::size_t i = j; i < n; ++i) dual.gram[j * n + i] += grand - mean[i] - mean[j];
}

}  // namespace

Spectrum dual_spectrum(const MatrixView& features, const TargetView& targets, const std::vector<std::string>& names,
                       Task task, bool f32_products, bool intercept, int threads, const SampledRows* sample) {
  const std::int64_t n = features.rows, target_count = static_cast<std::int64_t>(names.size());
  const double size = static_cast<double>(n);
  require_memory(8 * size * (3 * size + static_cast<double>(target_count)) + 8 * static_cast<double>(chunk_elements),
                 "the spectrum of " + std::to_string(n) + " rows");
  Spectrum s;
  s.route = Route::dual_gram;
  const Frame frame = dual_frame(features, targets, target_count, task);
  s.exponent = frame.exponent;
  s.target_exponent = frame.target_exponent;
  AlignedVector<double> dense = dense_targets(targets, frame, n, target_count, intercept, s);

  DualGram dual =
      f32_products ? dual_gram<float>(features, frame, threads) : dual_gram<double>(features, frame, threads);
  SpectrumSource source;
  source.rows_total = n;
  source.features = features.cols;
  source.dof = size - (intercept ? 1 : 0);
  source.dual = true;
  source.f32 = f32_products;
  source.rows_f32 = features.cols;
  source.energy_weight = scalar_bytes(features.scalar) == 2 ? short_digits_weight : 1;
  for (std::int64_t i = 0; i < n; ++i) {
    source.energy_trace += dual.gram[size_of(i * n + i)];
    source.energy_entry = std::max(source.energy_entry, dual.gram[size_of(i * n + i)]);
  }
  intercept ? centre(dual) : restore(dual, frame);
  AlignedVector<double> values, rows;
  if (sample != nullptr) {
    values = values_at(*sample, n, target_count, dense);
    rows = unit_rows(*sample, n, intercept);
  }
  Decomposition found = decompose(n, dual.gram, dense, target_count, threads, std::move(rows));
  set_projections(s, source, found.eigenvalues, found.projected);
  if (sample != nullptr) set_coordinates(s, n, found.projected, false, found.rows, false, std::move(values));
  return s;
}

}  // namespace culogme::detail
