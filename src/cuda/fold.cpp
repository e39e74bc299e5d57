#include "cuda/fold.hpp"

#include <algorithm>
#include <string>

#include "cuda/check.hpp"

namespace culogme::detail {

DeviceFolder::DeviceFolder(CudaContext& context, Task task, std::int64_t features, bool f32_products, std::int64_t rows)
    : context_(context), task_(task), features_(features), rows_(rows), f32_(f32_products) {}

void DeviceFolder::reserve(std::int64_t targets) {
  if (packed_.data() == nullptr) {
    const std::string what = "a tile of " + std::to_string(rows_) + " rows of " + std::to_string(features_) +
                             " columns (" + (f32_ ? "f32" : "f64") + ")";
    const std::int64_t chunks = (rows_ + kernels::pack_chunk_rows - 1) / kernels::pack_chunk_rows;
    word_ = {context_, 1, what};
    if (task_ == Task::classification) {
      partial_ = {context_, 2 * chunks * features_, what};
      sorted_id_ = {context_, rows_, what};
      sorted_row_ = {context_, rows_, what};
    } else if (f32_) {
      widened_ = {context_, std::min(rows_, f32_chain_rows) * features_, what};
    }
    if (f32_) product_ = {context_, features_ * features_, what};
    packed_ = DeviceBytes(context_, static_cast<double>(rows_) * static_cast<double>(features_) * (f32_ ? 4 : 8), what);
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
  shifted_ = {};
  widened_ = {};
  word_ = {};
  targets_ = 0;
}

void DeviceFolder::open(DeviceMoments& into, const kernels::RawRows& rows) {
  kernels::RawRows head = rows;
  head.rows = std::min(rows.rows, kernels::most_head_rows);
  kernels::launch_frame({head, into.pilot.data(), into.pilot_f32.data(), into.target_exponent.data(),
                         into.target_pilot.data(), word_.data(), into.state.data()},
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
      {rows, sorted_id_.data(), sorted_row_.data(), f32_, packed_.data(), into.cross.data(), partial_.data(),
       into.gram.data(), into.energy.data(), task_ == Task::classification ? nullptr : into.sum(), into.pilot.data(),
       into.pilot_f32.data(), into.state.data()},
      context_.stream());
  multiply(into, rows, short_digits);
  if (task_ != Task::classification) multiply_responses(into, rows);
  into.rows += rows.rows;
  if (f32_) into.rows_f32 += rows.rows;
}

/// Row-major rows are the columns of a D x rows matrix to cuBLAS: nothing is transposed.
void DeviceFolder::multiply(DeviceMoments& into, const kernels::RawRows& rows, bool short_digits) {
  const std::int64_t d = features_;
  if (!f32_) {
    const double one = 1;
    CULOGME_CHECK(cublasDsyrk_64(context_.blas(), CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, d, rows.rows, &one,
                                 static_cast<const double*>(packed_.data()), d, &one, into.gram.data(), d));
    return;
  }
  for (std::int64_t row = 0; row < rows.rows; row += f32_chain_rows) {
    const float one = 1, before = row == 0 ? 0.0f : 1.0f;
    const std::int64_t count = std::min(f32_chain_rows, rows.rows - row);
    CULOGME_CHECK(cublasSsyrk_64(context_.blas(), CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, d, count, &one,
                                 static_cast<const float*>(packed_.data()) + row * d, d, &before, product_.data(), d));
  }
  kernels::launch_add_gram({product_.data(), into.gram.data(), into.energy.data(), d, short_digits, into.state.data()},
                           context_.stream());
}

void DeviceFolder::multiply_responses(DeviceMoments& into, const kernels::RawRows& rows) {
  const std::int64_t d = features_, width = into.targets + 1, step = f32_ ? f32_chain_rows : rows.rows;
  const double one = 1;
  for (std::int64_t row = 0; row < rows.rows; row += step) {
    const std::int64_t count = std::min(step, rows.rows - row);
    const double* packed = static_cast<const double*>(packed_.data());
    if (f32_) {
      kernels::launch_convert(
          {static_cast<const float*>(packed_.data()) + row * d, d, Scalar::f32, count, d, widened_.data(), false},
          context_.stream());
      packed = widened_.data();
    }
    CULOGME_CHECK(cublasDgemm_64(context_.blas(), CUBLAS_OP_N, CUBLAS_OP_T, d, width, count, &one, packed, d,
                                 shifted_.data() + row * width, width, &one, into.cross.data(), d));
  }
}

}  // namespace culogme::detail
