#include "cpu/grid_sums.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "cpu/blas.hpp"
#include "cpu/simd.hpp"

// This file is compiled with contraction: the sums on the grid only bracket the maximum, and the bits of the matrix
// product that gives them elsewhere depend on the processor as well.

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr int target_block = 8, row_block = 3;  // 24 sums and their operands fill the 32 registers
constexpr std::int64_t chunk_steps = 32;  // of lanes: what a block of targets has in them stays in the first cache
constexpr std::int64_t weights_step = row_block * lane_count, x2_step = target_block * lane_count;
constexpr std::int64_t block_sums = row_block * target_block * lane_count;

std::int64_t blocks_of(std::int64_t count, std::int64_t block) { return (count + block - 1) / block; }

/// Lanes of a vector from `first` on, each to its place, `stride` numbers apart; zeros beyond the end of the vector.
CULOGME_TARGET_AVX512 void copy_lanes(const double* from, std::int64_t first, std::int64_t steps, std::int64_t end,
                                      std::int64_t stride, double* to) {
  Lanes lanes;
  for (std::int64_t step = 0; step < steps; ++step, first += lane_count, to += stride) {
    load(lanes, from + first, end - first);
    std::memcpy(to, &lanes, sizeof lanes);
  }
}

CULOGME_TARGET_AVX512 void add_block(const double* weights, const double* x2, std::int64_t steps, double* sums) {
  Lanes kept[row_block][target_block];
#pragma GCC unroll 24
  for (int pair = 0; pair < row_block * target_block; ++pair)
    load(kept[pair / target_block][pair % target_block], sums + pair * lane_count, lane_count);
  for (std::int64_t step = 0; step < steps; ++step) {
    Lanes w[row_block], x;
#pragma GCC unroll 3
    for (int g = 0; g < row_block; ++g) load(w[g], weights + g * lane_count, lane_count);
#pragma GCC unroll 8
    for (int k = 0; k < target_block; ++k) {
      load(x, x2 + k * lane_count, lane_count);
#if defined(__x86_64__)
      asm("" : "+v"(x));  // else the compiler loads it anew for every sum
#endif
#pragma GCC unroll 3
      for (int g = 0; g < row_block; ++g) kept[g][k] += w[g] * x;
    }
    weights += weights_step;
    x2 += x2_step;
  }
#pragma GCC unroll 24
  for (int pair = 0; pair < row_block * target_block; ++pair)
    std::memcpy(sums + pair * lane_count, &kept[pair / target_block][pair % target_block], sizeof(Lanes));
}

}  // namespace

GridSums::GridSums(AlignedVector<double> weights, std::int64_t rows, std::int64_t rank)
    : weights_(std::move(weights)), rows_(rows), rank_(rank), packed_(instruction_set() == InstructionSet::avx512) {
  if (!packed_) return;
  const std::int64_t steps = blocks_of(rank, lane_count), blocks = blocks_of(rows, row_block);
  AlignedVector<double> packed(size_of(steps * blocks * weights_step));
  double* to = packed.data();
  for (std::int64_t begin = 0; begin < steps; begin += chunk_steps) {
    const std::int64_t count = std::min(chunk_steps, steps - begin);
    for (std::int64_t block = 0; block < blocks; ++block, to += count * weights_step)
      for (std::int64_t g = 0; g < std::min<std::int64_t>(row_block, rows - row_block * block); ++g)
        copy_lanes(weights_.data() + (row_block * block + g) * rank, begin * lane_count, count, rank, weights_step,
                   to + g * lane_count);
  }
  weights_ = std::move(packed);
}

/// Of up to target_block targets; nobody reads the sums at the places of missing ones. `work`: a chunk of x2, then the
/// sums in lanes.
void GridSums::add_up_block(const double* x2, std::int64_t targets, double* work, double* sums) const {
  const std::int64_t steps = blocks_of(rank_, lane_count), blocks = blocks_of(rows_, row_block);
  double* const lanes = work + chunk_steps * x2_step;
  std::fill(lanes, lanes + blocks * block_sums, 0.0);
  const double* weights = weights_.data();
  for (std::int64_t begin = 0; begin < steps; begin += chunk_steps) {
    const std::int64_t count = std::min(chunk_steps, steps - begin);
    for (std::int64_t k = 0; k < targets; ++k)
      copy_lanes(x2 + k * rank_, begin * lane_count, count, rank_, x2_step, work + k * lane_count);
    for (std::int64_t block = 0; block < blocks; ++block, weights += count * weights_step)
      add_block(weights, work, count, lanes + block * block_sums);
  }
  for (std::int64_t k = 0; k < targets; ++k)
    for (std::int64_t row = 0; row < rows_; ++row) {
      Lanes sum;
      load(sum, lanes + (row * target_block + k) * lane_count, lane_count);
      sums[k * rows_ + row] = total(sum);
    }
}

void GridSums::add_up(const double* x2, std::int64_t targets, double* sums) const {
  if (!packed_) {
    gemm(true, false, rows_, targets, rank_, weights_.data(), rank_, x2, rank_, 0, sums, rows_);
    return;
  }
  AlignedVector<double> work(size_of(chunk_steps * x2_step + blocks_of(rows_, row_block) * block_sums));
  for (std::int64_t k = 0; k < targets; k += target_block)
    add_up_block(x2 + k * rank_, std::min<std::int64_t>(target_block, targets - k), work.data(), sums + k * rows_);
}

}  // namespace culogme::detail
