#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <vector>

#include "support/device.hpp"

namespace culogme::bench {

/// Runs `body` in the one iteration of a benchmark, or skips it and says why.
inline void on_device(benchmark::State& state, const std::function<void()>& body) {
  if (!why_no_device().empty()) {
    state.SkipWithError(("skipped: " + why_no_device()).c_str());
    return;
  }
  while (state.KeepRunning()) {
    try {
      body();
    } catch (const std::exception& error) {
      state.SkipWithError(error.what());
      return;
    }
  }
}

/// Name and sizes as the other backends have them, "stage/cuda/element/N:../D:../K:..".
inline void name_device_bench(benchmark::internal::Benchmark* bench, const std::vector<std::int64_t>& sizes) {
  bench->ArgNames({"N", "D", "K"})->Args(sizes)->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);
}

inline void whole_size(benchmark::internal::Benchmark* bench) {
  const DeviceSize size = device_size();
  name_device_bench(bench, {size.rows, size.cols, size.classes});
}

}  // namespace culogme::bench
