#include "support/device.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <stdexcept>

#include <cublas_v2.h>

#include <culogme/cuda.hpp>
#include <culogme/error.hpp>

#include "cuda/device.hpp"
#include "support/data.hpp"
#include "support/inputs.hpp"
#include "support/timing.hpp"

namespace culogme::bench {
namespace {

bool size_is(const char* name) {
  const char* const text = std::getenv("CULOGME_BENCH_DEVICE_SIZE");
  return text != nullptr && std::string(text) == name;
}
bool small() { return size_is("small"); }

void check_blas(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw std::runtime_error(std::string(call) + ": " + cublasGetStatusString(status));
}

/// Events, and memory to fill the cache with.
class ColdTimer {
 public:
  ColdTimer() : rubbish_(3 * cache_bytes()) {
    check_cuda(cudaEventCreate(&start_), "cudaEventCreate");
    check_cuda(cudaEventCreate(&stop_), "cudaEventCreate");
  }
  ColdTimer(const ColdTimer&) = delete;
  ColdTimer& operator=(const ColdTimer&) = delete;
  ~ColdTimer() {
    cudaEventDestroy(start_);
    cudaEventDestroy(stop_);
  }

  double seconds(const std::function<void()>& work, const std::function<void()>& prepare) {
    prepare();
    check_cuda(cudaMemsetAsync(rubbish_.data(), 1, rubbish_.bytes(), device_stream()), "cudaMemsetAsync");
    check_cuda(cudaEventRecord(start_, device_stream()), "cudaEventRecord");
    work();
    check_cuda(cudaEventRecord(stop_, device_stream()), "cudaEventRecord");
    check_cuda(cudaEventSynchronize(stop_), "cudaEventSynchronize");
    float milliseconds = 0;
    check_cuda(cudaEventElapsedTime(&milliseconds, start_, stop_), "cudaEventElapsedTime");
    return 1e-3 * static_cast<double>(milliseconds);
  }

 private:
  static std::size_t cache_bytes() {
    int bytes = 0;
    check_cuda(cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, 0), "cudaDeviceGetAttribute");
    return small() ? std::size_t{1} << 20 : static_cast<std::size_t>(bytes);
  }

  OnDevice<char> rubbish_;
  cudaEvent_t start_ = nullptr, stop_ = nullptr;
};

struct Arithmetic {
  cudaDataType_t element, sum;
  cublasComputeType_t compute;
  std::size_t bytes;
};

Arithmetic arithmetic_of(Precision precision) {
  switch (precision) {
    // As the library has them: products of plain f32 and f64.
    case Precision::f64:
      return {CUDA_R_64F, CUDA_R_64F, CUBLAS_COMPUTE_64F_PEDANTIC, 8};
    case Precision::f32:
      return {CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F_PEDANTIC, 4};
    case Precision::tf32:
      return {CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32, 4};
    case Precision::half:
      return {CUDA_R_16F, CUDA_R_32F, CUBLAS_COMPUTE_32F, 2};
    default:
      throw std::invalid_argument("this precision has no product of its own");
  }
}

double measure_gemm_peak(Precision precision) {
  const Arithmetic arithmetic = arithmetic_of(precision);
  const std::int64_t n = small() ? 64 : precision == Precision::f64 ? 4096 : 8192;
  std::vector<float> numbers(static_cast<std::size_t>(n * n));
  // Not all the same: a card that has less to switch runs faster.
  std::uint64_t place = 0;
  for (float& number : numbers) number = hashed(place++) - 0.5f;
  const std::size_t bytes = numbers.size() * arithmetic.bytes;
  const OnDevice<char> a(bytes), c(numbers.size() * (arithmetic.sum == CUDA_R_64F ? 8 : 4));
  const auto fill = [&](const void* from) {
    check_cuda(cudaMemcpy(a.data(), from, bytes, cudaMemcpyHostToDevice), "cudaMemcpy");
    check_cuda(cudaDeviceSynchronize(), "cudaDeviceSynchronize");  // pageable memory may still be on its way
  };
  if (arithmetic.bytes == 8)
    fill(to_f64(numbers).data());
  else if (arithmetic.bytes == 4)
    fill(numbers.data());
  else
    fill(to_f16(numbers).data());
  cublasHandle_t handle = nullptr;
  check_blas(cublasCreate(&handle), "cublasCreate");
  check_blas(cublasSetStream(handle, device_stream()), "cublasSetStream");
  const double one64 = 1, zero64 = 0;
  const float one32 = 1, zero32 = 0;
  const bool wide = arithmetic.sum == CUDA_R_64F;
  const void* const one = wide ? static_cast<const void*>(&one64) : &one32;
  const void* const zero = wide ? static_cast<const void*>(&zero64) : &zero32;
  const int size = static_cast<int>(n);
  const double seconds = median(cold_seconds(rounds(), [&] {
    check_blas(cublasGemmEx(handle, CUBLAS_OP_N, CUBLAS_OP_T, size, size, size, one, a.data(), arithmetic.element, size,
                            a.data(), arithmetic.element, size, zero, c.data(), arithmetic.sum, size,
                            arithmetic.compute, CUBLAS_GEMM_DEFAULT),
               "cublasGemmEx");
  }));
  cublasDestroy(handle);
  return 2 * std::pow(static_cast<double>(n), 3) / seconds;
}

}  // namespace

