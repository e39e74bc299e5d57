// The whole score on a device, of features in its memory and in the host's.

#include <benchmark/benchmark.h>

#include <vector>

#include <culogme/culogme.hpp>

#include "support/data.hpp"
#include "support/device_bench.hpp"
#include "support/floors.hpp"
#include "support/inputs.hpp"
#include "support/timing.hpp"

namespace culogme::bench {
namespace {

template <class T>
void measure_score(benchmark::State& state, const std::vector<T>& features, Memory memory, Precision precision) {
  const DeviceSize size = device_size();
  const bool there = memory == Memory::device;
  const OnDevice<T> device_features(there ? features : std::vector<T>{});
  const OnDevice<std::int32_t> device_labels(there ? device_size_labels() : std::vector<std::int32_t>{});
  const MatrixView view = matrix_view(memory, there ? device_features.data() : features.data(), size.rows, size.cols);
  const LabelView labels = label_view(memory, there ? device_labels.data() : device_size_labels().data(), size.rows);
  ScoreOptions options;
  options.precision = precision;
  Score result;
  const std::vector<double> times =
      cold_seconds(rounds(), [&] { result = score(device_engine(), view, labels, size.classes, options); });
  const double seconds = median(times), bytes = static_cast<double>(features.size() * sizeof(T));
  state.SetIterationTime(seconds);
  // What the products alone, and the way to the device, would take of it.
  const double peak = precision == Precision::f64 ? device_gemm_peak_f64() : device_gemm_peak_f32();
  state.counters["of_gemm_peak_alone"] = syrk_flop(size.rows, size.cols) / peak / seconds;
  if (!there) state.counters["of_upload_alone"] = bytes / device_upload_bandwidth() / seconds;
  state.counters["statistics_seconds"] = result.seconds.statistics;
  state.counters["spectrum_seconds"] = result.seconds.spectrum;
  state.counters["evidence_seconds"] = result.seconds.evidence;
  state.counters["error_bound"] = result.error_bound;
  state.counters["score"] = result.value;
}

void device_f32(benchmark::State& state) {
  on_device(state, [&] { measure_score(state, device_size_features(), Memory::device, Precision::f32); });
}
void device_f64(benchmark::State& state) {
  on_device(state, [&] { measure_score(state, device_size_features(), Memory::device, Precision::f64); });
}
void device_f16(benchmark::State& state) {
  on_device(state, [&] { measure_score(state, to_f16(device_size_features()), Memory::device, Precision::f32); });
}
void host_f32(benchmark::State& state) {
  on_device(state, [&] { measure_score(state, device_size_features(), Memory::host, Precision::f32); });
}
void host_f16(benchmark::State& state) {
  on_device(state, [&] { measure_score(state, to_f16(device_size_features()), Memory::host, Precision::f32); });
}

}  // namespace

BENCHMARK(device_f32)->Name("score/cuda/f32/device")->Apply(whole_size);
BENCHMARK(device_f64)->Name("score/cuda/f32-f64/device")->Apply(whole_size);
BENCHMARK(device_f16)->Name("score/cuda/f16/device")->Apply(whole_size);
BENCHMARK(host_f32)->Name("score/cuda/f32/host")->Apply(whole_size);
BENCHMARK(host_f16)->Name("score/cuda/f16/host")->Apply(whole_size);

}  // namespace culogme::bench
