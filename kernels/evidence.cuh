#pragma once

#include "kernels/launch_evidence.hpp"
#include "kernels/reduce.cuh"
#include "kernels/write_result.cuh"

namespace culogme::kernels {

/// Few threads, many blocks: most of the time a target waits for barriers and chains of divisions, which the other
/// blocks of a multiprocessor fill, and reductions cost less the fewer warps take part.
inline constexpr int evidence_threads = 128;

/// Up to so many eigenvalues a target has a block of one warp: with one value or less for each thread of a larger block
/// its time would go into barriers, and a multiprocessor holds four times as many targets.
inline constexpr std::int64_t most_of_warp = 128;

/// A NaN in the eigenvalues may break the bound on their range, never this array's.
inline constexpr int most_points = static_cast<int>(detail::most_grid_points);

/// Sums of a target on the grid, in shared memory.
struct GridSums {
  double gamma[most_points], error[most_points], slope[most_points];
};

/// A product whose exponent is split off, so that it neither over- nor underflows: one logarithm instead of many.
class LogProduct {
 public:
  __device__ void multiply(double factor) {
    const long long bits = __double_as_longlong(mantissa_ * factor);
    exponent_ += static_cast<int>(bits >> 52) - 1023;
    mantissa_ = __longlong_as_double((bits & ((1LL << 52) - 1)) | (1023LL << 52));
  }
  /// Over all threads of the block.
  template <int threads>
  __device__ double log() const {
    const Values<2> total = block_total<threads>(Values<2>{{static_cast<double>(exponent_), ::log(mantissa_)}});
    return total.at[0] * std::numbers::ln2 + total.at[1];
  }

 private:
  double mantissa_ = 1;
  int exponent_ = 0;  // of rank / threads factors of less than 2^1024
};

/// 1 / x of a number whose inverse is a normal one, to the last bit or two: as the division begins, but without its
/// branch for other numbers, across which nothing else is computed.
__device__ inline double inverse_of_normal(double x) {
  double inverse;  // to 20 bits
  asm("rcp.approx.ftz.f64 %0, %1;" : "=d"(inverse) : "d"(x));
  const double off = fma(-x, inverse, 1.0);
  return fma(inverse, fma(off, off, off), inverse);
}

/// The sums of one target by all threads of a block (the policy of EvidenceSolver). `streamed`: x2 does not fit in
/// shared memory and is made from the projected values each time.
template <int threads, bool streamed>
class BlockSums {
 public:
  /// sigma [rank]; x2 [rank], or projected values where streamed
  __device__ BlockSums(const double* sigma, const double* x2, const DeviceSpectrum& spectrum, const GridSums& on_grid)
      : sigma_(sigma),
        x2_(x2),
        spectrum_(spectrum),
        rank_(static_cast<int>(spectrum.scalars.rank)),
        on_grid_(on_grid) {}

  __device__ detail::EvidenceTerms terms(double t) const {
    Values<5> sum{};
    for (int i = threadIdx.x; i < rank_; i += threads) {
      const double sigma = sigma_[i], x2 = x2_at(i, sigma);
      const double inverse = 1 / (sigma + t), a = sigma * inverse, w = t * inverse, aw = a * w, xaw = x2 * aw;
      sum.at[0] += a;
      sum.at[1] += aw;
      sum.at[2] += x2 * w;
      sum.at[3] += xaw;
      sum.at[4] += xaw * (a - w);
    }
    const Values<5> total = block_total<threads>(sum);
    return {total.at[0], total.at[1], total.at[2], total.at[3], total.at[4]};
  }

  __device__ double log_det(double t) const {
    if (!(spectrum_.largest / t < DBL_MAX / 4)) {
      return over_all([&](double sigma, double) { return Values<2>{{log(t + sigma) - log(t), 0}}; }).first;
    }
    LogProduct product;
    const double inverse = 1 / t;
    for (int i = threadIdx.x; i < rank_; i += threads) product.multiply(1 + sigma_[i] * inverse);
    return product.log<threads>();
  }

