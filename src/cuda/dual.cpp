#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "cpu/tile.hpp"
#include "cuda/check.hpp"
#include "cuda/spectrum.hpp"
#include "kernels/launch_spectrum.hpp"
#include "rounding.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

/// The matrix on the device: where it lies, or a copy of a view in host memory. Rows of the dual route are fewer than
/// columns, so a copy is no larger than what the sums of such columns would be.
class OnDevice {
 public:
  OnDevice(CudaContext& context, const void* data, Memory memory, std::int64_t rows, std::int64_t row_bytes,
           std::int64_t stride_bytes, const std::string& what)
      : data_(data), stride_bytes_(stride_bytes) {
    if (memory == Memory::device) return;
    copy_ = DeviceBytes(context, static_cast<double>(rows) * static_cast<double>(row_bytes), what);
    // Page-locked pieces, so that the host fills one while the device reads the other.
    const std::int64_t piece_rows = std::clamp<std::int64_t>((std::int64_t{8} << 20) / row_bytes, 1, rows);
    PinnedBytes pieces[2];
    Event copied[2];
    int turn = 0;
    for (std::int64_t row = 0; row < rows; row += piece_rows, turn = 1 - turn) {
      const std::int64_t count = std::min(piece_rows, rows - row);
      if (pieces[turn].bytes() == 0) pieces[turn] = PinnedBytes(size_of(piece_rows * row_bytes), what);
      copied[turn].wait();
      for (std::int64_t i = 0; i < count; ++i)
        std::memcpy(pieces[turn].data() + i * row_bytes, static_cast<const char*>(data) + (row + i) * stride_bytes,
                    size_of(row_bytes));
      CULOGME_CHECK(cudaMemcpyAsync(static_cast<char*>(copy_.data()) + row * row_bytes, pieces[turn].data(),
                                    size_of(count * row_bytes), cudaMemcpyHostToDevice, context.stream()));
      copied[turn].record(context.stream());
    }
    copied[0].wait();  // the pieces go now
    copied[1].wait();
    data_ = copy_.data();
    stride_bytes_ = row_bytes;
  }

  const void* data() const { return data_; }
  std::int64_t stride_bytes() const { return stride_bytes_; }

 private:
  const void* data_;
  std::int64_t stride_bytes_;
  DeviceBytes copy_;
};

OnDevice matrix_on_device(CudaContext& context, const MatrixView& view, const char* what) {
  const std::int64_t element = scalar_bytes(view.scalar);
  return OnDevice(context, view.data, view.memory, view.rows, view.cols * element, view.row_stride * element,
                  std::string(what) + " of " + std::to_string(view.rows) + " rows");
}

}  // namespace

