// Makes one score on a CUDA device, so that a profiler can count it (bench/device_counts.py). With --prepare it does
// everything but the score: what that counts is subtracted.

#include <culogme/culogme.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iomanip>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <cusolverDn.h>

#include "support/data.hpp"
#include "support/device_memory.hpp"

namespace culogme::bench {
namespace {

constexpr const char* usage =
    "usage: culogme_bench_device_counts [--rows N] [--cols D] [--classes C] [--element f16|bf16|f32|f64]\n"
    "         [--task classification|regression|multilabel] [--precision f32|f64|tf32|half|svd|automatic] [--memory "
    "device|host]\n"
    "         [--workspace-limit BYTES] [--prepare]\n";

struct Options {
  std::int64_t rows = 10000, cols = 512, classes = 10, workspace_limit = 0;
  std::string element = "f32", task = "classification", precision = "f32", memory = "device";
  bool prepare = false;
};

Options parse(int argc, char** argv) {
  Options options;
  const std::map<std::string, std::int64_t*> numbers = {{"--rows", &options.rows},
                                                        {"--cols", &options.cols},
                                                        {"--classes", &options.classes},
                                                        {"--workspace-limit", &options.workspace_limit}};
  const std::map<std::string, std::string*> words = {{"--element", &options.element},
                                                     {"--task", &options.task},
                                                     {"--precision", &options.precision},
                                                     {"--memory", &options.memory}};
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--prepare") {
      options.prepare = true;
      continue;
    }
    if (i + 1 == argc) throw InvalidArgument("what is '" + name + "'?\n" + usage);
    if (const auto number = numbers.find(name); number != numbers.end())
      *number->second = std::strtoll(argv[++i], nullptr, 10);
    else if (const auto word = words.find(name); word != words.end())
      *word->second = argv[++i];
    else
      throw InvalidArgument("what is '" + name + "'?\n" + usage);
  }
  if (options.rows < 1 || options.cols < 1 || options.classes < 1)
    throw InvalidArgument("rows, columns and classes are at least 1");
  return options;
}

/// Values that no profiler's counts depend on, made quickly: the class moves a row's mean, the rest is a hash.
std::vector<float> hashed_features(const std::vector<std::int32_t>& labels, std::int64_t cols) {
  std::vector<float> values(labels.size() * static_cast<std::size_t>(cols));
  std::size_t place = 0;
  for (const std::int32_t label : labels)
    for (std::int64_t j = 0; j < cols; ++j, ++place) {
      values[place] = hashed(place) + (j % 61 == label % 61 ? 0.25f : 0.0f);
    }
  return values;
}

std::vector<double> responses_of(const std::vector<std::int32_t>& labels, std::int64_t targets, bool binary) {
  std::vector<double> values(labels.size() * static_cast<std::size_t>(targets));
  for (std::size_t i = 0; i < labels.size(); ++i)
    for (std::size_t k = 0; k < static_cast<std::size_t>(targets); ++k)
      values[i * static_cast<std::size_t>(targets) + k] =
          binary ? ((static_cast<std::size_t>(labels[i]) + k) % 3 == 0 ? 1 : 0)
                 : static_cast<double>((static_cast<std::size_t>(labels[i]) * (k + 3)) % 17);
  return values;
}

Precision precision_of(const std::string& name) {
  if (name == "f32") return Precision::f32;
  if (name == "f64") return Precision::f64;
  if (name == "tf32") return Precision::tf32;
  if (name == "half") return Precision::half;
  if (name == "svd") return Precision::svd;
  if (name == "automatic") return Precision::automatic;
  throw InvalidArgument("precision is '" + name + "'; f32, f64, tf32, half, svd or automatic is expected");
}

Task task_of(const std::string& name) {
  for (const Task task : {Task::classification, Task::regression, Task::multilabel})
    if (name == task_name(task)) return task;
  throw InvalidArgument("task is '" + name + "'; classification, regression or multilabel is expected");
}

