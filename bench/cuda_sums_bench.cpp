// One tile on a device: packing with the class sums against the bandwidth of a copy, the whole fold against the peak of
// square products.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include <culogme/culogme.hpp>

#include "cuda/context.hpp"
#include "cuda/device.hpp"
#include "cuda/device_moments.hpp"
#include "cuda/fold.hpp"
#include "kernels/launch.hpp"
#include "products.hpp"
#include "support/data.hpp"
#include "support/device_bench.hpp"
#include "support/floors.hpp"
#include "support/inputs.hpp"
#include "support/timing.hpp"

namespace culogme::bench {
namespace {

std::int64_t tile_rows() { return std::min(device_size().rows, kernels::most_tile_rows); }

template <class T>
std::vector<T> head_of(const std::vector<T>& values, std::int64_t count) {
  return {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count)};
}

/// A tile of labelled rows in device memory, with moments to add it to.
template <class T>
class Tile {
 public:
  Tile(const std::vector<T>& features, Precision precision)
      : products_(detail::products_of(precision)),
        features_(head_of(features, tile_rows() * device_size().cols)),
        labels_(head_of(device_block_labels(), tile_rows())),
        context_(0, device_stream(), detail::usable_device(0).memory_pools),
        folder_(context_, Task::classification, device_size().cols, products_, tile_rows()),
        moments_(detail::make_device_moments(context_, Task::classification, device_size().cols, device_size().classes,
                                             products_)) {
    rows_.features = features_.data();
    rows_.stride = rows_.cols = device_size().cols;
    rows_.scalar = scalar_of<T>();
    rows_.rows = tile_rows();
    rows_.labels = labels_.data();
    rows_.targets = device_size().classes;
    fold();  // chooses the frame
  }

  void fold() { folder_.fold(moments_, rows_, scalar_bytes(rows_.scalar) == 2); }

  /// The kernels before the product alone.
  void pack() {
    kernels::launch_begin_tile(
        {rows_, sorted_id_.data(), sorted_row_.data(), moments_.counts.data(), moments_.state.data()}, device_stream());
    kernels::launch_pack_tile({rows_, sorted_id_.data(), sorted_row_.data(), products_, packed_.data(),
                               moments_.cross.data(), partial_.data(), moments_.gram.data(), moments_.energy.data(),
                               nullptr, moments_.pilot.data(), moments_.pilot_f32.data(), moments_.state.data()},
                              device_stream());
  }

  /// Features read once, packed rows written once, class sums read and written once.
  double fewest_bytes() const {
    const double n = static_cast<double>(rows_.rows), d = static_cast<double>(rows_.cols);
    return n * d * (sizeof(T) + (products_ == detail::Products::f64 ? 8.0 : 4.0)) +
           16 * d * static_cast<double>(rows_.targets) + 4 * n;
  }

 private:
  static std::size_t count(std::int64_t value) { return static_cast<std::size_t>(value); }

  detail::Products products_;
  OnDevice<T> features_;
  OnDevice<std::int32_t> labels_;
  detail::CudaContext context_;
  detail::DeviceFolder folder_;
  detail::DeviceMoments moments_;
  OnDevice<std::int32_t> sorted_id_{count(tile_rows())}, sorted_row_{count(tile_rows())};
  OnDevice<double> packed_{count(tile_rows() * device_size().cols)};
  OnDevice<double> partial_{count(2 * (tile_rows() / kernels::pack_chunk_rows + 1) * device_size().cols)};
  kernels::RawRows rows_;
};

template <class T>
void measure_pack(benchmark::State& state, const std::vector<T>& features, Precision precision) {
  Tile<T> tile(features, precision);
  const double seconds = median(cold_seconds(3 * rounds(), [&] { tile.pack(); }));
  state.SetIterationTime(seconds);
  state.counters["bytes/s"] = tile.fewest_bytes() / seconds;
  state.counters["copy_bytes/s"] = device_copy_bandwidth();
  state.counters["of_copy_bandwidth"] = tile.fewest_bytes() / seconds / device_copy_bandwidth();
}

template <class T>
void measure_gram(benchmark::State& state, const std::vector<T>& features, Precision precision) {
  Tile<T> tile(features, precision);
  const double seconds = median(cold_seconds(3 * rounds(), [&] { tile.fold(); }));
  const double rate = syrk_flop(tile_rows(), device_size().cols) / seconds, peak = device_gemm_peak(precision);
  state.SetIterationTime(seconds);
  state.counters["flop/s"] = rate;
  state.counters["gemm_peak"] = peak;
  state.counters["of_gemm_peak"] = rate / peak;
}

void pack_f32(benchmark::State& state) {
  on_device(state, [&] { measure_pack(state, device_block_features(), Precision::f32); });
}
void pack_f16(benchmark::State& state) {
  on_device(state, [&] { measure_pack(state, to_f16(device_block_features()), Precision::f32); });
}
void pack_f32_to_f64(benchmark::State& state) {
  on_device(state, [&] { measure_pack(state, device_block_features(), Precision::f64); });
}
void gram(benchmark::State& state, Precision precision) {
  on_device(state, [&] { measure_gram(state, device_block_features(), precision); });
}
void gram_f16(benchmark::State& state, Precision precision) {
  on_device(state, [&] { measure_gram(state, to_f16(device_block_features()), precision); });
}

void tile_size(benchmark::internal::Benchmark* bench) {
  name_device_bench(bench, {tile_rows(), device_size().cols, device_size().classes});
}

}  // namespace

BENCHMARK(pack_f32)->Name("pack/cuda/f32")->Apply(tile_size);
BENCHMARK(pack_f16)->Name("pack/cuda/f16")->Apply(tile_size);
BENCHMARK(pack_f32_to_f64)->Name("pack/cuda/f32-f64")->Apply(tile_size);
BENCHMARK_CAPTURE(gram, f32, Precision::f32)->Name("gram/cuda/f32")->Apply(tile_size);
BENCHMARK_CAPTURE(gram, f64, Precision::f64)->Name("gram/cuda/f64")->Apply(tile_size);
BENCHMARK_CAPTURE(gram, tf32, Precision::tf32)->Name("gram/cuda/tf32")->Apply(tile_size);
BENCHMARK_CAPTURE(gram_f16, half, Precision::half)->Name("gram/cuda/half")->Apply(tile_size);

}  // namespace culogme::bench
