#include "cuda/stage.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include <culogme/error.hpp>

#include "cpu/pack.hpp"
#include "cpu/tile.hpp"
#include "cuda/check.hpp"
#include "cuda/device.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr const char* rows_text = "a tile of rows";
constexpr const char* targets_text = "a tile of targets";

/// Elements that are widened at a time.
constexpr std::int64_t most_widened = std::int64_t{1} << 17;

/// The smallest type that holds both exactly.
Scalar common(Scalar a, Scalar b) {
  if (a == b) return a;
  return a == Scalar::f64 || b == Scalar::f64 ? Scalar::f64 : Scalar::f32;
}

}  // namespace

Stage::Stage(CudaContext& context, std::int64_t features, std::int64_t targets, Task task, std::int64_t capacity)
    : context_(context),
      features_(features),
      targets_(targets),
      capacity_(capacity),
      classes_(task == Task::classification) {}

Stage::~Stage() {
  if (!uploading_ || in_forked_child()) return;
  // The memory goes in the order of another stream than the copies into it.
  try {
    uploaded_.record(context_.copy_stream());  // also of an append() that failed half-way
    uploaded_.hold(context_.stream());
  } catch (const Error&) {  // the device is lost: there is nothing to wait for
  }
}

/// Memory for the features of all rows, there for work of either stream; with the first, that of the targets.
DeviceBytes Stage::make_data(Scalar scalar) {
  const std::string what = "a tile of " + std::to_string(capacity_) + " rows of " + std::to_string(features_) +
                           " columns (" + scalar_name(scalar) + ")";
  if (target_data_.data() == nullptr)
    target_data_ = DeviceBytes(
        context_, static_cast<double>(capacity_) * 8 * (classes_ ? 1 : static_cast<double>(targets_)), what);
  return {context_,
          static_cast<double>(capacity_) * static_cast<double>(features_) * static_cast<double>(scalar_bytes(scalar)),
          what};
}

/// Rows that wait and rows that come get one type. Nothing changes unless all of it succeeds.
void Stage::use_scalar(Scalar scalar) {
  const Scalar wanted = count_ == 0 ? scalar : common(scalar_, scalar);
  const bool fits = data_.data() != nullptr &&
                    scalar_bytes(wanted) * capacity_ * features_ <= static_cast<std::int64_t>(data_.bytes());
  if (fits && (count_ == 0 || wanted == scalar_)) {
    scalar_ = wanted;
    return;
  }
  DeviceBytes fresh = make_data(wanted);
  if (count_ > 0) {
    if (uploading_) uploaded_.hold(context_.stream());
    kernels::launch_convert({data_.data(), features_, scalar_, count_, features_, fresh.data(), wanted == Scalar::f32},
                            context_.stream());
  }
  // Memory is there, and converted, in the order of the context's stream; the copy stream must not come before.
  folded_.record(context_.stream());
  folded_.hold(context_.copy_stream());
  data_ = std::move(fresh);
  scalar_ = wanted;
}

void Stage::prepare(const MatrixView& features, Memory targets) {
  use_scalar(features.scalar);
  const std::int64_t most = std::min(capacity_, features.rows);
  if (features.memory == Memory::host) context_.uploader().reserve(most, features_ * scalar_bytes(scalar_), rows_text);
  if (targets == Memory::host) context_.uploader().reserve(most, classes_ ? 8 : 8 * targets_, targets_text);
}

/// The device's memory may be written again once the last tile was folded.
void Stage::begin_host_copies() {
  if (uploading_) return;
  folded_.hold(context_.copy_stream());
  uploading_ = true;
}

/// Rows of a view in host memory, as they are or in another type.
void Stage::upload(const MatrixView& view, std::int64_t first, std::int64_t count, Scalar to, char* device,
                   const char* what) {
  begin_host_copies();
  const std::int64_t row_bytes = view.cols * scalar_bytes(to);
  const auto converted = [&](char* out, std::int64_t row, std::int64_t rows) {
    const std::int64_t piece = std::max<std::int64_t>(1, most_widened / view.cols);
    std::vector<double> wide;
    for (std::int64_t i = 0; i < rows; i += piece) {
      const std::int64_t some = std::min(piece, rows - i);
      wide.resize(size_of(some * view.cols));
      widen_rows(view, first + row + i, some, wide.data());
      if (to == Scalar::f64)
        std::memcpy(out + i * row_bytes, wide.data(), wide.size() * sizeof(double));
      else
        std::transform(wide.begin(), wide.end(), reinterpret_cast<float*>(out + i * row_bytes),
                       [](double value) { return static_cast<float>(value); });
    }
  };
  const std::int64_t stride_bytes = view.row_stride * scalar_bytes(to);
  const Uploader::Fill fill =
      view.scalar == to
          ? Uploader::rows_of(static_cast<const char*>(view.data) + first * stride_bytes, stride_bytes, row_bytes)
          : Uploader::Fill(converted);
  context_.uploader().copy(device, count, row_bytes, fill, context_.copy_stream(), what);
}