  __device__ double gamma(std::int64_t g) const { return on_grid_.gamma[g]; }
  __device__ double error(std::int64_t g) const { return on_grid_.error[g]; }
  __device__ double slope(std::int64_t g) const { return on_grid_.slope[g]; }
  __device__ double grid_log_det(std::int64_t g) const { return log_det(exp(spectrum_.grid.ln_t(g))); }

  __device__ detail::SumPair at_zero() const {
    // In units of a power of two near the largest eigenvalue all of them are normal numbers.
    const int unit = ilogb(spectrum_.largest);
    LogProduct product;
    Values<1> sum{};
    for (int i = threadIdx.x; i < rank_; i += threads) {
      const double sigma = sigma_[i];
      sum.at[0] += x2_at(i, sigma) / sigma;
      product.multiply(scalbn(sigma, -unit));
    }
    const double log_det = product.log<threads>() + static_cast<double>(rank_) * (unit * std::numbers::ln2);
    return {block_total<threads>(sum).at[0], log_det};
  }
  __device__ detail::SumPair at_infinity() const {
    return over_all([](double sigma, double x2) { return Values<2>{{sigma, sigma * x2}}; });
  }
  __device__ detail::SumPair inverse() const {
    return over_all([](double sigma, double x2) { return Values<2>{{1 / sigma, x2 / (sigma * sigma)}}; });
  }

  /// Fills the grid: every warp takes some points and needs no barrier, two at a time so that an eigenvalue is read
  /// half as often and one inverse serves both: 1 / p and 1 / q are q / (p q) and p / (p q). Neither p q nor its
  /// inverse leaves the range of f64, since eigenvalues are those of features whose exponent was taken out.
  /// Synchronises the block at its end.
  __device__ void scan(double residual, const detail::SlopeRule& slope_of, GridSums& grid) const {
    constexpr int warps = threads / 32, at_once = 2;
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int points = static_cast<int>(spectrum_.grid.points);
#pragma unroll 1
    for (int first = at_once * warp; first < points; first += at_once * warps) {
      Values<3 * at_once> sum{};
      const double t[at_once] = {exp(spectrum_.grid.ln_t(first)), exp(spectrum_.grid.ln_t(first + 1))};
#pragma unroll 4
      for (int i = lane; i < rank_; i += 32) {
        const double sigma = sigma_[i], x2 = x2_at(i, sigma), weighted = x2 * sigma;
        const double p = sigma + t[0], q = sigma + t[1], both = inverse_of_normal(p * q);
        const double inverse[at_once] = {q * both, p * both};
#pragma unroll
        for (int k = 0; k < at_once; ++k) {
          sum.at[3 * k] += sigma * inverse[k];
          sum.at[3 * k + 1] += x2 * inverse[k];
          sum.at[3 * k + 2] += weighted * inverse[k] * inverse[k];
        }
      }
      const auto total = warp_total(sum);
      if (lane != 0) continue;
#pragma unroll
      for (int k = 0; k < at_once; ++k) {
        if (first + k >= points) break;
        const double explained = t[k] * total.at[3 * k + 1];
        grid.gamma[first + k] = total.at[3 * k];
        grid.error[first + k] = explained;
        grid.slope[first + k] = slope_of(total.at[3 * k], residual + explained, t[k] * total.at[3 * k + 2]);
      }
    }
    __syncthreads();
  }

 private:
  __device__ double x2_at(int i, double sigma) const {
    if constexpr (streamed)
      return detail::projection_square(detail::projects_targets(spectrum_.scalars), x2_[i], sigma);
    return x2_[i];
  }

  template <class Term>
  __device__ detail::SumPair over_all(const Term& term) const {
    Values<2> sum{};
    for (int i = threadIdx.x; i < rank_; i += threads) {
      const double sigma = sigma_[i];
      sum = AddValues{}(sum, term(sigma, x2_at(i, sigma)));
    }
    const Values<2> total = block_total<threads>(sum);
    return {total.at[0], total.at[1]};
  }

