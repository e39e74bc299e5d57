// Scores, and expects at most one call of CUDA, cuBLAS or cuSOLVER to fail: the score then either throws one of the
// library's errors or is right, and the same engine scores again. Which call fails is decided outside, by the machine
// that runs this program. Usage: culogme_fault_driver [EXPECTED...]; without numbers it prints them.
// 0: as told; 1: a wrong value; 2: an exception that is not the library's; 3: no score after the failure.

#include <cuda_runtime_api.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <culogme/cuda.hpp>
#include <culogme/error.hpp>
#include <culogme/score.hpp>
#include <culogme/source.hpp>
#include <culogme/statistics.hpp>

namespace {

constexpr std::int64_t rows = 24, cols = 4, classes = 3, targets = 2;

/// Numbers like any others, the same in every run.
std::vector<float> numbers(std::int64_t count, std::uint32_t seed) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) {
    seed = seed * 1664525U + 1013904223U;
    value = static_cast<float>(static_cast<double>(seed >> 8U) / (1U << 24U) - 0.5);
  }
  return values;
}

struct Inputs {
  std::vector<float> features = numbers(rows * cols, 1), responses = numbers(rows * targets, 2);
  std::vector<float> logits = numbers(rows * cols, 3);
  std::vector<std::int32_t> labels;
  const float *device_features = nullptr, *device_responses = nullptr;
  const std::int32_t* device_labels = nullptr;

  Inputs() {
    for (std::int64_t i = 0; i < rows; ++i) labels.push_back(static_cast<std::int32_t>(i % classes));
  }
};

/// The driver's own copies to the device are made before the engine. A failure among them is not the library's.
template <class T>
const T* on_device(const std::vector<T>& values) {
  void* data = nullptr;
  if (cudaMalloc(&data, values.size() * sizeof(T)) != cudaSuccess) return nullptr;
  if (cudaMemcpy(data, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice) != cudaSuccess ||
      cudaDeviceSynchronize() != cudaSuccess) {  // pageable memory may still be on its way
    cudaFree(data);
    return nullptr;
  }
  return static_cast<const T*>(data);
}

culogme::ScoreOptions singular_values() {
  culogme::ScoreOptions options;
  options.precision = culogme::Precision::svd;
  return options;
}

using Scored = std::function<double(culogme::Engine&, const Inputs&)>;

