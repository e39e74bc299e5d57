#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <culogme/culogme.hpp>
#include <fstream>
#include <regex>
#include <thread>

#include "check.hpp"
#include "groups.hpp"

namespace culogme::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

double score_here(Engine& engine, const Case& value) {
  const auto features = open_features((value.folder / value.files.at(0)).string());
  LabelOptions options;
  options.task = Task::classification;
  const Labels labels = read_labels((value.folder / value.files.at(1)).string(), options);
  ScoreOptions score_options;
  score_options.precision = Precision::f64;
  return score(engine, *features, labels, score_options).value;
}

/// Scores, forks, scores again in the child with the same engine. The child answers with the right value or an error
/// that names the fork; it never hangs.
void run_fork(const Case& value) {
  Engine engine({.backend = Backend::cpu, .threads = 2});
  Result success;
  success.exit_code = 0;
  const json right = chosen(value.expected, success);
  const double expected = std::stod(right.at("value").get<std::string>());
  ASSERT_NEAR(score_here(engine, value), expected, value.tolerance);
  int answer[2];
  ASSERT_EQ(::pipe(answer), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::string text;
    try {
      text = json(score_here(engine, value)).dump();
    } catch (const Error& error) {
      text = error.what();
    }
    const ssize_t written = ::write(answer[1], text.data(), text.size());
    ::_exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  ::close(answer[1]);
  int status = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      FAIL() << "the child hangs";
    }
    std::this_thread::sleep_for(milliseconds(2));
  }
  char buffer[4096];
  const ssize_t size = ::read(answer[0], buffer, sizeof buffer);
  ::close(answer[0]);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the child ended with status " << status;
  const std::string text(buffer, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  const json number = json::parse(text, nullptr, false);
  if (number.is_number()) {
    EXPECT_NEAR(number.get<double>(), expected, value.tolerance);
  } else {
    EXPECT_NE(text.find("fork"), std::string::npos) << text;
  }
}

/// OpenBLAS kernels that this processor can run, by its flags.
std::vector<std::string> openblas_kernels() {
  std::ifstream file("/proc/cpuinfo");
  std::string flags;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("flags", 0) == 0) {
      flags = line + " ";
      break;
    }
  }
  const auto has = [&](const char* flag) { return flags.find(" " + std::string(flag) + " ") != std::string::npos; };
  std::vector<std::string> kernels;
  if (has("ssse3")) kernels.insert(kernels.end(), {"Prescott", "Core2"});
  if (has("sse4_2")) kernels.insert(kernels.end(), {"Penryn", "Nehalem"});
  if (has("avx")) kernels.push_back("Sandybridge");
  if (has("avx2") && has("fma")) kernels.insert(kernels.end(), {"Haswell", "Zen"});
  if (has("avx512f") && has("avx512dq") && has("avx512bw") && has("avx512vl")) kernels.push_back("SkylakeX");
  if (has("avx512_bf16")) kernels.push_back("Cooperlake");
  return kernels;
}

std::string kernel_in_use(const Case& value, const std::vector<std::string>& environment) {
  Start start = start_command(value, {"info", "--format", "json"});
  start.environment.insert(start.environment.end(), environment.begin(), environment.end());
  const json info = expect_json(run(start));
  if (!info.is_object()) return "";
  for (const json& backend : info.at("backends")) {
    if (backend.at("name") == "cpu") return backend.at("kernel");
  }
  return "";
}