/// Bytes of device memory that cuSOLVER asks for to decompose a matrix of this size as the library does.
std::size_t solver_workspace(std::int64_t size) {
  cusolverDnHandle_t handle = nullptr;
  std::size_t device_bytes = 0, host_bytes = 0;
  if (cusolverDnCreate(&handle) != CUSOLVER_STATUS_SUCCESS) throw std::runtime_error("cusolverDnCreate failed");
  const OnDevice<double> matrix(static_cast<std::size_t>(size)), eigenvalues(static_cast<std::size_t>(size));
  const cusolverStatus_t status = cusolverDnXsyevd_bufferSize(
      handle, nullptr, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, size, CUDA_R_64F, matrix.data(), size,
      CUDA_R_64F, eigenvalues.data(), CUDA_R_64F, &device_bytes, &host_bytes);
  cusolverDnDestroy(handle);
  if (status != CUSOLVER_STATUS_SUCCESS) throw std::runtime_error("cusolverDnXsyevd_bufferSize failed");
  return device_bytes;
}

template <class T>
void count(const Options& options, const std::vector<T>& features, const std::vector<std::int32_t>& labels) {
  const Task task = task_of(options.task);
  if (options.memory != "device" && options.memory != "host")
    throw InvalidArgument("memory is '" + options.memory + "'; device or host is expected");
  const bool on_device = options.memory == "device";
  const Memory memory = on_device ? Memory::device : Memory::host;
  const std::vector<double> responses = task == Task::classification
                                            ? std::vector<double>{}
                                            : responses_of(labels, options.classes, task == Task::multilabel);
  const OnDevice<T> device_features(on_device ? features : std::vector<T>{});
  const OnDevice<std::int32_t> device_labels(on_device ? labels : std::vector<std::int32_t>{});
  const OnDevice<double> device_responses(on_device ? responses : std::vector<double>{});

  EngineOptions engine_options;
  engine_options.backend = Backend::cuda;
  engine_options.workspace_limit = static_cast<std::size_t>(options.workspace_limit);
  Engine engine(engine_options);
  std::cout << "{\"engine\":\"" << engine.description()
            << "\",\"solver_workspace\":" << solver_workspace(std::min(options.rows, options.cols));
  if (!options.prepare) {
    ScoreOptions score_options;
    score_options.precision = precision_of(options.precision);
    const MatrixView view =
        matrix_view(memory, on_device ? device_features.data() : features.data(), options.rows, options.cols);
    Score result;
    if (task == Task::classification)
      result = score(engine, view, label_view(memory, on_device ? device_labels.data() : labels.data(), options.rows),
                     options.classes, score_options);
    else
      result = score(
          engine, view,
          matrix_view(memory, on_device ? device_responses.data() : responses.data(), options.rows, options.classes),
          task, score_options);
    std::cout << ",\"score\":" << std::setprecision(17) << result.value << ",\"rank\":" << result.rank
              << ",\"route\":\"" << route_name(result.route) << "\"";
  }
  std::cout << "}\n";
}

void run(const Options& options) {
  const std::vector<std::int32_t> labels = random_labels(options.rows, options.classes, 1);
  const std::vector<float> features = hashed_features(labels, options.cols);
  if (options.element == "f32")
    count(options, features, labels);
  else if (options.element == "f16")
    count(options, to_f16(features), labels);
  else if (options.element == "bf16")
    count(options, to_bf16(features), labels);
  else if (options.element == "f64")
    count(options, to_f64(features), labels);
  else
    throw InvalidArgument("element is '" + options.element + "'; f16, bf16, f32 or f64 is expected");
}

}  // namespace
}  // namespace culogme::bench

int main(int argc, char** argv) {
  try {
    culogme::bench::run(culogme::bench::parse(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "culogme_bench_device_counts: " << error.what() << '\n';
    return 1;
  }
}