/// Every way into the library that a device has.
const std::vector<Scored> ways = {
    [](culogme::Engine& engine, const Inputs& in) {
      return culogme::score(engine, culogme::matrix_view(culogme::Memory::host, in.features.data(), rows, cols),
                            culogme::label_view(culogme::Memory::host, in.labels.data(), rows), classes)
          .value;
    },
    [](culogme::Engine& engine, const Inputs& in) {
      return culogme::score(engine, culogme::device_view(in.device_features, rows, cols),
                            culogme::device_labels(in.device_labels, rows), classes)
          .value;
    },
    [](culogme::Engine& engine, const Inputs& in) {
      return culogme::score(engine, culogme::matrix_view(culogme::Memory::host, in.features.data(), rows, cols),
                            culogme::matrix_view(culogme::Memory::host, in.responses.data(), rows, targets))
          .value;
    },
    [](culogme::Engine& engine, const Inputs& in) {
      return culogme::score(engine, culogme::device_view(in.device_features, rows, cols),
                            culogme::device_view(in.device_responses, rows, targets))
          .value;
    },
    // Fewer rows than features go another way.
    [](culogme::Engine& engine, const Inputs& in) {
      return culogme::score(engine, culogme::device_view(in.device_features, 6, 16),
                            culogme::device_labels(in.device_labels, 6), classes)
          .value;
    },
    // Singular values: from either memory, with an intercept and without, and where rows are few.
    [](culogme::Engine& engine, const Inputs& in) {
      return culogme::score(engine, culogme::matrix_view(culogme::Memory::host, in.features.data(), rows, cols),
                            culogme::label_view(culogme::Memory::host, in.labels.data(), rows), classes,
                            singular_values())
          .value;
    },
    [](culogme::Engine& engine, const Inputs& in) {
      return culogme::score(engine, culogme::device_view(in.device_features, rows, cols),
                            culogme::device_view(in.device_responses, rows, targets), culogme::Task::regression,
                            singular_values())
          .value;
    },
    [](culogme::Engine& engine, const Inputs& in) {
      return culogme::score(engine, culogme::device_view(in.device_features, 6, 16),
                            culogme::device_labels(in.device_labels, 6), classes, singular_values())
          .value;
    },
    // Batch by batch, with a score between.
    [](culogme::Engine& engine, const Inputs& in) {
      culogme::Statistics statistics(engine, cols, classes);
      for (std::int64_t first = 0; first < rows; first += 8) {
        statistics.add(culogme::device_view(in.device_features + first * cols, 8, cols),
                       culogme::device_labels(in.device_labels + first, 8));
        culogme::score(statistics);
      }
      return culogme::score(statistics).value;
    },
    // Products of tensor cores.
    [](culogme::Engine& engine, const Inputs& in) {
      culogme::ScoreOptions options;
      options.precision = culogme::Precision::half;
      return culogme::score(engine, culogme::device_view(in.device_features, rows, cols),
                            culogme::device_labels(in.device_labels, rows), classes, options)
          .value;
    },
    [](culogme::Engine& engine, const Inputs& in) {
      culogme::Statistics statistics(engine, cols, targets, {culogme::Task::regression, culogme::Precision::half, {}});
      statistics.add(culogme::device_view(in.device_features, rows, cols),
                     culogme::device_view(in.device_responses, rows, targets));
      statistics.merge(statistics);
      return culogme::score(statistics).value;
    },
    [](culogme::Engine& engine, const Inputs& in) {
      culogme::ScoreOptions options;
      options.precision = culogme::Precision::tf32;
      return culogme::score(engine, culogme::matrix_view(culogme::Memory::host, in.features.data(), rows, cols),
                            culogme::matrix_view(culogme::Memory::host, in.responses.data(), rows, targets),
                            culogme::Task::regression, options)
          .value;
    },
    // What a source head says, from either memory.
    [](culogme::Engine& engine, const Inputs& in) {
      return culogme::leep(engine, culogme::matrix_view(culogme::Memory::host, in.logits.data(), rows, cols),
                           culogme::label_view(culogme::Memory::host, in.labels.data(), rows), classes,
                           {culogme::SourceInput::logits, true})
          .value;
    },
    [](culogme::Engine& engine, const Inputs& in) {
      return culogme::nce(engine, culogme::device_view(in.device_features, rows, cols),
                          culogme::device_labels(in.device_labels, rows), classes, {culogme::SourceInput::logits, true})
          .value;
    },
    [](culogme::Engine& engine, const Inputs& in) {
      const culogme::LabelView labels = culogme::label_view(culogme::Memory::host, in.labels.data(), rows);
      culogme::SourceStatistics statistics(engine, classes, classes, {culogme::SourceInput::labels, true});
      statistics.add(labels, culogme::device_labels(in.device_labels, rows));
      return culogme::nce(statistics.clone(engine)).value + 1;
    },
};

culogme::Engine make_engine() {
  culogme::EngineOptions options;
  options.backend = culogme::Backend::cuda;
  return culogme::Engine(options);
}

int failures = 0;

/// Runs `call` and says whether it ended well; the library's errors are counted, others are passed on.
bool succeeded(const char* what, const std::function<void()>& call) {
  try {
    call();
    return true;
  } catch (const culogme::Error& error) {
    ++failures;
    std::fprintf(stderr, "%s: %s\n", what, error.what());
    return false;
  }
}

int run_all(const std::vector<double>& expected) {
  Inputs in;
  in.device_features = on_device(in.features);
  in.device_responses = on_device(in.responses);
  in.device_labels = on_device(in.labels);
  int result = 0;
  if (in.device_features != nullptr && in.device_responses != nullptr && in.device_labels != nullptr) {
    std::unique_ptr<culogme::Engine> engine;
    for (int attempt = 0; attempt < 2 && engine == nullptr; ++attempt)
      succeeded("engine", [&] { engine = std::make_unique<culogme::Engine>(make_engine()); });
    for (std::size_t i = 0; engine != nullptr && i < ways.size() && result == 0; ++i) {
      double value = 0;
      bool done = false;
      for (int attempt = 0; attempt < 2 && !done; ++attempt)
        done = succeeded("score", [&] { value = ways[i](*engine, in); });
      if (expected.empty()) std::printf("%.17g\n", value);
      if (!done) result = 3;
      if (done && !expected.empty() && value != expected[i]) {
        std::fprintf(stderr, "way %zu: %.17g instead of %.17g\n", i, value, expected[i]);
        result = 1;
      }
    }
    if (engine == nullptr) result = 3;
  }
  cudaFree(const_cast<float*>(in.device_features));
  cudaFree(const_cast<float*>(in.device_responses));
  cudaFree(const_cast<std::int32_t*>(in.device_labels));
  if (failures > 1) result = 3;
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<double> expected;
  for (int i = 1; i < argc; ++i) expected.push_back(std::atof(argv[i]));
  try {
    return run_all(expected);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "not an error of the library: %s\n", error.what());
    return 2;
  }
}
