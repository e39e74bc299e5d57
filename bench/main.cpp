// Google Benchmark's main with the engine in the context lines. Each entry measures its floors in turn with the library
// and reports medians, so one iteration is enough.

#include <benchmark/benchmark.h>

#include <culogme/culogme.hpp>

#include <string>

#include "command/blas_kernel.hpp"
#include "support/inputs.hpp"
#ifdef CULOGME_HAS_CUDA
#include "support/device.hpp"
#endif

int main(int argc, char** argv) {
  culogme::command::start_with_better_kernel(argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("culogme", culogme::version());
  benchmark::AddCustomContext("engine", culogme::bench::shared_engine().description());
  for (const culogme::BackendInfo& info : culogme::backend_info())
    if (info.backend == culogme::Backend::cpu)
      benchmark::AddCustomContext("blas_kernel", info.blas + " " + info.kernel);
#ifdef CULOGME_HAS_CUDA
  const std::string& reason = culogme::bench::why_no_device();
  benchmark::AddCustomContext("device", reason.empty() ? culogme::bench::device_engine().description() : reason);
#else
  benchmark::AddCustomContext("device", "none: built without CUDA");
#endif
  benchmark::AddCustomContext("compiler", __VERSION__);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
