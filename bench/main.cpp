// Google Benchmark's main with the engine in the context lines. Each entry measures its floors in turn with the library
// and reports medians, so one iteration is enough.

#include <benchmark/benchmark.h>

#include <culogme/culogme.hpp>

#include "support/inputs.hpp"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("culogme", culogme::version());
  benchmark::AddCustomContext("engine", culogme::bench::shared_engine().description());
  for (const culogme::BackendInfo& info : culogme::backend_info())
    if (info.backend == culogme::Backend::cpu)
      benchmark::AddCustomContext("blas_kernel", info.blas + " " + info.kernel);
  benchmark::AddCustomContext("compiler", __VERSION__);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
