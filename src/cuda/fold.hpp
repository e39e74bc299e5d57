#pragma once

#include <cstdint>

#include "cuda/buffer.hpp"
#include "cuda/context.hpp"
#include "cuda/device_moments.hpp"
#include "kernels/launch.hpp"

namespace culogme::detail {

/// Longest chain of additions in f32: rows are multiplied this many at a time, and their products added.
inline constexpr std::int64_t f32_chain_rows = 1024;

/// Block columns of a product of tensor cores at most, of at least so many columns each: there is no product that makes
/// the lower triangle alone, and this many make 5/8 of the square. More would leave less to do but not to each of them.
inline constexpr std::int64_t most_block_columns = 4, fewest_block_columns = 192;

/// Adds tiles to moments on the device: conversion, checks and class sums by one kernel that reads the features once,
/// Gram matrix by cuBLAS (f64 products straight into the sums, others by way of a matrix of their own), F'Y of
/// responses by cuBLAS in f64 from the same rounded rows. A constant number of launches per tile, nothing waits.
class DeviceFolder {
 public:
  /// `rows`: of a tile at most. Memory is allocated by reserve or the first tile.
  DeviceFolder(CudaContext& context, Task task, std::int64_t features, Products products, std::int64_t rows);

  /// Allocates what folding needs, for moments of so many targets. Throws OutOfMemory.
  void reserve(std::int64_t targets);

  /// Gives its memory back, in stream order.
  void release();

  /// The first tile of moments that are not opened also chooses their frame. `short_digits`: some of the rows came with
  /// 16 bits a value.
  void fold(DeviceMoments& into, const kernels::RawRows& rows, bool short_digits);

 private:
  void open(DeviceMoments& into, const kernels::RawRows& rows);
  void multiply(DeviceMoments& into, const kernels::RawRows& rows, bool short_digits);
  const std::int32_t* half_exponents(const DeviceMoments& of) const;
  std::int64_t narrow_products() const;
  std::int64_t multiply_narrow(std::int64_t rows);
  void multiply_blocks(std::int64_t row, std::int64_t rows, bool add, std::int64_t products, std::int64_t stride);
  void multiply_responses(DeviceMoments& into, const kernels::RawRows& rows);

  CudaContext& context_;
  Task task_;
  std::int64_t features_, rows_, targets_ = 0;
  Products products_;
  DeviceBytes packed_;      // [rows][D]
  Buffer<double> partial_;  // of class sums
  Buffer<std::int32_t> sorted_id_, sorted_row_;
  Buffer<float> product_;             // [narrow_products][D][D] of a tile whose products are not f64
  Buffer<float> lost_;                // [chunks][D] of narrow rows
  Buffer<double> shifted_, widened_;  // responses; rows of such a tile
  Buffer<unsigned long long> word_;
};

}  // namespace culogme::detail
