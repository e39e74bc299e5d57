#include <algorithm>
#include <string>
#include <vector>

#include "cuda/check.hpp"
#include "cuda/dual_input.hpp"
#include "cuda/row_coordinates.hpp"
#include "cuda/spectrum.hpp"
#include "kernels/launch_spectrum.hpp"
#include "rounding.hpp"

namespace culogme::detail {

std::unique_ptr<CudaSpectrum> dual_device_spectrum(const std::shared_ptr<CudaContext>& shared,
                                                   const MatrixView& features, const TargetView& targets,
                                                   const std::vector<std::string>& names, Task task, bool f32_products,
                                                   bool intercept, std::size_t limit, const SampledRows* sample) {
  CudaContext& context = *shared;
  const DeviceScope scope = context.enter();
  auto result = std::make_unique<CudaSpectrum>();
  CudaSpectrum& s = *result;
  const std::int64_t n = features.rows, d = features.cols;
  const std::string what = "the spectrum of " + std::to_string(n) + " rows";
  const DualInput in = begin_dual(s, shared, features, targets, names, task, intercept, 1);
  s.route = Route::dual_gram;
  s.source.f32 = f32_products;
  s.source.rows_f32 = d;
  s.traces = {context, 4, what};
  const Buffer<double> gram(context, n * n, what), along(context, n, what), mean(context, n + 1, what);
  const auto clear = [&](const Buffer<double>& buffer) {
    CULOGME_CHECK(cudaMemsetAsync(buffer.data(), 0, static_cast<std::size_t>(buffer.count()) * 8, context.stream()));
  };
  clear(gram);
  clear(along);

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
    kernels::launch_pack_columns({in.rows, begin, count, f32_products, packed.data(), in.pilot.data() + begin,
                                  in.pilot_f32.data() + begin, along.data(), s.state.data()},
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
  kernels::launch_read_bad(in.rows, s.state.data(), context.stream());
  s.summed.record(context.stream());
  s.source.energy_weight = scalar_bytes(features.scalar) == 2 ? short_digits_weight : 1;
  s.source.chain = f32_chain_rows;
  kernels::launch_shift_dual(
      {gram.data(), along.data(), in.pilot.data(), mean.data(), s.traces.data(), n, d, intercept, f32_products},
      context.stream());
  if (sample != nullptr) prepare_sample(s, in.dense, intercept, *sample);
  decompose_on_device(s, gram, in.dense);
  return result;
}

}  // namespace culogme::detail
