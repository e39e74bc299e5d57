// The maximum of the evidence of a thousand targets on a device: one launch, from a made-up spectrum whose targets
// range from almost no signal to almost no noise.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <culogme/culogme.hpp>

#include "cuda/device.hpp"
#include "kernels/launch_evidence.hpp"
#include "support/device_bench.hpp"
#include "support/inputs.hpp"
#include "support/timing.hpp"

namespace culogme::bench {
namespace {

struct Problem {
  std::vector<double> eigenvalues, projected, square, traces;
};

/// Eigenvalues fall as a power of their number, as those of networks do; u'F'y of each target.
Problem power_problem(std::int64_t rows, std::int64_t size, std::int64_t targets) {
  const auto n = static_cast<std::size_t>(size), count = static_cast<std::size_t>(targets);
  Problem problem;
  problem.eigenvalues.resize(n);
  double trace = 0;
  for (std::size_t i = 0; i < n; ++i)
    trace += problem.eigenvalues[n - 1 - i] =
        static_cast<double>(rows) * 100 * std::pow(static_cast<double>(i + 1), -1.5);
  problem.traces = {trace, trace, 0, 0};
  problem.projected.resize(n * count);
  problem.square.assign(count, static_cast<double>(rows) / static_cast<double>(targets));
  std::mt19937_64 engine(4);
  std::normal_distribution<double> normal;
  for (std::size_t k = 0; k < count; ++k) {
    const double explained = 0.02 + 0.9 * static_cast<double>(k) / static_cast<double>(count);
    double* const projected = problem.projected.data() + k * n;
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double weight = normal(engine), x2 = weight * weight * (problem.eigenvalues[i] + 1e4);
      sum += x2;
      projected[i] = std::sqrt(x2 * problem.eigenvalues[i]);
    }
    for (std::size_t i = 0; i < n; ++i) projected[i] *= std::sqrt(explained * problem.square[k] / sum);
  }
  return problem;
}

std::int64_t target_count() { return std::min<std::int64_t>(10 * device_size().classes, 1000); }

void measure_evidence(benchmark::State& state) {
  const std::int64_t rows = device_size().rows, size = device_size().cols, targets = target_count();
  const Problem problem = power_problem(rows, size, targets);
  const OnDevice<double> eigenvalues(problem.eigenvalues), projected(problem.projected), square(problem.square),
      traces(problem.traces);
  const OnDevice<kernels::DeviceSpectrum> spectrum(1);
  const OnDevice<detail::EvidenceResult> results(static_cast<std::size_t>(targets));

  kernels::SpectrumScalarsArguments scalars;
  scalars.eigenvalues = eigenvalues.data();
  scalars.source.rows_total = rows;
  scalars.source.features = size;
  scalars.source.dof = static_cast<double>(rows);
  scalars.traces = traces.data();
  scalars.size = size;
  scalars.out = spectrum.data();
  kernels::launch_spectrum_scalars(scalars, device_stream());

  kernels::EvidenceArguments arguments;
  arguments.spectrum = spectrum.data();
  arguments.eigenvalues = eigenvalues.data();
  arguments.projected = projected.data();
  arguments.square = square.data();
  arguments.results = results.data();
  arguments.size = size;
  arguments.targets = targets;
  arguments.shared_limit = detail::usable_device(0).shared_optin;
  const double seconds =
      median(cold_seconds(3 * rounds(), [&] { kernels::launch_evidence(arguments, device_stream()); }));

  std::vector<detail::EvidenceResult> found(results.count());
  check_cuda(cudaMemcpy(found.data(), results.data(), results.bytes(), cudaMemcpyDeviceToHost), "cudaMemcpy");
  double interior = 0, iterations = 0;
  for (const detail::EvidenceResult& result : found) {
    interior += result.point.status == TargetStatus::interior ? 1 : 0;
    iterations += result.iterations;
  }
  const double bytes = 8 * static_cast<double>(size) * static_cast<double>(targets + 1);
  state.SetIterationTime(seconds);
  state.counters["of_copy_bandwidth"] = bytes / seconds / device_copy_bandwidth();
  state.counters["of_goal_50us"] = seconds / 50e-6;
  state.counters["interior"] = interior;
  state.counters["iterations_per_target"] = iterations / static_cast<double>(targets);
}

void evidence(benchmark::State& state) {
  on_device(state, [&] { measure_evidence(state); });
}

void evidence_size(benchmark::internal::Benchmark* bench) {
  name_device_bench(bench, {device_size().rows, device_size().cols, target_count()});
}

}  // namespace

BENCHMARK(evidence)->Name("evidence/cuda/f64/power")->Apply(evidence_size);

}  // namespace culogme::bench
