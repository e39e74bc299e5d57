#include "cuda/fold.hpp"

#include <algorithm>
#include <string>

#include "cuda/check.hpp"
#include "rounding.hpp"

namespace culogme::detail {
namespace {

std::int64_t packed_bytes(Products products) {
  return products == Products::f64 ? 8 : products == Products::half ? 2 : 4;
}

/// Columns of a block of products of tensor cores, a multiple of what their kernels take at once.
std::int64_t block_columns(std::int64_t features) {
  constexpr std::int64_t unit = 64;
  const std::int64_t blocks = std::clamp<std::int64_t>(features / fewest_block_columns, 1, most_block_columns);
  return ((features + blocks - 1) / blocks + unit - 1) / unit * unit;
}

}  // namespace

DeviceFolder::DeviceFolder(CudaContext& context, Task task, std::int64_t features, Products products, std::int64_t rows)
    : context_(context), task_(task), features_(features), rows_(rows), products_(products) {}

/// Sums of narrow products that a tile has: in the memory that its rows would take in f64.
std::int64_t DeviceFolder::narrow_products() const {
  if (!narrow_rows(products_)) return 1;
  return std::clamp<std::int64_t>(2 * rows_ / features_, 1, std::max<std::int64_t>(rows_ / narrow_chain, 1));
}

void DeviceFolder::reserve(std::int64_t targets) {
  if (packed_.data() == nullptr) {
    const std::string what = "a tile of " + std::to_string(rows_) + " rows of " + std::to_string(features_) +
                             " columns (" + products_name(products_) + ")";
    const std::int64_t chunks = (rows_ + kernels::pack_chunk_rows - 1) / kernels::pack_chunk_rows;
    word_ = {context_, 1, what};
    if (task_ == Task::classification) {
      partial_ = {context_, 2 * chunks * features_, what};
      sorted_id_ = {context_, rows_, what};
      sorted_row_ = {context_, rows_, what};
    } else if (products_ != Products::f64) {
      widened_ = {context_, std::min(rows_, f32_chain_rows) * features_, what};
    }
    if (products_ != Products::f64) product_ = {context_, narrow_products() * features_ * features_, what};
    if (narrow_rows(products_)) lost_ = {context_, chunks * features_, what};
    packed_ = DeviceBytes(context_,
                          static_cast<double>(rows_ * packed_bytes(products_)) * static_cast<double>(features_), what);
  }
  if (task_ != Task::classification && targets_ != targets)
    shifted_ = {context_, rows_ * (targets + 1), "a tile of responses"};
  targets_ = targets;
}

void DeviceFolder::release() {
  packed_ = {};
  partial_ = {};
  sorted_id_ = {};
  sorted_row_ = {};
  product_ = {};
  lost_ = {};
  shifted_ = {};
  widened_ = {};
  word_ = {};
  targets_ = 0;
}

void DeviceFolder::open(DeviceMoments& into, const kernels::RawRows& rows) {
  kernels::RawRows head = rows;
  head.rows = std::min(rows.rows, kernels::most_head_rows);
  kernels::launch_frame({head, into.pilot.data(), into.pilot_f32.data(), into.target_exponent.data(),
                         into.target_pilot.data(), word_.data(), into.state.data(), into.column_exponent.data()},
                        context_.stream());
  into.opened = true;
}

void DeviceFolder::fold(DeviceMoments& into, const kernels::RawRows& rows, bool short_digits) {
  if (rows.rows == 0) return;
  reserve(into.targets);
  if (!into.opened) open(into, rows);
  kernels::launch_begin_tile({rows, sorted_id_.data(), sorted_row_.data(), into.counts.data(), into.state.data()},
                             context_.stream());
  // Before the features, whose kernels look at what is bad at their end.
  if (task_ != Task::classification)
    kernels::launch_pack_responses({rows, into.target_exponent.data(), into.target_pilot.data(), shifted_.data(),
                                    into.target_sum.data(), into.target_square.data(), into.state.data()},
                                   context_.stream());
  kernels::launch_pack_tile(
      {rows, sorted_id_.data(), sorted_row_.data(), products_, packed_.data(), into.cross.data(), partial_.data(),
       into.gram.data(), into.energy.data(), task_ == Task::classification ? nullptr : into.sum(), into.pilot.data(),
       into.pilot_f32.data(), into.state.data(), lost_.data(), into.rounding.data(), into.column_exponent.data()},
      context_.stream());
  multiply(into, rows, short_digits);
  if (task_ != Task::classification) multiply_responses(into, rows);
  into.rows += rows.rows;
  if (products_ != Products::f64) into.rows_f32 += rows.rows;
  into.narrow_rows = into.narrow_rows || narrow_rows(products_);
  into.half_rows = into.half_rows || products_ == Products::half;
}

/// Row-major rows are the columns of a D x rows matrix to cuBLAS: nothing is transposed.
void DeviceFolder::multiply(DeviceMoments& into, const kernels::RawRows& rows, bool short_digits) {
  const std::int64_t d = features_;
  if (products_ == Products::f64) {
    const double one = 1;
    CULOGME_CHECK(cublasDsyrk_64(context_.blas(), CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, d, rows.rows, &one,
                                 static_cast<const double*>(packed_.data()), d, &one, into.gram.data(), d));
    return;
  }
  const bool narrow = narrow_rows(products_);
  std::int64_t products = 1;
  if (narrow) {
    products = multiply_narrow(rows.rows);
  } else {
    for (std::int64_t row = 0; row < rows.rows; row += f32_chain_rows) {
      const float one = 1, before = row == 0 ? 0.0f : 1.0f;
      CULOGME_CHECK(cublasSsyrk_64(
          context_.blas(), CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, d, std::min(f32_chain_rows, rows.rows - row), &one,
          static_cast<const float*>(packed_.data()) + row * d, d, &before, product_.data(), d));
    }
  }
  kernels::launch_add_gram({product_.data(), into.gram.data(), into.energy.data(), d, short_digits, into.state.data(),
                            narrow, half_exponents(into), products},
                           context_.stream());
}

/// The column exponents of half tiles; others have none.
const std::int32_t* DeviceFolder::half_exponents(const DeviceMoments& of) const {
  return products_ == Products::half ? of.column_exponent.data() : nullptr;
}

/// Products of narrow rows on tensor cores, in as many sums side by side as there is room for, since the products of
/// one chain do not fill a device. Returns how many.
std::int64_t DeviceFolder::multiply_narrow(std::int64_t rows) {
  const std::int64_t chains = rows / narrow_chain, side_by_side = std::min(narrow_products(), chains),
                     rounds = side_by_side > 0 ? chains / side_by_side : 0;
  for (std::int64_t round = 0; round < rounds; ++round)
    multiply_blocks(round * narrow_chain, narrow_chain, round > 0, side_by_side, rounds * narrow_chain);
  for (std::int64_t row = rounds * side_by_side * narrow_chain; row < rows; row += narrow_chain)
    multiply_blocks(row, std::min(narrow_chain, rows - row), row > 0, 1, 0);
  return std::max<std::int64_t>(side_by_side, 1);
}

/// Adds products of `rows` packed rows from `row` on to the first of `products` sums, of the rows `stride` further on
/// to the next, and so on: the lower triangle by block columns.
void DeviceFolder::multiply_blocks(std::int64_t row, std::int64_t rows, bool add, std::int64_t products,
                                   std::int64_t stride) {
  const bool half = products_ == Products::half;
  const cudaDataType type = half ? CUDA_R_16F : CUDA_R_32F;
  const cublasComputeType_t compute = half ? CUBLAS_COMPUTE_32F : CUBLAS_COMPUTE_32F_FAST_TF32;
  const std::int64_t d = features_, element = packed_bytes(products_), width = block_columns(d);
  const float one = 1, before = add ? 1.0f : 0.0f;
  for (std::int64_t begin = 0; begin < d; begin += width) {
    const void* const from = static_cast<const char*>(packed_.data()) + (row * d + begin) * element;
    CULOGME_CHECK(cublasGemmStridedBatchedEx_64(context_.tensor_blas(), CUBLAS_OP_N, CUBLAS_OP_T, d - begin,
                                                std::min(width, d - begin), rows, &one, from, type, d, stride * d, from,
                                                type, d, stride * d, &before, product_.data() + begin * d + begin,
                                                CUDA_R_32F, d, d * d, products, compute, CUBLAS_GEMM_DEFAULT));
  }
}

void DeviceFolder::multiply_responses(DeviceMoments& into, const kernels::RawRows& rows) {
  const std::int64_t d = features_, width = into.targets + 1,
                     step = products_ != Products::f64 ? f32_chain_rows : rows.rows;
  const double one = 1;
  for (std::int64_t row = 0; row < rows.rows; row += step) {
    const std::int64_t count = std::min(step, rows.rows - row);
    const double* packed = static_cast<const double*>(packed_.data());
    if (products_ != Products::f64) {
      const Scalar scalar = products_ == Products::half ? Scalar::f16 : Scalar::f32;
      kernels::launch_convert({static_cast<const char*>(packed_.data()) + row * d * packed_bytes(products_), d, scalar,
                               count, d, widened_.data(), false, half_exponents(into)},
                              context_.stream());
      packed = widened_.data();
    }
    CULOGME_CHECK(cublasDgemm_64(context_.blas(), CUBLAS_OP_N, CUBLAS_OP_T, d, width, count, &one, packed, d,
                                 shifted_.data() + row * width, width, &one, into.cross.data(), d));
  }
}

}  // namespace culogme::detail
