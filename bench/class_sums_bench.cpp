// What many classes add to the pass over the features: the same features with one class and with a thousand, in turn.

#include <benchmark/benchmark.h>

#include <culogme/culogme.hpp>

#include <cstddef>
#include <functional>
#include <vector>

#include "support/data.hpp"
#include "support/inputs.hpp"
#include "support/timing.hpp"

namespace culogme::bench {
namespace {

void class_sums(benchmark::State& state) {
  constexpr std::int64_t classes = 1000;
  Engine& engine = shared_engine();
  const auto view = matrix_view(Memory::host, features_of_m().data(), tiled_rows_m, features_m);
  const std::vector<std::int32_t> one(static_cast<std::size_t>(tiled_rows_m), 0);
  const std::vector<std::int32_t> many = random_labels(tiled_rows_m, classes, 3);
  const auto pass = [&](const std::vector<std::int32_t>& labels, std::int64_t count) {
    Statistics statistics(engine, features_m, count);
    statistics.add(view, label_view(Memory::host, labels.data(), tiled_rows_m));
  };
  const std::vector<std::function<void()>> works = {[&] { pass(many, classes); }, [&] { pass(one, 1); }};
  while (state.KeepRunning()) {
    const auto times = interleaved(2 * rounds(), works);
    state.SetIterationTime(median(times[0]));
    state.counters["one_class_seconds"] = median(times[1]);
    state.counters["overhead_percent"] = 100 * (median_ratio(times[0], times[1]) - 1);
  }
}

}  // namespace

BENCHMARK(class_sums)
    ->Name("class_sums/cpu/f32/N:49152/D:2048/K:1000")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace culogme::bench
