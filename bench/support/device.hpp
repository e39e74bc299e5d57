#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <cuda_runtime_api.h>

#include <culogme/engine.hpp>

#include "support/device_memory.hpp"

namespace culogme::bench {

/// N, D and C of the benchmarks on a device: 50,000 x 2,048 and 100 classes, or next to nothing with
/// CULOGME_BENCH_DEVICE_SIZE=small, to see that they run.
struct DeviceSize {
  std::int64_t rows, cols, classes;
};
DeviceSize device_size();

/// Empty where device 0 can be used, else why not.
const std::string& why_no_device();

/// A stream in which everything below works and the engine too, made once per process.
cudaStream_t device_stream();
Engine& device_engine();

/// Features as a network gives them and their labels, made once per process for device_size().
const std::vector<std::int32_t>& device_size_labels();
const std::vector<float>& device_size_features();

/// Seconds by CUDA events of `work`, submitted to device_stream(), once for each round after one that does not count.
/// Before each round `prepare` runs and three times the L2 cache is overwritten, so that nothing is found there.
std::vector<double> cold_seconds(
    int rounds, const std::function<void()>& work, const std::function<void()>& prepare = [] {});

/// What this device can do at best, measured once in this process: bytes/s of copies within its memory (read and
/// written both counted) and to it from page-locked memory, flop/s of square products by cuBLAS.
double device_copy_bandwidth();
double device_upload_bandwidth();
double device_gemm_peak_f32();
double device_gemm_peak_f64();

}  // namespace culogme::bench