void Stage::append_features(const MatrixView& view, std::int64_t first, std::int64_t count) {
  use_scalar(view.scalar);
  if (scalar_bytes(view.scalar) == 2) short_digits_ = true;
  const std::size_t element = size_of(scalar_bytes(scalar_)), row = size_of(features_) * element;
  char* const device = static_cast<char*>(data_.data()) + size_of(count_) * row;
  if (view.memory == Memory::device) {
    if (view.scalar != scalar_) {
      const char* const from =
          static_cast<const char*>(view.data) + first * view.row_stride * scalar_bytes(view.scalar);
      kernels::launch_convert({from, view.row_stride, view.scalar, count, features_, device, scalar_ == Scalar::f32},
                              context_.stream());
      return;
    }
    const std::size_t pitch = size_of(view.row_stride) * element;
    CULOGME_CHECK(cudaMemcpy2DAsync(device, row, static_cast<const char*>(view.data) + size_of(first) * pitch, pitch,
                                    row, size_of(count), cudaMemcpyDeviceToDevice, context_.stream()));
    return;
  }
  upload(view, first, count, scalar_, device, rows_text);
}

void Stage::append_labels(const LabelView& labels, std::int64_t first, std::int64_t count) {
  std::int64_t* const device = static_cast<std::int64_t*>(target_data_.data()) + count_;
  if (labels.memory == Memory::device) {
    const char* const from = static_cast<const char*>(labels.data) + first * (labels.wide ? 8 : 4);
    kernels::launch_widen_labels(from, labels.wide, device, count, context_.stream());
    return;
  }
  begin_host_copies();
  const auto widened = [&](char* out, std::int64_t row, std::int64_t rows) {
    std::int64_t* const ids = reinterpret_cast<std::int64_t*>(out);
    for (std::int64_t i = 0; i < rows; ++i) ids[i] = label_at(labels, first + row + i);
  };
  context_.uploader().copy(reinterpret_cast<char*>(device), count, 8, widened, context_.copy_stream(), targets_text);
}

void Stage::append_responses(const MatrixView& view, std::int64_t first, std::int64_t count) {
  double* const device = static_cast<double*>(target_data_.data()) + count_ * targets_;
  if (view.memory == Memory::device) {
    const char* const from = static_cast<const char*>(view.data) + first * view.row_stride * scalar_bytes(view.scalar);
    kernels::launch_convert({from, view.row_stride, view.scalar, count, targets_, device, false}, context_.stream());
    return;
  }
  upload(view, first, count, Scalar::f64, reinterpret_cast<char*>(device), targets_text);
}

void Stage::append(const MatrixView& features, const TargetView& targets, std::int64_t first, std::int64_t count) {
  append_features(features, first, count);
  if (targets.labels != nullptr)
    append_labels(*targets.labels, first, count);
  else
    append_responses(*targets.responses, first, count);
  count_ += count;
  if (uploading_) uploaded_.record(context_.copy_stream());
}

kernels::RawRows Stage::rows() {
  if (uploading_) uploaded_.hold(context_.stream());
  kernels::RawRows rows;
  rows.features = data_.data();
  rows.stride = features_;
  rows.scalar = scalar_;
  rows.rows = count_;
  rows.cols = features_;
  rows.targets = targets_;
  if (classes_) {
    rows.labels = target_data_.data();
    rows.wide = true;
  } else {
    rows.responses = target_data_.data();
    rows.response_stride = targets_;
  }
  return rows;
}

kernels::RawRows raw_rows(const MatrixView& features, const TargetView& targets, std::int64_t target_count) {
  kernels::RawRows rows;
  rows.features = features.data;
  rows.stride = features.row_stride;
  rows.scalar = features.scalar;
  rows.rows = features.rows;
  rows.cols = features.cols;
  rows.targets = target_count;
  rows.binary = targets.binary;
  if (targets.labels != nullptr) {
    rows.labels = targets.labels->data;
    rows.wide = targets.labels->wide;
  } else {
    rows.responses = targets.responses->data;
    rows.response_stride = targets.responses->row_stride;
    rows.response_scalar = targets.responses->scalar;
  }
  return rows;
}

void Stage::release_device_memory() {
  if (uploading_) uploaded_.hold(context_.stream());
  data_ = {};
  target_data_ = {};
}

void Stage::release() {
  folded_.record(context_.stream());
  count_ = 0;
  short_digits_ = false;
  uploading_ = false;
}

}  // namespace culogme::detail