std::unique_ptr<CudaSpectrum> dual_device_spectrum(const std::shared_ptr<CudaContext>& shared,
                                                   const MatrixView& features, const TargetView& targets,
                                                   const std::vector<std::string>& names, Task task, bool f32_products,
                                                   bool intercept, std::size_t limit) {
  CudaContext& context = *shared;
  const DeviceScope scope = context.enter();
  auto result = std::make_unique<CudaSpectrum>();
  CudaSpectrum& s = *result;
  s.context = shared;
  s.started.record(context.stream());
  const std::int64_t n = features.rows, d = features.cols, k = static_cast<std::int64_t>(names.size());
  const std::string what = "the spectrum of " + std::to_string(n) + " rows";
  s.route = Route::dual_gram;
  s.size = s.rows = n;
  s.features = d;
  s.targets = k;
  s.names = names;
  s.origins.note(0, 0, features.scalar);
  s.source.rows_total = n;
  s.source.features = d;
  s.source.dof = static_cast<double>(n) - (intercept ? 1 : 0);
  s.source.dual = true;
  s.source.f32 = f32_products;
  s.source.rows_f32 = d;
  const bool classes = task == Task::classification;

  const OnDevice matrix = matrix_on_device(context, features, "features");
  kernels::RawRows rows;
  rows.features = matrix.data();
  rows.stride = matrix.stride_bytes() / scalar_bytes(features.scalar);
  rows.scalar = features.scalar;
  rows.rows = n;
  rows.cols = d;
  rows.targets = k;
  rows.binary = task == Task::multilabel;
  const std::int64_t id_bytes = classes && targets.labels->wide ? 8 : 4;
  const OnDevice target_matrix =
      classes ? OnDevice(context, targets.labels->data, targets.labels->memory, n, id_bytes, id_bytes, "labels")
              : matrix_on_device(context, *targets.responses, "responses");
  if (classes) {
    rows.labels = target_matrix.data();
    rows.wide = targets.labels->wide;
  } else {
    rows.responses = target_matrix.data();
    rows.response_scalar = targets.responses->scalar;
    rows.response_stride = target_matrix.stride_bytes() / scalar_bytes(rows.response_scalar);
  }

  s.state = {context, 1, what};
  s.traces = {context, 4, what};
  s.square = {context, k, what};
  if (classes) s.counts = {context, k, what};
  if (!classes) s.target_exponent = {context, k, what};
  const Buffer<double> target_pilot(context, classes ? 1 : k, what), pilot(context, d, what),
      dense(context, (k + 1) * n, what), gram(context, n * n, what), along(context, n, what),
      mean(context, n + 1, what);
  const Buffer<float> pilot_f32(context, d, what);
  const Buffer<unsigned long long> word(context, 1, what);
  kernels::launch_reset_sums(s.state.data(), context.stream());
  if (classes) CULOGME_CHECK(cudaMemsetAsync(s.counts.data(), 0, size_of(k) * 8, context.stream()));
  CULOGME_CHECK(cudaMemsetAsync(gram.data(), 0, size_of(n * n) * 8, context.stream()));
  CULOGME_CHECK(cudaMemsetAsync(along.data(), 0, size_of(n) * 8, context.stream()));
  kernels::RawRows head = rows;
  head.rows = std::min(n, kernels::most_head_rows);
  kernels::launch_frame({head, pilot.data(), pilot_f32.data(), s.target_exponent.data(), target_pilot.data(),
                         word.data(), s.state.data()},
                        context.stream());
  kernels::launch_raise_all({rows, pilot.data(), pilot_f32.data(), word.data(), s.state.data()}, context.stream());
  kernels::launch_dense_targets({rows, s.target_exponent.data(), target_pilot.data(), dense.data(), s.square.data(),
                                 s.counts.data(), s.state.data(), intercept},
                                context.stream());

  // Chunks of columns, so that only that much is packed.
  const std::int64_t element = f32_products ? 4 : 8;
  const double affordable = static_cast<double>(limit) / 4 / static_cast<double>(n * element);
  const std::int64_t width =
      std::clamp<std::int64_t>(static_cast<std::int64_t>(std::min(
                                   affordable, static_cast<double>(std::int64_t{1} << 24) / static_cast<double>(n))),
                               std::min<std::int64_t>(d, 32), f32_products ? std::min(d, f32_chain_rows) : d);
  const DeviceBytes packed(context, static_cast<double>(n) * static_cast<double>(width * element), what);
  const Buffer<float> product(context, f32_products ? n * n : 1, what);
  for (std::int64_t begin = 0; begin < d; begin += width) {
    const std::int64_t count = std::min(width, d - begin);
    kernels::launch_pack_columns({rows, begin, count, f32_products, packed.data(), pilot.data() + begin,
                                  pilot_f32.data() + begin, along.data(), s.state.data()},
                                 context.stream());
    if (f32_products) {
      const float one = 1, zero = 0;
      CULOGME_CHECK(cublasSsyrk_64(context.blas(), CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_T, n, count, &one,
                                   static_cast<const float*>(packed.data()), count, &zero, product.data(), n));
      kernels::launch_add_gram({product.data(), gram.data(), nullptr, n, false, nullptr}, context.stream());
    } else {
      const double one = 1;
      CULOGME_CHECK(cublasDsyrk_64(context.blas(), CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_T, n, count, &one,
                                   static_cast<const double*>(packed.data()), count, &one, gram.data(), n));
    }
  }
  kernels::launch_read_bad(rows, s.state.data(), context.stream());
  s.summed.record(context.stream());
  s.source.energy_weight = scalar_bytes(features.scalar) == 2 ? short_digits_weight : 1;
  s.source.chain = f32_chain_rows;
  kernels::launch_shift_dual(
      {gram.data(), along.data(), pilot.data(), mean.data(), s.traces.data(), n, d, intercept, f32_products},
      context.stream());
  decompose_on_device(s, gram, dense);
  return result;
}

}  // namespace culogme::detail
