// Eigenvalues and projections on a device from sums that are there, against cuSOLVER's decomposition alone.

#include <benchmark/benchmark.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <cusolverDn.h>

#include <culogme/culogme.hpp>

#include "backend.hpp"
#include "support/device_bench.hpp"
#include "support/inputs.hpp"
#include "support/timing.hpp"

namespace culogme::bench {
namespace {

/// cusolverDnXsyevd with vectors of a Gram matrix.
class SolverAlone {
 public:
  explicit SolverAlone(const std::vector<double>& gram)
      : gram_(gram), matrix_(gram.size()), eigenvalues_(static_cast<std::size_t>(device_size().cols)), info_(1) {
    check(cusolverDnCreate(&handle_), "cusolverDnCreate");
    check(cusolverDnSetStream(handle_, device_stream()), "cusolverDnSetStream");
    std::size_t device_bytes = 0, host_bytes = 0;
    const std::int64_t n = device_size().cols;
    check(cusolverDnXsyevd_bufferSize(handle_, nullptr, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, n, CUDA_R_64F,
                                      matrix_.data(), n, CUDA_R_64F, eigenvalues_.data(), CUDA_R_64F, &device_bytes,
                                      &host_bytes),
          "cusolverDnXsyevd_bufferSize");
    workspace_ = std::make_unique<OnDevice<char>>(device_bytes);
    host_workspace_.resize(host_bytes);
  }
  SolverAlone(const SolverAlone&) = delete;
  SolverAlone& operator=(const SolverAlone&) = delete;
  ~SolverAlone() { cusolverDnDestroy(handle_); }

  void restore() {
    check_cuda(cudaMemcpyAsync(matrix_.data(), gram_.data(), gram_.bytes(), cudaMemcpyDeviceToDevice, device_stream()),
               "cudaMemcpyAsync");
  }
  void run() {
    const std::int64_t n = device_size().cols;
    check(cusolverDnXsyevd(handle_, nullptr, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, n, CUDA_R_64F,
                           matrix_.data(), n, CUDA_R_64F, eigenvalues_.data(), CUDA_R_64F, workspace_->data(),
                           workspace_->bytes(), host_workspace_.data(), host_workspace_.size(), info_.data()),
          "cusolverDnXsyevd");
  }

 private:
  static void check(cusolverStatus_t status, const char* call) {
    if (status != CUSOLVER_STATUS_SUCCESS)
      throw std::runtime_error(std::string(call) + ": status " + std::to_string(status));
  }

  cusolverDnHandle_t handle_ = nullptr;
  OnDevice<double> gram_, matrix_, eigenvalues_;
  OnDevice<int> info_;
  std::unique_ptr<OnDevice<char>> workspace_;
  std::vector<char> host_workspace_;
};

void measure_spectrum(benchmark::State& state) {
  const DeviceSize size = device_size();
  const std::shared_ptr<detail::Backend>& backend = device_engine().implementation();
  std::vector<std::string> names;
  for (std::int64_t k = 0; k < size.classes; ++k) names.push_back(std::to_string(k));
  const OnDevice<float> features(device_block_features());
  const OnDevice<std::int32_t> labels(device_block_labels());
  const MatrixView view = matrix_view(Memory::device, features.data(), block_rows(), size.cols);
  const LabelView ids = label_view(Memory::device, labels.data(), block_rows());
  const auto sums = backend->make_sums(size.cols, names, {});
  sums->add(view, {&ids, nullptr}, 0, false);
  const detail::Moments moments = sums->moments();
  SolverAlone alone({moments.gram.begin(), moments.gram.end()});

  std::unique_ptr<detail::AnySpectrum> spectrum;
  const std::vector<double> times =
      cold_seconds(rounds(), [&] { spectrum = backend->spectrum(*sums, true, false, nullptr); });
  backend->maximise(*spectrum);  // throws if a decomposition failed its check
  const std::vector<double> solver = cold_seconds(
      rounds(), [&] { alone.run(); }, [&] { alone.restore(); });
  state.SetIterationTime(median(times));
  state.counters["solver_seconds"] = median(solver);
  state.counters["of_solver_alone"] = median_ratio(solver, times);
}

void spectrum(benchmark::State& state) {
  on_device(state, [&] { measure_spectrum(state); });
}

void block_size(benchmark::internal::Benchmark* bench) {
  name_device_bench(bench, {block_rows(), device_size().cols, device_size().classes});
}

}  // namespace

BENCHMARK(spectrum)->Name("spectrum/cuda/f64")->Apply(block_size);

}  // namespace culogme::bench
