// Reading features from files that the system has in memory, against copying as much.

#include <benchmark/benchmark.h>

#include <culogme/culogme.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <vector>

#include "support/floors.hpp"
#include "support/inputs.hpp"
#include "support/npy.hpp"
#include "support/timing.hpp"

namespace culogme::bench {
namespace {

void reading(benchmark::State& state) {
  const TemporaryFolder folder(std::filesystem::temp_directory_path());
  const std::filesystem::path file = folder.path() / "features.npy";
  const std::vector<float>& features = features_of_m();
  NpyWriter writer(file, "<f4", rows_m, features_m);
  writer.write(features.data(), features.size() * sizeof(float));
  writer.finish();
  const auto bytes = static_cast<double>(features.size() * sizeof(float));

  const std::vector<std::function<void()>> works = {[&] {
    const auto reader = open_features(file.string());
    for (MatrixView block = reader->next(4096); block.rows > 0; block = reader->next(4096))
      benchmark::DoNotOptimize(block.data);
  }};
  while (state.KeepRunning()) {
    const double copy = copy_bandwidth(1);
    const double seconds = median(interleaved(rounds(), works)[0]);
    state.SetIterationTime(seconds);
    state.counters["bytes/s"] = bytes / seconds;
    state.counters["copy_bytes/s"] = copy;
    // Reading copies each byte once: a read and a write for the memory.
    state.counters["of_copy_bandwidth"] = 2 * bytes / seconds / copy;
  }
}

}  // namespace

BENCHMARK(reading)
    ->Name("reading/cpu/f32/N:50000/D:2048")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace culogme::bench
