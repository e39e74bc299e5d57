// Eigenvalues and projections of 100 targets from the moments, against LAPACK's divide and conquer with eigenvectors.

#include <benchmark/benchmark.h>

#include <culogme/culogme.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend.hpp"
#include "cpu/blas.hpp"
#include "cpu/spectrum.hpp"
#include "support/floors.hpp"
#include "support/inputs.hpp"
#include "support/timing.hpp"

namespace culogme::bench {
namespace {

void spectrum(benchmark::State& state) {
  Engine& engine = shared_engine();
  const std::shared_ptr<detail::Backend>& backend = engine.implementation();
  std::vector<std::string> names;
  for (std::int64_t k = 0; k < classes_m; ++k) names.push_back(std::to_string(k));
  const auto features = matrix_view(Memory::host, features_of_m().data(), tiled_rows_m, features_m);
  const auto labels = label_view(Memory::host, labels_of_m().data(), tiled_rows_m);
  detail::SumsOptions options;
  options.products = detail::Products::f32;
  const auto sums = backend->make_sums(features_m, names, options);
  sums->add(features, {&labels, nullptr}, 0, false);
  const detail::Moments moments = sums->moments();

  detail::AlignedVector<double> matrix;
  std::vector<double> eigenvalues(static_cast<std::size_t>(features_m));
  const std::vector<std::function<void()>> works = {
      [&] { benchmark::DoNotOptimize(detail::primal_spectrum(moments, false, engine.threads())); },
      [&] {
        matrix = moments.gram;
        const detail::BlasThreads threads(engine.threads());
        dsyevd(features_m, matrix.data(), eigenvalues.data());
      }};
  while (state.KeepRunning()) {
    const auto times = interleaved(rounds(), works);
    state.SetIterationTime(median(times[0]));
    state.counters["dsyevd_seconds"] = median(times[1]);
    state.counters["faster_than_dsyevd"] = median_ratio(times[1], times[0]);
  }
}

}  // namespace

BENCHMARK(spectrum)
    ->Name("spectrum/cpu/f64/D:2048/K:100")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace culogme::bench
