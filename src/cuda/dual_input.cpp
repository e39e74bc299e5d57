#include "cuda/dual_input.hpp"

#include <algorithm>

#include "cuda/check.hpp"
#include "cuda/stage.hpp"
#include "kernels/launch_spectrum.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

OnDevice matrix_on_device(CudaContext& context, const MatrixView& view, const char* what) {
  const std::int64_t element = scalar_bytes(view.scalar);
  return OnDevice(context, view.data, view.memory, view.rows, view.cols * element, view.row_stride * element,
                  std::string(what) + " of " + std::to_string(view.rows) + " rows");
}

OnDevice targets_on_device(CudaContext& context, const TargetView& targets, std::int64_t rows) {
  if (targets.labels == nullptr) return matrix_on_device(context, *targets.responses, "responses");
  const std::int64_t bytes = targets.labels->wide ? 8 : 4;
  return OnDevice(context, targets.labels->data, targets.labels->memory, rows, bytes, bytes, "labels");
}

}  // namespace

// Rows of the dual route are fewer than columns, so a copy is no larger than what the sums of such columns would be.
OnDevice::OnDevice(CudaContext& context, const void* data, Memory memory, std::int64_t rows, std::int64_t row_bytes,
                   std::int64_t stride_bytes, const std::string& what)
    : data_(data), stride_bytes_(stride_bytes) {
  if (memory == Memory::device) return;
  copy_ = DeviceBytes(context, static_cast<double>(rows) * static_cast<double>(row_bytes), what);
  context.uploader().copy(static_cast<char*>(copy_.data()), rows, row_bytes,
                          Uploader::rows_of(data, stride_bytes, row_bytes), context.stream(), what);
  data_ = copy_.data();
  stride_bytes_ = row_bytes;
}

DualInput begin_dual(CudaSpectrum& s, const std::shared_ptr<CudaContext>& shared, const MatrixView& features,
                     const TargetView& targets, const std::vector<std::string>& names, Task task, bool intercept,
                     std::int64_t sides) {
  CudaContext& context = *shared;
  cudaStream_t const stream = context.stream();
  const std::int64_t n = features.rows, d = features.cols, k = static_cast<std::int64_t>(names.size());
  const std::string what = "the spectrum of " + std::to_string(n) + " rows";
  const bool classes = task == Task::classification;
  s.context = shared;
  s.started.record(stream);
  s.size = s.rows = n;
  s.features = d;
  s.targets = k;
  s.names = names;
  s.origins.note(0, 0, features.scalar);
  s.source.rows_total = n;
  s.source.features = d;
  s.source.dof = static_cast<double>(n) - (intercept ? 1 : 0);
  s.source.dual = true;

  DualInput in{matrix_on_device(context, features, "features"),
               targets_on_device(context, targets, n),
               raw_rows(features, targets, k),
               {context, d, what},
               {context, d, what},
               {context, classes ? 1 : k, what},
               {context, (k + sides) * n, what},
               {context, 1, what}};
  in.rows.features = in.features.data();
  in.rows.stride = in.features.stride_bytes() / scalar_bytes(features.scalar);
  if (classes) {
    in.rows.labels = in.targets.data();
  } else {
    in.rows.responses = in.targets.data();
    in.rows.response_stride = in.targets.stride_bytes() / scalar_bytes(in.rows.response_scalar);
  }
  s.state = {context, 1, what};
  s.square = {context, k, what};
  if (classes) s.counts = {context, k, what};
  if (!classes) s.target_exponent = {context, k, what};
  kernels::launch_reset_sums(s.state.data(), stream);
  if (classes) CULOGME_CHECK(cudaMemsetAsync(s.counts.data(), 0, size_of(k) * 8, stream));
  kernels::RawRows head = in.rows;
  head.rows = std::min(n, kernels::most_head_rows);
  kernels::launch_frame({head, in.pilot.data(), in.pilot_f32.data(), s.target_exponent.data(), in.target_pilot.data(),
                         in.word.data(), s.state.data()},
                        stream);
  kernels::launch_raise_all({in.rows, in.pilot.data(), in.pilot_f32.data(), in.word.data(), s.state.data()}, stream);
  kernels::launch_dense_targets({in.rows, s.target_exponent.data(), in.target_pilot.data(), in.dense.data(),
                                 s.square.data(), s.counts.data(), s.state.data(), intercept},
                                stream);
  return in;
}

}  // namespace culogme::detail
