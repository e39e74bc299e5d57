#pragma once

#include "kernels/element.cuh"
#include "kernels/launch_source.hpp"

namespace culogme::kernels {

inline constexpr int source_threads = 128;  // of columns, or four warps of rows
inline constexpr unsigned all_lanes = 0xffffffffu;

/// Sum over a warp, valid in its first lane: the tree of src/cpu/source_rows.cpp.
__device__ inline double lane_sum(double value) {
#pragma unroll
  for (int half = 16; half > 0; half /= 2) value += __shfl_down_sync(all_lanes, value, half);
  return value;
}

/// The largest value over a warp and its first place, in every lane.
__device__ inline void lane_top(double& value, std::int64_t& place) {
#pragma unroll
  for (int other = 16; other > 0; other /= 2) {
    const double theirs = __shfl_xor_sync(all_lanes, value, other);
    const long long their_place = __shfl_xor_sync(all_lanes, static_cast<long long>(place), other);
    if (theirs > value || (theirs == value && their_place < place)) {
      value = theirs;
      place = their_place;
    }
  }
}

/// Largest value of a row and its first place, in every lane; NaN is passed over.
template <class In>
__device__ void row_top(const In* row, std::int64_t count, double& largest, std::int64_t& place) {
  largest = -INFINITY;
  place = count - 1;
  for (std::int64_t z = threadIdx.x % 32; z < count; z += 32) {
    const double value = static_cast<double>(value_of(row[z]));
    if (value > largest) {
      largest = value;
      place = z;
    }
  }
  lane_top(largest, place);
}

/// Sum of exp(value - largest), valid in the first lane.
template <class In>
__device__ double row_total(const In* row, std::int64_t count, double largest) {
  double sum = 0;
  // Several exponentials in flight do not fit into the registers of every architecture.
#pragma unroll 1
  for (std::int64_t z = threadIdx.x % 32; z < count; z += 32)
    sum += exp(static_cast<double>(value_of(row[z])) - largest);
  return lane_sum(sum);
}

template <class In>
__global__ void __launch_bounds__(source_threads) source_rows_kernel(SourceRows a) {
  const RawRows& rows = a.tile.rows;
  const std::int64_t row = std::int64_t{blockIdx.x} * (source_threads / 32) + threadIdx.x / 32;
  if (row >= rows.rows) return;  // whole warps
  const int lane = threadIdx.x % 32;
  const std::int64_t count = a.tile.source_classes;
  const In* const in = static_cast<const In*>(rows.features) + row * rows.stride;
  const double limit = 1 + a.tile.tolerance;
  double sum = 0, largest = -INFINITY;
  std::int64_t place = count - 1, bad = -1;
  for (std::int64_t z = lane; z < count; z += 32) {
    const double value = static_cast<double>(value_of(in[z]));
    const bool good = a.tile.logits ? isfinite(value) : value >= 0 && value <= limit;
    if (!good && bad < 0) bad = z;
    sum += value;
    if (value > largest) {
      largest = value;
      place = z;
    }
  }
  if (bad >= 0) note_bad(a.state, rows, row, bad);
  if (a.tile.logits || a.counts != nullptr) lane_top(largest, place);
  if (a.tile.logits) {
    const double total = row_total(in, count, largest);
    if (lane == 0) {
      a.largest[row] = largest;
      a.total[row] = total;
    }
  } else {
    sum = lane_sum(sum);
    if (lane == 0 && !(fabs(sum - 1) <= a.tile.tolerance)) note_bad(a.state, rows, row, count);
  }
  if (lane != 0 || a.counts == nullptr) return;
  const std::int64_t id = label_of(rows, row);
  // Of integers: any order gives the same. Labels out of range were noted when they were sorted.
  if (id >= 0 && id < rows.targets) atomicAdd(a.counts + id * count + place, 1ull);
}

__global__ void __launch_bounds__(source_threads) class_offsets_kernel(const std::int32_t* sorted_id, std::int64_t rows,
                                                                       std::int64_t classes, std::int32_t* offsets) {
  const std::int64_t at = std::int64_t{blockIdx.x} * source_threads + threadIdx.x;
  if (at > rows) return;
  const std::int64_t before = at == 0 ? -1 : sorted_id[at - 1], here = at == rows ? classes : sorted_id[at];
  for (std::int64_t id = before + 1; id <= here; ++id) offsets[id] = static_cast<std::int32_t>(at);
}

/// Reads the first bad value while its row is at hand; by one thread.
__device__ inline void read_bad_source(const SourceTile& tile, SumsState* state) {
  if (state->bad_key == ~0ull || state->bad_found != 0) return;
  const RawRows& rows = tile.rows;
  const std::int64_t places = places_in_row(rows.cols, true, rows.targets);
  const auto key = static_cast<std::int64_t>(state->bad_key);
  const std::int64_t row = key / places - rows.first_row, place = key % places;
  if (place < tile.source_classes) {
    state->bad_value = element_at(rows.features, rows.scalar, row * rows.stride + place);
  } else if (place == tile.source_classes) {
    double sum = 0;
    for (std::int64_t z = 0; z < tile.source_classes; ++z)
      sum += element_at(rows.features, rows.scalar, row * rows.stride + z);
    state->bad_value = sum;
  } else {
    state->bad_id = label_of(rows, row);
  }
  state->bad_found = 1;
}

/// A thread for each column, blocks for the classes: each adds the rows of its class in their order.
template <class In, bool logits>
__global__ void __launch_bounds__(source_threads) source_joint_kernel(SourceJoint a) {
  const RawRows& rows = a.tile.rows;
  if (blockIdx.x == 0 && blockIdx.y == 0 && threadIdx.x == 0) read_bad_source(a.tile, a.state);
  const std::int64_t column = std::int64_t{blockIdx.x} * source_threads + threadIdx.x;
  if (column >= a.tile.source_classes) return;
  const In* const in = static_cast<const In*>(rows.features) + column;
  for (std::int64_t id = blockIdx.y; id < rows.targets; id += gridDim.y) {
    const std::int32_t begin = a.offsets[id], end = a.offsets[id + 1];
    if (begin == end) continue;
    double sum = a.joint[id * a.tile.source_classes + column];
#pragma unroll 4
    for (std::int32_t at = begin; at < end; ++at) {
      const std::int64_t row = a.sorted_row[at];
      double value = static_cast<double>(value_of(in[row * rows.stride]));
      if constexpr (logits) value = exp(value - a.largest[row]) / a.total[row];
      sum += value;
    }
    a.joint[id * a.tile.source_classes + column] = sum;
  }
}

__global__ void __launch_bounds__(source_threads) source_labels_kernel(SourceLabels a) {
  const std::int64_t row = std::int64_t{blockIdx.x} * source_threads + threadIdx.x;
  if (row >= a.rows.rows) return;
  RawRows source;
  source.labels = a.source;
  source.wide = a.source_wide;
  const std::int64_t id = label_of(a.rows, row), source_id = label_of(source, row);
  const bool good = id >= 0 && id < a.rows.targets, good_source = source_id >= 0 && source_id < a.source_classes;
  if (!good_source) note_bad(a.state, a.rows, row, 0);
  if (!good) note_bad(a.state, a.rows, row, 1);
  if (!good || !good_source) return;
  atomicAdd(a.counts + id * a.source_classes + source_id, 1ull);
  atomicAdd(a.class_rows + id, 1ull);
}

__global__ void read_bad_labels_kernel(SourceLabels a) {
  if (a.state->bad_key == ~0ull || a.state->bad_found != 0) return;
  const std::int64_t places = places_in_row(1, true, a.rows.targets);
  const auto key = static_cast<std::int64_t>(a.state->bad_key);
  const std::int64_t row = key / places - a.rows.first_row;
  RawRows source;
  source.labels = a.source;
  source.wide = a.source_wide;
  a.state->bad_id = key % places == 0 ? label_of(source, row) : label_of(a.rows, row);
  a.state->bad_found = 1;
}

__global__ void __launch_bounds__(source_threads)
    condition_kernel(const double* joint, std::int64_t classes, std::int64_t source_classes, double* conditional) {
  const std::int64_t column = std::int64_t{blockIdx.x} * source_threads + threadIdx.x;
  if (column >= source_classes) return;
  double total = 0;
  for (std::int64_t id = 0; id < classes; ++id) total += joint[id * source_classes + column];
  for (std::int64_t id = 0; id < classes; ++id) {
    const double value = joint[id * source_classes + column];
    conditional[id * source_classes + column] = total > 0 ? value / total : 0;
  }
}

template <class In>
__global__ void __launch_bounds__(source_threads) source_likelihood_kernel(SourceLikelihood a) {
  const RawRows& rows = a.tile.rows;
  const std::int64_t row = std::int64_t{blockIdx.x} * (source_threads / 32) + threadIdx.x / 32;
  if (row >= rows.rows) return;  // whole warps
  const int lane = threadIdx.x % 32;
  const std::int64_t count = a.tile.source_classes, id = label_of(rows, row);
  if (id < 0 || id >= rows.targets) {  // noted when the labels were sorted
    if (lane == 0) a.logs[row] = 0;
    return;
  }
  const In* const in = static_cast<const In*>(rows.features) + row * rows.stride;
  const double* const given = a.conditional + id * count;
  double largest = 0, total = 1;
  if (a.tile.logits) {
    std::int64_t place = 0;
    row_top(in, count, largest, place);
    total = __shfl_sync(all_lanes, row_total(in, count, largest), 0);
  }
  double sum = 0;
  for (std::int64_t z = lane; z < count; z += 32) {
    double value = static_cast<double>(value_of(in[z]));
    if (a.tile.logits) value = exp(value - largest) / total;
    // Not fused, as on the CPU.
    sum = __dadd_rn(sum, __dmul_rn(given[z], value));
  }
  sum = lane_sum(sum);
  if (lane == 0) a.logs[row] = log(sum);
}

/// One thread a class, in the order of the rows; labels that are no class make class 0 of no use, and are noted.
__global__ void __launch_bounds__(source_threads) class_logs_kernel(SourceLikelihood a) {
  if (blockIdx.x == 0 && threadIdx.x == 0) read_bad_source(a.tile, a.state);
  const std::int64_t id = std::int64_t{blockIdx.x} * source_threads + threadIdx.x;
  if (id >= a.tile.rows.targets) return;
  double sum = a.sums[id];
  const std::int32_t end = a.offsets[id + 1];
#pragma unroll 4
  for (std::int32_t at = a.offsets[id]; at < end; ++at) sum += a.logs[a.sorted_row[at]];
  a.sums[id] = sum;
}

}  // namespace culogme::kernels