bool same_word(const std::string& a, const std::string& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// The same value under every kernel, or an error that names the kernel; info shows the one in use.
void run_kernels(const Case& value, const ScoreOperation& operation) {
  const std::vector<std::string> kernels = openblas_kernels();
  if (kernels.empty()) CULOGME_NOT_RUN(value, "the kernels of this processor cannot be told");
  int forced = 0;
  for (const std::string& kernel : kernels) {
    SCOPED_TRACE("OPENBLAS_CORETYPE=" + kernel);
    const std::string variable = "OPENBLAS_CORETYPE=" + kernel;
    const std::string used = kernel_in_use(value, {variable});
    forced += static_cast<int>(same_word(used, kernel));
    for (const bool automatic : {false, true}) {
      Start start = start_command(value, with_option(operation.arguments(), "--precision", automatic ? "auto" : "f64"));
      start.environment.push_back(variable);
      const Result result = run(start);
      if (result.exit_code == 0) {
        expect_answer(value, result, automatic);
      } else {
        expect_error(value, {{"must_name", {used}}, {"says", "the kernel " + used + " is wrong"}}, result);
      }
    }
  }
  if (forced == 0)
    CULOGME_NOT_RUN(value, "the BLAS in use has no kernel that can be forced: " + kernel_in_use(value, {}));
}

/// Statistics that would not fit: said with columns and bytes before anything is allocated, no file is made.
void run_memory_limit(const Case& value, const std::string& features, const std::string& labels, std::uint64_t limit) {
  if (!memory_can_be_limited()) CULOGME_NOT_RUN(value, "memory cannot be limited under a sanitizer or on a device");
  ScratchFolder scratch;
  const std::filesystem::path target = scratch.path() / "wide.stats";
  Start start =
      start_command(value, {"stats", "add", target.string(), features, "--labels", labels, "--task", "classification"});
  start.address_space = limit;
  expect_error(value, value.expected.at("error"), run(start));
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path())) << "a file was left behind";
}

/// The two sparse files of make_cases.py: the base rows in 64 columns of f16, then rows of zeros of class 0.
void make_large(const Case& value, const std::filesystem::path& folder) {
  constexpr std::size_t rows = 33'554'600, columns = 64;
  const auto make = [&](const char* name, const char* type, const std::string& shape, const std::string& data,
                        std::size_t bytes) {
    std::string header = std::string("{'descr': '") + type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
    header.append(63 - (10 + header.size()) % 64, ' ');
    header += '\n';
    std::string head("\x93NUMPY\x01\x00", 8);
    head += static_cast<char>(header.size() % 256);
    head += static_cast<char>(header.size() / 256);
    head += header;
    write_bytes(folder / name, head + data);
    std::filesystem::resize_file(folder / name, head.size() + bytes);
  };
  const std::string half = read_bytes(value.folder / "dtype/half.npy");
  const NpyLayout layout = npy_layout(half);
  const std::size_t width = (half.size() - layout.data) / layout.rows;
  std::string data;
  for (std::size_t row = 0; row < layout.rows; ++row) {
    data += half.substr(layout.data + row * width, width) + std::string(2 * columns - width, '\0');
  }
  const std::string ids = read_bytes(value.folder / "labels/as_uint8.npy");
  make("large_features.npy", "<f2", std::to_string(rows) + ", " + std::to_string(columns), data, 2 * rows * columns);
  make("large_labels.npy", "|u1", std::to_string(rows) + ",", ids.substr(npy_layout(ids).data), rows);
}

void run_large(const Case& value, const ScoreOperation& operation) {
  if (std::getenv("CULOGME_LARGE_TESTS") == nullptr) {
    CULOGME_NOT_RUN(value, "reads 4.3 GB: set CULOGME_LARGE_TESTS to run it");
  }
  ScratchFolder scratch;
  make_large(value, scratch.path());
  Case local = value;
  local.folder = scratch.path();
  for (const bool automatic : {false, true}) {
    Start start = start_command(local, with_option(operation.arguments(), "--precision", automatic ? "auto" : "f64"));
    start.time_limit = std::chrono::minutes(10);
    start.address_space = std::uint64_t{3} << 30;
    expect_answer(local, run(start), automatic);
  }
}

}  // namespace

bool run_machine_case(const Case& value) {
  ScoreOperation operation;
  std::smatch match;
  static const std::regex limited(
      R"(accumulate features=(\S+) labels=(\S+) into statistics under a memory limit of (\d+) GiB)");
  if (std::regex_match(value.operation, match, limited)) {
    run_memory_limit(value, match[1], match[2], std::stoull(match[3]) << 30);
    return true;
  }
  if (!parse_score(value.operation, operation)) return false;
  if (operation.rest == ", then fork, and score again in the child") {
    run_fork(value);
  } else if (operation.rest == ", once per BLAS kernel that can be forced by the environment") {
    run_kernels(value, operation);
  } else if (value.has_tag("large")) {
    run_large(value, operation);
  } else {
    return false;
  }
  return true;
}

}  // namespace culogme::test
