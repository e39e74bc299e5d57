#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include <culogme/error.hpp>
#include <culogme/io.hpp>

#include <sys/mman.h>
#include <unistd.h>

namespace culogme::fuzz {

/// The input as a file without a disk. Its path ends as the readers see any other.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* data, std::size_t size) : descriptor_(::memfd_create("input", MFD_CLOEXEC)) {
    if (descriptor_ < 0 || ::write(descriptor_, data, size) != static_cast<ssize_t>(size)) {
      throw std::runtime_error("cannot make the input file");
    }
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

/// A message must be one line: names and values from the file must not break out of it.
inline void check_message(const Error& error) {
  if (std::string(error.what()).find('\n') != std::string::npos) __builtin_trap();
}

/// Opens features, reads them to the end and touches every byte; refusals must be errors of the library.
inline void read_features(const std::string& spec, const ReadOptions& options = {}) {
  try {
    const auto reader = open_features(spec, options);
    std::int64_t rows = 0;
    unsigned sum = 0;
    for (;;) {
      const MatrixView view = reader->next(rows == 0 ? 3 : 64);
      if (view.rows == 0) break;
      const auto bytes = static_cast<std::size_t>(view.rows * view.cols * scalar_bytes(view.scalar));
      for (std::size_t i = 0; i < bytes; ++i) sum += static_cast<const unsigned char*>(view.data)[i];
      rows += view.rows;
    }
    if (rows != reader->rows() || !reader->rewind()) __builtin_trap();
    const volatile unsigned used = sum;
    static_cast<void>(used);
  } catch (const Error& error) {
    check_message(error);
  }
}

/// Reads labels as the task; what comes back must be consistent.
inline void read_as(const std::string& spec, const LabelOptions& options) {
  try {
    const Labels labels = read_labels(spec, options);
    const auto rows = static_cast<std::size_t>(labels.rows);
    const auto targets = static_cast<std::size_t>(labels.targets());
    const bool classes = labels.task == Task::classification;
    if (labels.ids.size() != (classes ? rows : 0)) __builtin_trap();
    if (labels.responses.size() != (classes ? 0 : rows * targets)) __builtin_trap();
    for (const std::int32_t id : labels.ids) {
      if (id < -1 || id >= labels.targets()) __builtin_trap();
    }
  } catch (const Error& error) {
    check_message(error);
  }
}

}  // namespace culogme::fuzz
