// Moments of a whole feature matrix against the BLAS library's own SYRK and the peak of the processor's multipliers.

#include <benchmark/benchmark.h>

#include <culogme/culogme.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

#include "support/data.hpp"
#include "support/floors.hpp"
#include "support/inputs.hpp"
#include "support/timing.hpp"

namespace culogme::bench {
namespace {

// One class: the class sums are one extra addition per element.
template <class T, class Product>
void measure_gram(benchmark::State& state, const std::vector<T>& features, const std::vector<Product>& for_library) {
  Engine& engine = shared_engine();
  const std::vector<std::int32_t> labels(static_cast<std::size_t>(tiled_rows_m), 0);
  const auto view = matrix_view(Memory::host, features.data(), tiled_rows_m, features_m);
  LibrarySyrk<Product> library(for_library.data(), tiled_rows_m, features_m, engine.threads());
  const std::vector<std::function<void()>> works = {[&] {
                                                      Statistics statistics(engine, features_m, 1);
                                                      statistics.add(
                                                          view, label_view(Memory::host, labels.data(), tiled_rows_m));
                                                    },
                                                    [&] { library.together(); }, [&] { library.per_thread(); }};

  while (state.KeepRunning()) {
    const auto peak = [&] {
      return sizeof(Product) == 4 ? fma_peak_f32(engine.threads()) : fma_peak_f64(engine.threads());
    };
    const double peak_before = peak();
    const auto times = interleaved(rounds(), works);
    const double fma_peak = std::max(peak_before, peak());
    const double flop = syrk_flop(tiled_rows_m, features_m);
    const double together = median(times[1]), per_thread = median(times[2]);
    state.SetIterationTime(median(times[0]));
    state.counters["flop/s"] = flop / median(times[0]);
    state.counters["fma_peak"] = fma_peak;
    state.counters["of_fma_peak"] = flop / median(times[0]) / fma_peak;
    state.counters["library_together"] = flop / together;
    state.counters["library_per_thread"] = flop / per_thread;
    state.counters["of_fastest_library"] = median_ratio(together < per_thread ? times[1] : times[2], times[0]);
  }
}

void gram_f32(benchmark::State& state) { measure_gram(state, features_of_m(), features_of_m()); }
void gram_f16(benchmark::State& state) { measure_gram(state, to_f16(features_of_m()), features_of_m()); }
void gram_bf16(benchmark::State& state) { measure_gram(state, to_bf16(features_of_m()), features_of_m()); }
void gram_f64(benchmark::State& state) {
  const std::vector<double> features = to_f64(features_of_m());
  measure_gram(state, features, features);
}

}  // namespace

BENCHMARK(gram_f32)
    ->Name("gram/cpu/f32/N:49152/D:2048/K:1")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(gram_f16)
    ->Name("gram/cpu/f16/N:49152/D:2048/K:1")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(gram_bf16)
    ->Name("gram/cpu/bf16/N:49152/D:2048/K:1")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(gram_f64)
    ->Name("gram/cpu/f64/N:49152/D:2048/K:1")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace culogme::bench
