// The cases of tests/cases/cases.json that describe a fault or a limit of the CUDA libraries, by their numbers.

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/io.hpp>
#include <culogme/score.hpp>

#include "cuda/solver_faults.hpp"
#include "support/compare.hpp"
#include "support/device.hpp"

namespace {

using support::message_of;
using support::SolverFault;
using support::WithSolverFault;

constexpr double base_value = -0.403793309413122, wide_value = 0.0548128964149501;  // cases.json
constexpr double tolerance_of_cases = 1e-10;                                        // tests/cases/README.md

std::string file(const std::string& name) { return std::string(CULOGME_TEST_DATA) + "/cases/" + name; }

class CudaCases : public support::CudaTest {
 protected:
  static culogme::Score score_files(culogme::Engine& engine, const std::string& features, const std::string& labels,
                                    culogme::Precision precision = culogme::Precision::f64) {
    const auto reader = culogme::open_features({file(features)});
    const culogme::Labels targets = culogme::read_labels(file(labels), {culogme::Task::classification});
    culogme::ScoreOptions options;
    options.precision = precision;
    return culogme::score(engine, *reader, targets, options);
  }
  static culogme::Score score_base(culogme::Engine& engine) {
    return score_files(engine, "base/features.npy", "base/labels.npy");
  }
  static void expect_base(culogme::Engine& engine) {
    EXPECT_NEAR(score_base(engine).value, base_value, tolerance_of_cases);
  }
};

TEST_F(CudaCases, Solver01LargeWorkspacesPassUnharmed) {
  culogme::Engine engine = cuda_engine();
  const WithSolverFault fault(SolverFault::large_workspace, 3'000'000'000U);
  try {
    expect_base(engine);
  } catch (const culogme::OutOfMemory& error) {  // on a small device
    CULOGME_EXPECT_HOLDS(error.what(), "3000000000");
  }
}

TEST_F(CudaCases, Solver02ARefusedQueryNamesTheProblem) {
  culogme::Engine engine = cuda_engine();
  {
    const WithSolverFault fault(SolverFault::refused_query);
    const std::string message = message_of<culogme::NumericalError>([&] { score_base(engine); });
    for (const char* part : {"eigenproblem of size 8", "refused", "invalid value"}) CULOGME_EXPECT_HOLDS(message, part);
  }
  expect_base(engine);
}

TEST_F(CudaCases, Solver03WrongVectorsAreFound) {
  culogme::Engine engine = cuda_engine();
  for (const SolverFault kind : {SolverFault::wrong_vector, SolverFault::swapped_vectors}) {
    {
      const WithSolverFault fault(kind);
      const std::string message = message_of<culogme::NumericalError>([&] { score_base(engine); });
      CULOGME_EXPECT_HOLDS(message, "check");
      CULOGME_EXPECT_HOLDS(message, "residual");
    }
    expect_base(engine);
  }
}

TEST_F(CudaCases, Solver03AWrongVectorOfATinyEigenvalueIsFoundToo) {
  culogme::Engine engine = cuda_engine();
  const support::Data features = support::with_spectrum(60, 8, support::SpectrumKind::one_small, 1e6, 3);
  const support::Stored stored(features, culogme::Scalar::f64);
  const support::Labels labels = support::balanced_labels(60, 3, 4);
  const WithSolverFault fault(SolverFault::wrong_vector);
  CULOGME_EXPECT_HOLDS(
      message_of<culogme::NumericalError>([&] { culogme::score(engine, stored.view(), support::view(labels), 3); }),
      "check");
}

TEST_F(CudaCases, SolverThatDoesNotConvergeIsSaid) {
  culogme::Engine engine = cuda_engine();
  {
    const WithSolverFault fault(SolverFault::info);
    CULOGME_EXPECT_HOLDS(message_of<culogme::NumericalError>([&] { score_base(engine); }), "info 3");
  }
  expect_base(engine);
}

TEST_F(CudaCases, Solver04AWorkspaceThatDoesNotFitNamesBothNumbers) {
  culogme::Engine engine = cuda_engine();
  {
    const WithSolverFault fault(SolverFault::large_workspace, std::size_t{1} << 50U);
    const std::string message = message_of<culogme::OutOfMemory>([&] { score_base(engine); });
    for (const char* part : {"device memory", "1125899906842624 bytes", "eigenproblem of size 8", "free"})
      CULOGME_EXPECT_HOLDS(message, part);
  }
  expect_base(engine);
}

TEST_F(CudaCases, Solver05WideMatricesByBothRoutes) {
  culogme::Engine engine = cuda_engine();
  const culogme::Score dual = score_files(engine, "score/wide.npy", "score/wide_labels.npy");
  EXPECT_EQ(dual.route, culogme::Route::dual_gram);
  EXPECT_NEAR(dual.value, wide_value, tolerance_of_cases);
  const auto reader = culogme::open_features({file("score/wide.npy")});
  const culogme::Labels targets = culogme::read_labels(file("score/wide_labels.npy"), {culogme::Task::classification});
  culogme::StatisticsOptions options;
  options.precision = culogme::Precision::f64;
  culogme::Statistics statistics(engine, reader->cols(), targets.targets(), options);
  const culogme::MatrixView rows = reader->next(reader->rows());
  statistics.add(rows, culogme::label_view(culogme::Memory::host, targets.ids.data(), rows.rows));
  const culogme::Score gram = culogme::score(statistics);
  EXPECT_EQ(gram.route, culogme::Route::gram_f64);
  EXPECT_LE(std::fabs(gram.value - wide_value), gram.error_bound);
}

TEST_F(CudaCases, Solver07SignsOfVectorsDoNotMatter) {
  culogme::Engine engine = cuda_engine();
  const WithSolverFault fault(SolverFault::negated_vectors);
  expect_base(engine);
}

TEST_F(CudaCases, Cublas02TwoThreadsOnOneEngineMixNothing) {
  culogme::Engine engine = cuda_engine();
  std::atomic<int> right{0}, refused{0}, wrong{0};
  const auto work = [&] {
    for (int i = 0; i < 20; ++i) try {
        std::fabs(score_base(engine).value - base_value) <= tolerance_of_cases ? ++right : ++wrong;
      } catch (const culogme::InvalidArgument& error) {
        std::string(error.what()).find("one thread") != std::string::npos ? ++refused : ++wrong;
      }
  };
  std::thread one(work), two(work);
  one.join();
  two.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(right + refused, 40);
  expect_base(engine);
}

TEST_F(CudaCases, Cublas03TheSameBitsWhileOtherStreamsAreBusy) {
  culogme::Engine engine = cuda_engine();
  const culogme::Score first = score_base(engine);
  EXPECT_NEAR(first.value, base_value, tolerance_of_cases);
  cudaStream_t stream = nullptr;
  void* memory = nullptr;
  constexpr std::size_t bytes = std::size_t{1} << 20U;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cudaMalloc(&memory, bytes), cudaSuccess);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(cudaMemsetAsync(memory, i, bytes, stream), cudaSuccess);
    support::expect_same_bits(score_base(engine), first);
  }
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(cudaFree(memory), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

TEST_F(CudaCases, Cublas04TheEnvironmentDoesNotChangeThePrecision) {
  setenv("NVIDIA_TF32_OVERRIDE", "1", 1);  // read when a handle is made
  culogme::Engine engine = cuda_engine();
  const culogme::Score score = score_files(engine, "base/features.npy", "base/labels.npy", culogme::Precision::f32);
  unsetenv("NVIDIA_TF32_OVERRIDE");
  EXPECT_EQ(score.route, culogme::Route::gram_f32);
  EXPECT_LE(std::fabs(score.value - base_value), score.error_bound);
}

TEST_F(CudaCases, Runtime04TheDefaultPoolStaysAsItWas) {
  cudaMemPool_t pool = nullptr;
  ASSERT_EQ(cudaDeviceGetDefaultMemPool(&pool, 0), cudaSuccess);
  const auto state = [&] {
    std::vector<std::uint64_t> values;
    for (const cudaMemPoolAttr attribute : {cudaMemPoolAttrReleaseThreshold, cudaMemPoolAttrUsedMemCurrent}) {
      std::uint64_t value = 0;
      EXPECT_EQ(cudaMemPoolGetAttribute(pool, attribute, &value), cudaSuccess);
      values.push_back(value);
    }
    cudaMemPool_t current = nullptr;
    EXPECT_EQ(cudaDeviceGetMemPool(&current, 0), cudaSuccess);
    values.push_back(reinterpret_cast<std::uint64_t>(current));
    return values;
  };
  { culogme::Engine warm = cuda_engine(); }
  const std::vector<std::uint64_t> before = state();
  std::size_t free_before = 0, free_after = 0, total = 0;
  ASSERT_EQ(cudaMemGetInfo(&free_before, &total), cudaSuccess);
  {
    culogme::Engine engine = cuda_engine();
    expect_base(engine);
    EXPECT_EQ(state(), before);
  }
  EXPECT_EQ(state(), before);
  ASSERT_EQ(cudaMemGetInfo(&free_after, &total), cudaSuccess);
  EXPECT_EQ(free_after, free_before);
}

}  // namespace
