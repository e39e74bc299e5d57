// Scores a file far larger than the memory that the score may use: makes one, runs the command on it in a process of
// its own, and reports time, rate and the most memory that the process held.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <culogme/culogme.hpp>

#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/data.hpp"
#include "support/npy.hpp"
#include "support/timing.hpp"

namespace culogme::bench {
namespace {

constexpr std::int64_t features = 2048, classes = 100, block_rows = 16384;

// Returns the rows written. Blocks are different scalings of one block: making 20 GB of new noise takes longer than the
// score, and neither the reader nor the products can tell.
std::int64_t write_input(const std::filesystem::path& folder, double gigabytes) {
  const auto wanted = static_cast<std::int64_t>(gigabytes * 1e9 / (features * sizeof(float)));
  const std::int64_t blocks = (wanted + block_rows - 1) / block_rows;
  const std::vector<std::int32_t> ids = random_labels(block_rows, classes, 1);
  const std::vector<float> block = network_features(ids, features, 2);
  const std::vector<std::int64_t> wide(ids.begin(), ids.end());
  NpyWriter data(folder / "features.npy", "<f4", blocks * block_rows, features);
  NpyWriter labels(folder / "labels.npy", "<i8", blocks * block_rows, 0);
  std::vector<float> scaled(block.size());
  for (std::int64_t index = 0; index < blocks; ++index) {
    const float factor = 1.0f + 0.25f * static_cast<float>(index % 7);
    for (std::size_t i = 0; i < block.size(); ++i) scaled[i] = factor * block[i];
    data.write(scaled.data(), scaled.size() * sizeof(float));
    labels.write(wide.data(), wide.size() * sizeof(std::int64_t));
  }
  data.finish();
  labels.finish();
  return blocks * block_rows;
}

// Runs the command and returns the peak of its resident memory in bytes.
double run_command(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("cannot start a process");
  if (child == 0) {
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) != child) throw std::runtime_error("cannot wait for the command");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error(words[0] + " failed");
  return 1024.0 * static_cast<double>(usage.ru_maxrss);  // Linux counts in KiB
}

}  // namespace
}  // namespace culogme::bench

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: culogme_bench_large_file COMMAND FOLDER GIGABYTES\n"
                 "COMMAND is the culogme program; FOLDER needs the room, and is left as it was\n";
    return 2;
  }
  try {
    const double gigabytes = std::atof(argv[3]);
    if (!(gigabytes > 0)) throw std::runtime_error("GIGABYTES must be above 0");
    const culogme::bench::TemporaryFolder folder(argv[2]);
    const std::int64_t rows = culogme::bench::write_input(folder.path(), gigabytes);
    const double bytes = static_cast<double>(rows) * culogme::bench::features * sizeof(float);
    double peak = 0;
    const double seconds = culogme::bench::seconds_of([&] {
      peak = culogme::bench::run_command({argv[1], "score", (folder.path() / "features.npy").string(), "--labels",
                                          (folder.path() / "labels.npy").string(), "--output",
                                          (folder.path() / "score.json").string(), "--format", "json", "--quiet"});
    });
    std::cout << "{\"rows\":" << rows << ",\"features\":" << culogme::bench::features << ",\"bytes\":" << bytes
              << ",\"seconds\":" << seconds << ",\"bytes_per_second\":" << bytes / seconds
              << ",\"peak_resident_bytes\":" << peak << "}\n";
  } catch (const std::exception& error) {
    std::cerr << "culogme_bench_large_file: " << error.what() << '\n';
    return 1;
  }
}
