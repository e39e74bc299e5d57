// The whole score of features in memory: N = 50,000, D = 2,048, 100 classes.

#include <benchmark/benchmark.h>

#include <culogme/culogme.hpp>

#include <functional>
#include <vector>

#include "support/data.hpp"
#include "support/floors.hpp"
#include "support/inputs.hpp"
#include "support/timing.hpp"

namespace culogme::bench {
namespace {

template <class T>
void measure_score(benchmark::State& state, const std::vector<T>& features) {
  Engine& engine = shared_engine();
  const auto view = matrix_view(Memory::host, features.data(), rows_m, features_m);
  const auto labels = label_view(Memory::host, labels_of_m().data(), rows_m);
  LibrarySyrk<float> library(features_of_m().data(), rows_m, features_m, engine.threads());
  Score result;
  ScoreOptions with_error;
  with_error.standard_error = true;
  const std::vector<std::function<void()>> works = {[&] { result = score(engine, view, labels, classes_m); },
                                                    [&] { library.together(); },
                                                    [&] { score(engine, view, labels, classes_m, with_error); }};
  while (state.KeepRunning()) {
    const auto times = interleaved(rounds(), works);
    state.SetIterationTime(median(times[0]));
    state.counters["of_library_syrk_alone"] = median_ratio(times[1], times[0]);
    state.counters["with_standard_error"] = median_ratio(times[2], times[0]);
    state.counters["statistics_seconds"] = result.seconds.statistics;
    state.counters["spectrum_seconds"] = result.seconds.spectrum;
    state.counters["evidence_seconds"] = result.seconds.evidence;
    state.counters["error_bound"] = result.error_bound;
    state.counters["score"] = result.value;
  }
}

void score_f32(benchmark::State& state) { measure_score(state, features_of_m()); }
void score_f16(benchmark::State& state) { measure_score(state, to_f16(features_of_m())); }

}  // namespace

BENCHMARK(score_f32)
    ->Name("score/cpu/f32/N:50000/D:2048/K:100")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(score_f16)
    ->Name("score/cpu/f16/N:50000/D:2048/K:100")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace culogme::bench