DeviceSize device_size() {
  if (small()) return {1500, 96, 10};
  if (size_is("imagenet")) return {1281167, 2048, 1000};
  return {rows_m, features_m, classes_m};
}

std::int64_t block_rows() { return std::min(device_size().rows, rows_m); }

const std::string& why_no_device() {
  static const std::string reason = [] {
    try {
      detail::usable_device(0);
      return std::string();
    } catch (const Error& error) {
      return std::string(error.what());
    }
  }();
  return reason;
}

cudaStream_t device_stream() {
  static const cudaStream_t stream = [] {
    cudaStream_t made = nullptr;
    check_cuda(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    return made;
  }();
  return stream;
}

Engine& device_engine() {
  // Never destroyed: CUDA may be gone when objects of the whole process go.
  static Engine* const engine = new Engine(on_stream(device_stream()));
  return *engine;
}

const std::vector<std::int32_t>& device_block_labels() {
  static const std::vector<std::int32_t> labels = random_labels(block_rows(), device_size().classes, 1);
  return labels;
}

const std::vector<float>& device_block_features() {
  static const std::vector<float> features = network_features(device_block_labels(), device_size().cols, 2);
  return features;
}

std::vector<double> cold_seconds(int rounds, const std::function<void()>& work, const std::function<void()>& prepare) {
  ColdTimer timer;
  timer.seconds(work, prepare);
  std::vector<double> times;
  for (int round = 0; round < rounds; ++round) times.push_back(timer.seconds(work, prepare));
  return times;
}

double device_copy_bandwidth() {
  static const double bandwidth = [] {
    const std::size_t bytes = std::size_t{1} << (small() ? 16 : 30);
    const OnDevice<char> from(std::vector<char>(bytes, 1)), to(bytes);
    return 2 * static_cast<double>(bytes) / median(cold_seconds(rounds(), [&] {
             check_cuda(cudaMemcpyAsync(to.data(), from.data(), bytes, cudaMemcpyDeviceToDevice, device_stream()),
                        "cudaMemcpyAsync");
           }));
  }();
  return bandwidth;
}

double device_upload_bandwidth() {
  static const double bandwidth = [] {
    const std::size_t bytes = std::size_t{1} << (small() ? 16 : 28);
    const OnDevice<char> to(bytes);
    void* from = nullptr;
    check_cuda(cudaMallocHost(&from, bytes), "cudaMallocHost");
    const double seconds = median(cold_seconds(rounds(), [&] {
      check_cuda(cudaMemcpyAsync(to.data(), from, bytes, cudaMemcpyHostToDevice, device_stream()), "cudaMemcpyAsync");
    }));
    cudaFreeHost(from);
    return static_cast<double>(bytes) / seconds;
  }();
  return bandwidth;
}

double device_gemm_peak(Precision precision) {
  static std::map<Precision, double> peaks;
  const auto found = peaks.find(precision);
  return found != peaks.end() ? found->second : peaks[precision] = measure_gemm_peak(precision);
}

}  // namespace culogme::bench
