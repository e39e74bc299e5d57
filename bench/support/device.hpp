#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <cuda_runtime_api.h>

#include <culogme/engine.hpp>
#include <culogme/statistics.hpp>

#include "support/device_memory.hpp"

namespace culogme::bench {

/// N, D and C of the benchmarks on a device: 50,000 x 2,048 and 100 classes; with CULOGME_BENCH_DEVICE_SIZE=imagenet
/// 1,281,167 x 2,048 and 1,000 classes; with small next to nothing, to see that they run.
struct DeviceSize {
  std::int64_t rows, cols, classes;
};
DeviceSize device_size();

/// Rows that are made at random, 50,000 at most: larger sizes repeat them, which no product and no sum can tell.
std::int64_t block_rows();

/// Empty where device 0 can be used, else why not.
const std::string& why_no_device();

/// A stream in which everything below works and the engine too, made once per process.
cudaStream_t device_stream();
Engine& device_engine();

/// Features as a network gives them and their labels: block_rows() of them, made once per process.
const std::vector<std::int32_t>& device_block_labels();
const std::vector<float>& device_block_features();

/// Seconds by CUDA events of `work`, submitted to device_stream(), once for each round after one that does not count.
/// Before each round `prepare` runs and three times the L2 cache is overwritten, so that nothing is found there.
std::vector<double> cold_seconds(
    int rounds, const std::function<void()>& work, const std::function<void()>& prepare = [] {});

/// What this device can do at best, measured once in this process: bytes/s of copies within its memory (read and
/// written both counted) and to it from page-locked memory, flop/s of square products by cuBLAS in an arithmetic (half:
/// of f16 with f32 sums).
double device_copy_bandwidth();
double device_upload_bandwidth();
double device_gemm_peak(Precision precision);

}  // namespace culogme::bench
