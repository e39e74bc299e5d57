#pragma once

#include <cstdint>
#include <vector>

#include "backend.hpp"
#include "cuda/buffer.hpp"
#include "cuda/context.hpp"
#include "kernels/launch.hpp"

namespace culogme::detail {

/// Rows that wait on the device until they make a tile, as they came: features in one element type, labels as 64-bit
/// integers, responses as doubles. Rows in host memory come through the context's uploader on its copy stream, so that
/// two stages in turn overlap copies with work.
class Stage {
 public:
  /// Allocates at the first rows only.
  Stage(CudaContext& context, std::int64_t features, std::int64_t targets, Task task, std::int64_t capacity);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  /// Makes room for rows of this type and memory before any is taken. Throws OutOfMemory; rows that wait stay.
  void prepare(const MatrixView& features, Memory targets);

  /// Appends rows [first, first + count) of a block; there is room for them. Host memory is free on return; device
  /// memory is read in stream order.
  void append(const MatrixView& features, const TargetView& targets, std::int64_t first, std::int64_t count);

  /// The rows, after which work on the context's stream may read them.
  kernels::RawRows rows();

  /// Empties the stage; later copies wait for the work submitted so far.
  void release();

  /// Gives the device's memory back, in the order of the context's stream; nothing can be appended any more.
  void release_device_memory();

  std::int64_t count() const { return count_; }
  std::int64_t space() const { return capacity_ - count_; }
  /// Some of the rows came with 16 bits a value.
  bool short_digits() const { return short_digits_; }

 private:
  void use_scalar(Scalar scalar);
  DeviceBytes make_data(Scalar scalar);
  void append_features(const MatrixView& features, std::int64_t first, std::int64_t count);
  void append_labels(const LabelView& labels, std::int64_t first, std::int64_t count);
  void append_responses(const MatrixView& responses, std::int64_t first, std::int64_t count);
  void upload(const MatrixView& view, std::int64_t first, std::int64_t count, Scalar to, char* device,
              const char* what);
  void begin_host_copies();

  CudaContext& context_;
  std::int64_t features_, targets_, capacity_, count_ = 0;
  bool classes_, short_digits_ = false;
  Scalar scalar_ = Scalar::f32;
  DeviceBytes data_, target_data_;
  Event uploaded_, folded_;
  bool uploading_ = false;
};

/// The rows of views in device memory; `target_count`: classes or responses.
kernels::RawRows raw_rows(const MatrixView& features, const TargetView& targets, std::int64_t target_count);

}  // namespace culogme::detail
