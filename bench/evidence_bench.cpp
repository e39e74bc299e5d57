// The maximum of the evidence of a thousand targets on one core, from eigenvalues and projections: of features as a
// network gives them, and of a made-up spectrum whose targets range from almost no signal to almost no noise.

#include <benchmark/benchmark.h>

#include <culogme/culogme.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "backend.hpp"
#include "cpu/evidence.hpp"
#include "cpu/spectrum.hpp"
#include "support/inputs.hpp"
#include "support/timing.hpp"

namespace culogme::bench {
namespace {

// Each class of the features is split into ten at random.
detail::Spectrum network_spectrum(detail::Backend& backend) {
  std::vector<std::string> names;
  for (std::int64_t k = 0; k < 10 * classes_m; ++k) names.push_back(std::to_string(k));
  std::vector<std::int32_t> ids(labels_of_m().begin(), labels_of_m().begin() + tiled_rows_m);
  std::mt19937 engine(5);
  for (std::int32_t& id : ids) id = 10 * id + static_cast<std::int32_t>(engine() % 10);
  const MatrixView features = matrix_view(Memory::host, features_of_m().data(), tiled_rows_m, features_m);
  const LabelView labels = label_view(Memory::host, ids.data(), tiled_rows_m);
  detail::SumsOptions options;
  options.products = detail::Products::f32;
  const auto sums = backend.make_sums(features_m, names, options);
  sums->add(features, {&labels, nullptr}, 0, false);
  return detail::primal_spectrum(sums->take(), false, 1);
}

// Eigenvalues fall as a power of their number, as those of networks do.
detail::Spectrum power_spectrum(std::int64_t rank, std::int64_t targets) {
  constexpr double rows = 50000;
  const auto size = static_cast<std::size_t>(rank), count = static_cast<std::size_t>(targets);
  detail::Spectrum spectrum;
  spectrum.dof = rows;
  spectrum.rank = spectrum.features = rank;
  spectrum.eigenvalues.resize(size);
  for (std::size_t i = 0; i < size; ++i)
    spectrum.eigenvalues[size - 1 - i] = rows * 100 * std::pow(static_cast<double>(i + 1), -1.5);
  spectrum.projections.resize(size * count);
  spectrum.targets.resize(count);
  spectrum.rows.assign(count, static_cast<std::int64_t>(rows) / targets);
  std::mt19937_64 engine(4);
  std::normal_distribution<double> normal;
  for (std::size_t k = 0; k < count; ++k) {
    // Share of y'y = n_k that the features explain: from next to nothing to most of it.
    const double square = rows / static_cast<double>(targets);
    const double explained = 0.02 + 0.9 * static_cast<double>(k) / static_cast<double>(count);
    double sum = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const double weight = normal(engine);
      const double value = weight * weight * (spectrum.eigenvalues[i] + 1e4);
      spectrum.projections[k * size + i] = value;
      sum += value;
    }
    for (std::size_t i = 0; i < size; ++i) spectrum.projections[k * size + i] *= explained * square / sum;
    spectrum.targets[k] = {square, square, square * (1 - explained), 0, false};
  }
  return spectrum;
}

void measure_evidence(benchmark::State& state, const detail::Spectrum& spectrum) {
  const double targets = static_cast<double>(spectrum.targets.size());
  std::vector<TargetFit> fits;
  const std::vector<std::function<void()>> works = {[&] { fits = detail::maximise_evidence(spectrum, 1); }};
  while (state.KeepRunning()) {
    const double seconds = median(interleaved(3 * rounds(), works)[0]);
    double interior = 0, iterations = 0;
    for (const TargetFit& fit : fits) {
      interior += fit.status == TargetStatus::interior ? 1 : 0;
      iterations += fit.iterations;
    }
    state.SetIterationTime(seconds);
    state.counters["microseconds_per_target"] = 1e6 * seconds / targets;
    state.counters["iterations_per_target"] = iterations / targets;
    state.counters["interior"] = interior;
    state.counters["of_goal_10ms"] = seconds / 10e-3;
  }
}

void evidence_network(benchmark::State& state) {
  measure_evidence(state, network_spectrum(*shared_engine().implementation()));
}
void evidence_power(benchmark::State& state) { measure_evidence(state, power_spectrum(features_m, 10 * classes_m)); }

}  // namespace

BENCHMARK(evidence_network)
    ->Name("evidence/cpu/f64/network/D:2048/K:1000/threads:1")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(evidence_power)
    ->Name("evidence/cpu/f64/power/D:2048/K:1000/threads:1")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace culogme::bench
