#include "support/device.hpp"

#include <cstddef>
#include <cstdlib>
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

bool small() {
  const char* const text = std::getenv("CULOGME_BENCH_DEVICE_SIZE");
  return text != nullptr && std::string(text) == "small";
}

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

template <class T, class Gemm>
double gemm_peak(const Gemm& gemm) {
  const int n = small() ? 64 : 8192 / static_cast<int>(sizeof(T) / 4);
  const std::vector<T> values(static_cast<std::size_t>(n) * static_cast<std::size_t>(n), T(0.37));
  const OnDevice<T> a(values), b(values), c(values);
  cublasHandle_t handle = nullptr;
  check_blas(cublasCreate(&handle), "cublasCreate");
  check_blas(cublasSetStream(handle, device_stream()), "cublasSetStream");
  // As the library has it: products of plain f32 and f64.
  check_blas(cublasSetMathMode(handle, CUBLAS_PEDANTIC_MATH), "cublasSetMathMode");
  const T one = 1, zero = 0;
  const double seconds = median(cold_seconds(rounds(), [&] {
    check_blas(gemm(handle, CUBLAS_OP_N, CUBLAS_OP_T, n, n, n, &one, a.data(), n, b.data(), n, &zero, c.data(), n),
               "gemm");
  }));
  cublasDestroy(handle);
  return 2.0 * n * n * n / seconds;
}

}  // namespace

DeviceSize device_size() { return small() ? DeviceSize{1500, 96, 10} : DeviceSize{rows_m, features_m, classes_m}; }

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

const std::vector<std::int32_t>& device_size_labels() {
  static const std::vector<std::int32_t> labels = random_labels(device_size().rows, device_size().classes, 1);
  return labels;
}

const std::vector<float>& device_size_features() {
  static const std::vector<float> features = network_features(device_size_labels(), device_size().cols, 2);
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

double device_gemm_peak_f32() {
  static const double peak = gemm_peak<float>(cublasSgemm);
  return peak;
}

double device_gemm_peak_f64() {
  static const double peak = gemm_peak<double>(cublasDgemm);
  return peak;
}

}  // namespace culogme::bench
