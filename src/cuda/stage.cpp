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
  // Both kinds of memory go in the order of another stream, or at once.
  try {
    uploaded_.hold(context_.stream());
    uploaded_.wait();
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

void Stage::pin(PinnedBytes& memory, std::int64_t row_bytes, const char* what) {
  const std::size_t bytes = size_of(capacity_ * row_bytes);
  if (memory.bytes() >= bytes) return;
  PinnedBytes larger(bytes, std::string(what) + " on its way to the device");
  if (memory.bytes() > 0) CULOGME_CHECK(cudaStreamSynchronize(context_.copy_stream()));
  memory = std::move(larger);
}

void Stage::prepare(const MatrixView& features, Memory targets) {
  use_scalar(features.scalar);
  if (features.memory == Memory::host) pin(pinned_, features_ * scalar_bytes(scalar_), "a tile of rows");
  if (targets == Memory::host) pin(pinned_targets_, classes_ ? 8 : 8 * targets_, "a tile of targets");
}

/// Page-locked memory may be written again once the copies from it are done, the device's once the last tile was
/// folded.
void Stage::begin_host_copies() {
  if (uploading_) return;
  uploaded_.wait();
  folded_.hold(context_.copy_stream());
  uploading_ = true;
}

void Stage::append_converted(const MatrixView& view, std::int64_t first, std::int64_t count, Scalar to, char* pinned,
                             char* device) {
  const std::int64_t piece = std::max<std::int64_t>(1, most_widened / view.cols);
  std::vector<double> wide;
  for (std::int64_t row = 0; row < count; row += piece) {
    const std::int64_t rows = std::min(piece, count - row);
    wide.resize(size_of(rows * view.cols));
    widen_rows(view, first + row, rows, wide.data());
    char* const out = pinned + row * view.cols * scalar_bytes(to);
    if (to == Scalar::f64)
      std::memcpy(out, wide.data(), wide.size() * sizeof(double));
    else
      std::transform(wide.begin(), wide.end(), reinterpret_cast<float*>(out),
                     [](double value) { return static_cast<float>(value); });
  }
  CULOGME_CHECK(cudaMemcpyAsync(device, pinned, size_of(count * view.cols * scalar_bytes(to)), cudaMemcpyHostToDevice,
                                context_.copy_stream()));
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
  begin_host_copies();
  pin(pinned_, static_cast<std::int64_t>(row), "a tile of rows");
  char* const pinned = pinned_.data() + size_of(count_) * row;
  if (view.scalar != scalar_) {
    append_converted(view, first, count, scalar_, pinned, device);
    return;
  }
  const std::size_t pitch = size_of(view.row_stride) * element;
  const char* const from = static_cast<const char*>(view.data) + size_of(first) * pitch;
  if (pitch == row)
    std::memcpy(pinned, from, size_of(count) * row);
  else
    for (std::size_t i = 0; i < size_of(count); ++i) std::memcpy(pinned + i * row, from + i * pitch, row);
  CULOGME_CHECK(cudaMemcpyAsync(device, pinned, size_of(count) * row, cudaMemcpyHostToDevice, context_.copy_stream()));
}

void Stage::append_labels(const LabelView& labels, std::int64_t first, std::int64_t count) {
  std::int64_t* const device = static_cast<std::int64_t*>(target_data_.data()) + count_;
  if (labels.memory == Memory::device) {
    const char* const from = static_cast<const char*>(labels.data) + first * (labels.wide ? 8 : 4);
    kernels::launch_widen_labels(from, labels.wide, device, count, context_.stream());
    return;
  }
  begin_host_copies();
  pin(pinned_targets_, 8, "a tile of labels");
  std::int64_t* const pinned = reinterpret_cast<std::int64_t*>(pinned_targets_.data()) + count_;
  for (std::int64_t i = 0; i < count; ++i) pinned[i] = label_at(labels, first + i);
  CULOGME_CHECK(cudaMemcpyAsync(device, pinned, size_of(count) * 8, cudaMemcpyHostToDevice, context_.copy_stream()));
}

void Stage::append_responses(const MatrixView& view, std::int64_t first, std::int64_t count) {
  double* const device = static_cast<double*>(target_data_.data()) + count_ * targets_;
  if (view.memory == Memory::device) {
    const char* const from = static_cast<const char*>(view.data) + first * view.row_stride * scalar_bytes(view.scalar);
    kernels::launch_convert({from, view.row_stride, view.scalar, count, targets_, device, false}, context_.stream());
    return;
  }
  begin_host_copies();
  pin(pinned_targets_, 8 * targets_, "a tile of responses");
  double* const pinned = reinterpret_cast<double*>(pinned_targets_.data()) + count_ * targets_;
  append_converted(view, first, count, Scalar::f64, reinterpret_cast<char*>(pinned), reinterpret_cast<char*>(device));
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
