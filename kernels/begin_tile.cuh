#pragma once

#include <cub/block/block_exchange.cuh>
#include <cub/block/block_radix_sort.cuh>

#include "kernels/element.cuh"

namespace culogme::kernels {

inline constexpr int sort_threads = 512;
inline constexpr int sort_items = most_tile_rows / sort_threads;

/// What the last tile left: the exponent it raised is taken over here, when no kernel of that tile reads the old one.
__device__ inline void begin_tile(SumsState* state) {
  state->exponent = state->raised;
  state->largest = 0;
  state->digits = 0;
}

__global__ void begin_tile_kernel(SumsState* state) { begin_tile(state); }

__global__ void __launch_bounds__(sort_threads) check_labels_kernel(RawRows rows, SumsState* state) {
  const std::int64_t row = std::int64_t{blockIdx.x} * sort_threads + threadIdx.x;
  if (row >= rows.rows) return;
  const std::int64_t id = label_of(rows, row);
  if (id < 0 || id >= rows.targets) note_bad(state, rows, row, rows.cols);
}

/// One block sorts the rows of a tile by label, stable, so that sums over a class run in the order of the rows. Memory
/// is read and written with neighbouring threads at neighbouring rows; the sort has neighbouring rows in one thread.
__global__ void __launch_bounds__(sort_threads) sort_labels_kernel(BeginTile a, int bits) {
  using Exchange = cub::BlockExchange<std::uint32_t, sort_threads, sort_items>;
  using Sort = cub::BlockRadixSort<std::uint32_t, sort_threads, sort_items, std::int32_t>;
  __shared__ union {
    typename Exchange::TempStorage exchange;
    typename Sort::TempStorage sort;
  } storage;
  if (threadIdx.x == 0) begin_tile(a.state);
  std::uint32_t ids[sort_items];
  std::int32_t rows[sort_items];
#pragma unroll
  for (int item = 0; item < sort_items; ++item) {
    const int row = item * sort_threads + static_cast<int>(threadIdx.x);
    ids[item] = static_cast<std::uint32_t>(a.rows.targets);  // behind all classes: no row
    if (row >= a.rows.rows) continue;
    const std::int64_t id = label_of(a.rows, row);
    if (id < 0 || id >= a.rows.targets) {
      note_bad(a.state, a.rows, row, a.rows.cols);
      ids[item] = 0;  // the sums are of no use from here on, but every index stays inside
      continue;
    }
    ids[item] = static_cast<std::uint32_t>(id);
    atomicAdd(a.counts + id, 1ull);  // of integers: any order gives the same
  }
  Exchange(storage.exchange).StripedToBlocked(ids);
#pragma unroll
  for (int item = 0; item < sort_items; ++item) rows[item] = static_cast<int>(threadIdx.x) * sort_items + item;
  __syncthreads();
  Sort(storage.sort).SortBlockedToStriped(ids, rows, 0, bits);
#pragma unroll
  for (int item = 0; item < sort_items; ++item) {
    const int place = item * sort_threads + static_cast<int>(threadIdx.x);
    if (place >= a.rows.rows) continue;
    a.sorted_id[place] = static_cast<std::int32_t>(ids[item]);
    a.sorted_row[place] = rows[item];
  }
}

}  // namespace culogme::kernels