  const double* sigma_;
  const double* x2_;
  const DeviceSpectrum& spectrum_;
  const int rank_;
  const GridSums& on_grid_;
};

/// The scalars of a target in shared memory, where they take no registers beside the sums.
union SharedTarget {
  __device__ SharedTarget() {}  // a variable in shared memory cannot be initialised
  detail::TargetScalars value;
};

/// What the directions of a target add up to. kept [rank] eigenvalues; x2 [rank]: written where it is not streamed.
template <int threads, bool streamed>
__device__ detail::ProjectionSums project(const EvidenceArguments& a, const DeviceSpectrum& s, const double* projected,
                                          const double* kept, double* x2) {
  const bool of_targets = detail::projects_targets(s.scalars);
  const int cut = static_cast<int>(s.scalars.cut), doubtful = static_cast<int>(s.scalars.doubtful);
  const int size = static_cast<int>(a.size);
  Values<3> sum{};
  for (int i = threadIdx.x; i < size; i += threads) {
    const double along = projected[i];
    if (i < doubtful) sum.at[2] += detail::doubtful_square(s.scalars, i, along, s.largest);
    if (i < cut) continue;
    const double sigma = kept[i - cut];
    const double square = detail::projection_square(of_targets, along, sigma);
    if constexpr (!streamed) x2[i - cut] = square;
    sum.at[0] += square;
    sum.at[1] += square / sigma;
  }
  const Values<3> total = block_total<threads>(sum);  // its barriers also show x2 to all
  return {total.at[0], total.at[1], total.at[2]};
}

template <int threads, bool streamed>
__global__ void __launch_bounds__(threads, (streamed ? 3 : 4) * evidence_threads / threads)
    evidence_kernel(EvidenceArguments a) {
  extern __shared__ double values[];  // sigma [rank], x2 [rank]; nothing where streamed
  __shared__ GridSums grid;
  __shared__ SharedTarget shared;
  const DeviceSpectrum& s = *a.spectrum;
  const std::int64_t cut = s.scalars.cut, rank = s.scalars.rank;
  // By the threads that read them in project(), which so need no barrier.
  if constexpr (!streamed)
    for (std::int64_t i = threadIdx.x; i < a.size; i += threads)
      if (i >= cut) values[i - cut] = a.eigenvalues[i];
  for (std::int64_t target = blockIdx.x; target < a.targets; target += gridDim.x) {
    detail::EvidenceResult result;
    const double square = a.square[target];
    const std::int64_t rows = a.rows == nullptr ? s.scalars.rows_total : a.rows[target];
    if (!detail::is_empty_target(rows, square)) {
      const double* const projected = a.projected + target * a.size;
      const double* const sigma = streamed ? a.eigenvalues + cut : values;
      double* const x2 = streamed ? nullptr : values + rank;
      const detail::ProjectionSums total = project<threads, streamed>(a, s, projected, sigma, x2);
      const detail::TargetScalars y =
          a.outside != nullptr ? detail::singular_target(s.scalars, total, square, a.outside[target])
                               : detail::target_scalars(s.scalars, s.smallest, total, square,
                                                        a.square_scale == nullptr ? square : a.square_scale[target]);
      if (threadIdx.x == 0) shared.value = y;
      const BlockSums<threads, streamed> sums(sigma, streamed ? projected + cut : x2, s, grid);
      sums.scan(y.residual, detail::slope_rule(s.scalars, y.square_scale), grid);
      result = detail::maximise_target(s.scalars, s.grid, shared.value, sums);
    }
    if (threadIdx.x == 0) write_result(a.results + target, result);
    // No barrier: every reading of x2 is followed by one of a reduction, and the next target's first reduction comes
    // before its grid and its scalars.
  }
}

}  // namespace culogme::kernels
