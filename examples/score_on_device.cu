// Scores features that a network leaves on the device, batch by batch: nothing but the score comes back to the host.
// The kernel stands for the network; features are half precision, labels are on the device too.

#include <culogme/cuda.hpp>
#include <culogme/culogme.hpp>

#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

constexpr std::int64_t batches = 20, batch_rows = 256, cols = 64, classes = 4;

void check(cudaError_t status) {
  if (status != cudaSuccess) throw std::runtime_error(cudaGetErrorString(status));
}

__device__ float hashed(std::uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352dU;
  x = (x ^ (x >> 15)) * 0x846ca68bU;
  return static_cast<float>((x ^ (x >> 16)) >> 8) / 16777216.0F - 0.5F;
}

// One block per row: noise, and in some columns a level that depends on the class.
__global__ void extract(std::int64_t first_row, __half* features, std::int32_t* labels) {
  const auto row = static_cast<std::uint32_t>(first_row) + blockIdx.x;
  const std::uint32_t label = row * 2654435761U >> 30;
  if (threadIdx.x == 0) labels[blockIdx.x] = static_cast<std::int32_t>(label);
  for (std::uint32_t j = threadIdx.x; j < cols; j += blockDim.x) {
    const float level = j % classes == label ? 0.3F : 0.0F;
    features[static_cast<std::int64_t>(blockIdx.x) * cols + j] =
        __float2half(level + hashed(row * static_cast<std::uint32_t>(cols) + j));
  }
}

}  // namespace

int main() {
  try {
    cudaStream_t stream = nullptr;
    __half* features = nullptr;
    std::int32_t* labels = nullptr;
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    check(cudaMalloc(&features, batch_rows * cols * sizeof(__half)));
    check(cudaMalloc(&labels, batch_rows * sizeof(std::int32_t)));
    {
      // The engine works in the network's stream, so no batch has to be waited for before the next one overwrites it.
      culogme::Engine engine(culogme::on_stream(stream));
      culogme::Statistics statistics(engine, cols, classes);
      for (std::int64_t batch = 0; batch < batches; ++batch) {
        extract<<<batch_rows, 64, 0, stream>>>(batch * batch_rows, features, labels);
        check(cudaGetLastError());
        statistics.add(culogme::device_view(features, batch_rows, cols), culogme::device_labels(labels, batch_rows));
      }
      const culogme::Score score = culogme::score(statistics);  // waits
      std::cout << "LogME of " << score.rows << " rows: " << score.value << " (" << score.engine << ")\n";
    }
    check(cudaFree(labels));
    check(cudaFree(features));
    check(cudaStreamDestroy(stream));
  } catch (const std::exception& error) {
    std::cerr << "score_on_device: " << error.what() << '\n';
    return 1;
  }
}
