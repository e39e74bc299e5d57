// cuSOLVER's eigensolvers and what a tridiagonal route would need, at the sizes of features: which of them decides the
// time of the spectrum.

#include <benchmark/benchmark.h>

#include <cmath>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <cublas_v2.h>
#include <cusolverDn.h>

#include "support/data.hpp"
#include "support/device_bench.hpp"
#include "support/inputs.hpp"
#include "support/timing.hpp"

namespace culogme::bench {
namespace {

void check(cusolverStatus_t status, const char* call) {
  if (status != CUSOLVER_STATUS_SUCCESS)
    throw std::runtime_error(std::string(call) + ": status " + std::to_string(status));
}
void check(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw std::runtime_error(std::string(call) + ": " + cublasGetStatusString(status));
}

/// The Gram matrix of 2n rows whose columns' spreads fall as those of a network's directions do, and handles to solve
/// it.
class Problem {
 public:
  explicit Problem(std::int64_t n)
      : n_(n),
        gram_(count(n * n)),
        matrix_(count(n * n)),
        values_(count(n)),
        off_diagonal_(count(n)),
        tau_(count(n)),
        info_(1) {
    check(cusolverDnCreate(&solver_), "cusolverDnCreate");
    check(cusolverDnSetStream(solver_, device_stream()), "cusolverDnSetStream");
    check(cublasCreate(&blas_), "cublasCreate");
    check(cublasSetStream(blas_, device_stream()), "cublasSetStream");
    std::vector<double> rows(count(2 * n * n));
    std::uint64_t place = 0;
    for (double& value : rows) {
      const double spread = std::pow(1.0 + static_cast<double>(place % static_cast<std::uint64_t>(n)), -0.75);
      value = spread * (static_cast<double>(hashed(place)) - 0.5);
      ++place;
    }
    const OnDevice<double> features(rows);
    const double one = 1, zero = 0;
    // All entries, so that either triangle may be asked for.
    check(cublasDgemm(blas_, CUBLAS_OP_N, CUBLAS_OP_T, static_cast<int>(n), static_cast<int>(n),
                      static_cast<int>(2 * n), &one, features.data(), static_cast<int>(n), features.data(),
                      static_cast<int>(n), &zero, gram_.data(), static_cast<int>(n)),
          "cublasDgemm");
    check_cuda(cudaStreamSynchronize(device_stream()), "cudaStreamSynchronize");
  }
  Problem(const Problem&) = delete;
  Problem& operator=(const Problem&) = delete;
  ~Problem() {
    cublasDestroy(blas_);
    cusolverDnDestroy(solver_);
  }

  void restore() {
    check_cuda(cudaMemcpyAsync(matrix_.data(), gram_.data(), gram_.bytes(), cudaMemcpyDeviceToDevice, device_stream()),
               "cudaMemcpyAsync");
  }
  double seconds(const std::function<void()>& work, bool keep = false) {
    const double found = median(cold_seconds(rounds(), work, [&] {
      if (!keep) restore();
    }));
    int info = 0;
    check_cuda(cudaMemcpy(&info, info_.data(), sizeof info, cudaMemcpyDeviceToHost), "cudaMemcpy");
    if (info != 0) throw std::runtime_error("info " + std::to_string(info));
    return found;
  }

  double syevd(cusolverEigMode_t mode) {
    std::size_t device_bytes = 0, host_bytes = 0;
    check(cusolverDnXsyevd_bufferSize(solver_, nullptr, mode, CUBLAS_FILL_MODE_LOWER, n_, CUDA_R_64F, matrix_.data(),
                                      n_, CUDA_R_64F, values_.data(), CUDA_R_64F, &device_bytes, &host_bytes),
          "cusolverDnXsyevd_bufferSize");
    const OnDevice<char> workspace(device_bytes);
    std::vector<char> host(host_bytes);
    return seconds([&] {
      check(cusolverDnXsyevd(solver_, nullptr, mode, CUBLAS_FILL_MODE_LOWER, n_, CUDA_R_64F, matrix_.data(), n_,
                             CUDA_R_64F, values_.data(), CUDA_R_64F, workspace.data(), device_bytes, host.data(),
                             host_bytes, info_.data()),
            "cusolverDnXsyevd");
    });
  }

  double sytrd() {
    int words = 0;
    const int n = static_cast<int>(n_);
    check(cusolverDnDsytrd_bufferSize(solver_, CUBLAS_FILL_MODE_LOWER, n, matrix_.data(), n, values_.data(),
                                      off_diagonal_.data(), tau_.data(), &words),
          "cusolverDnDsytrd_bufferSize");
    const OnDevice<double> workspace(count(words));
    return seconds([&] {
      check(cusolverDnDsytrd(solver_, CUBLAS_FILL_MODE_LOWER, n, matrix_.data(), n, values_.data(),
                             off_diagonal_.data(), tau_.data(), workspace.data(), words, info_.data()),
            "cusolverDnDsytrd");
    });
  }

  /// The reflectors that sytrd() left applied to `columns` vectors, whose length they keep.
  double ormtr(std::int64_t columns) {
    const int n = static_cast<int>(n_), c = static_cast<int>(columns);
    const OnDevice<double> vectors(std::vector<double>(count(n_ * columns), 0.25));
    int words = 0;
    check(cusolverDnDormtr_bufferSize(solver_, CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_T, n, c,
                                      matrix_.data(), n, tau_.data(), vectors.data(), n, &words),
          "cusolverDnDormtr_bufferSize");
    const OnDevice<double> workspace(count(words));
    return seconds(
        [&] {
          check(cusolverDnDormtr(solver_, CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_T, n, c, matrix_.data(),
                                 n, tau_.data(), vectors.data(), n, workspace.data(), words, info_.data()),
                "cusolverDnDormtr");
        },
        true);
  }

 private:
  static std::size_t count(std::int64_t value) { return static_cast<std::size_t>(value); }

  std::int64_t n_;
  OnDevice<double> gram_, matrix_, values_, off_diagonal_, tau_;
  OnDevice<int> info_;
  cusolverDnHandle_t solver_ = nullptr;
  cublasHandle_t blas_ = nullptr;
};

void eigensolvers(benchmark::State& state) {
  on_device(state, [&] {
    Problem problem(state.range(0));
    const double vectors = problem.syevd(CUSOLVER_EIG_MODE_VECTOR), values = problem.syevd(CUSOLVER_EIG_MODE_NOVECTOR);
    const double tridiagonal = problem.sytrd(), turned = problem.ormtr(100);
    state.SetIterationTime(vectors);
    state.counters["no_vectors_seconds"] = values;
    state.counters["sytrd_seconds"] = tridiagonal;
    state.counters["ormtr_100_seconds"] = turned;
    state.counters["of_sytrd"] = vectors / tridiagonal;
  });
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"D"})->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);
  if (device_size().rows < 10000) {
    bench->Arg(96);
    return;
  }
  for (const std::int64_t size : {512, 1024, 2048, 4096, 8192}) bench->Arg(size);
}

}  // namespace

BENCHMARK(eigensolvers)->Name("solver/cuda/xsyevd")->Apply(sizes);

}  // namespace culogme::bench
