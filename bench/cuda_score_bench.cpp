// The whole score on a device, of features in its memory and in the host's.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include <culogme/culogme.hpp>

#include "support/data.hpp"
#include "support/device_bench.hpp"
#include "support/floors.hpp"
#include "support/inputs.hpp"
#include "support/timing.hpp"

namespace culogme::bench {
namespace {

/// As many of them as a whole size has, over and over, in the memory of the device or the host.
template <class T>
class Repeated {
 public:
  Repeated(const std::vector<T>& block, std::int64_t count, Memory memory)
      : host_(memory == Memory::host ? static_cast<std::size_t>(count) : 0),
        device_(memory == Memory::device ? static_cast<std::size_t>(count) : 0) {
    const auto all = static_cast<std::size_t>(count);
    for (std::size_t begin = 0; begin < all; begin += block.size()) {
      const std::size_t some = std::min(block.size(), all - begin);
      if (memory == Memory::host)
        std::copy_n(block.begin(), some, host_.begin() + static_cast<std::ptrdiff_t>(begin));
      else
        check_cuda(cudaMemcpy(device_.data() + begin, block.data(), some * sizeof(T), cudaMemcpyHostToDevice),
                   "cudaMemcpy");
    }
    // A copy from pageable memory may still be on its way.
    check_cuda(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  }
  const T* data() const { return host_.empty() ? device_.data() : host_.data(); }

 private:
  std::vector<T> host_;
  OnDevice<T> device_;
};

template <class T>
void measure_score(benchmark::State& state, const std::vector<T>& block, Memory memory, Precision precision) {
  const DeviceSize size = device_size();
  const Repeated<T> features(block, size.rows * size.cols, memory);
  const Repeated<std::int32_t> labels(device_block_labels(), size.rows, memory);
  const double bytes = static_cast<double>(size.rows * size.cols) * sizeof(T);
  const MatrixView view = matrix_view(memory, features.data(), size.rows, size.cols);
  const LabelView ids = label_view(memory, labels.data(), size.rows);
  ScoreOptions options;
  options.precision = precision;
  Score result;
  const std::vector<double> times =
      cold_seconds(rounds(), [&] { result = score(device_engine(), view, ids, size.classes, options); });
  const double seconds = median(times);
  state.SetIterationTime(seconds);
  // What the products alone, and the way to the device, would take of it.
  if (precision != Precision::automatic)
    state.counters["of_gemm_peak_alone"] = syrk_flop(size.rows, size.cols) / device_gemm_peak(precision) / seconds;
  if (memory == Memory::host) state.counters["of_upload_alone"] = bytes / device_upload_bandwidth() / seconds;
  state.counters["statistics_seconds"] = result.seconds.statistics;
  state.counters["spectrum_seconds"] = result.seconds.spectrum;
  state.counters["evidence_seconds"] = result.seconds.evidence;
  state.counters["error_bound"] = result.error_bound;
  state.counters["score"] = result.value;
}

void score_f32(benchmark::State& state, Memory memory, Precision precision) {
  on_device(state, [&] { measure_score(state, device_block_features(), memory, precision); });
}
void score_f16(benchmark::State& state, Memory memory, Precision precision) {
  on_device(state, [&] { measure_score(state, to_f16(device_block_features()), memory, precision); });
}

}  // namespace

// Named by the features' element type, the products and where the features are.
BENCHMARK_CAPTURE(score_f32, automatic, Memory::device, Precision::automatic)
    ->Name("score/cuda/f32/device")
    ->Apply(whole_size);
BENCHMARK_CAPTURE(score_f32, f64, Memory::device, Precision::f64)->Name("score/cuda/f32-f64/device")->Apply(whole_size);
BENCHMARK_CAPTURE(score_f32, f32, Memory::device, Precision::f32)->Name("score/cuda/f32-f32/device")->Apply(whole_size);
BENCHMARK_CAPTURE(score_f32, tf32, Memory::device, Precision::tf32)
    ->Name("score/cuda/f32-tf32/device")
    ->Apply(whole_size);
BENCHMARK_CAPTURE(score_f16, f32, Memory::device, Precision::f32)->Name("score/cuda/f16-f32/device")->Apply(whole_size);
BENCHMARK_CAPTURE(score_f16, half, Memory::device, Precision::half)
    ->Name("score/cuda/f16-half/device")
    ->Apply(whole_size);
BENCHMARK_CAPTURE(score_f32, host, Memory::host, Precision::automatic)->Name("score/cuda/f32/host")->Apply(whole_size);
BENCHMARK_CAPTURE(score_f16, host, Memory::host, Precision::automatic)->Name("score/cuda/f16/host")->Apply(whole_size);

}  // namespace culogme::bench
