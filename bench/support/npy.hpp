#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>

namespace culogme::bench {

/// Writes .npy files for the benchmarks, piece by piece; closes and removes nothing.
class NpyWriter {
 public:
  /// `descr` as numpy has it: "<f4", "<i8". cols 0: a vector of `rows` elements. Throws std::runtime_error.
  NpyWriter(const std::filesystem::path& path, const char* descr, std::int64_t rows, std::int64_t cols);
  void write(const void* data, std::size_t bytes);
  /// Flushes; throws if anything could not be written.
  void finish();

 private:
  std::filesystem::path path_;
  std::ofstream file_;
};

/// A folder that is removed with all it holds when it goes out of scope.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::filesystem::path& parent);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace culogme::bench
