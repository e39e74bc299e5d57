#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace culogme::test {

/// Sanitizers map terabytes, and CUDA reserves addresses for the memory of every device: a limit of the address space
/// ends such programs at once, so none is set.
inline bool memory_can_be_limited() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#else
  const char* const backend = std::getenv("CULOGME_BACKEND");
  return backend == nullptr || std::string(backend) != "cuda";
#endif
}

/// How a command is started.
struct Start {
  std::vector<std::string> arguments;     ///< the program first
  std::filesystem::path directory;        ///< working directory; empty: the caller's
  std::vector<std::string> environment;   ///< NAME=value, added to the caller's
  std::filesystem::path standard_input;   ///< empty: /dev/null
  std::filesystem::path standard_output;  ///< empty: caught
  std::uint64_t address_space = 0;        ///< bytes beside libraries; 0: no limit (memory_can_be_limited)
  bool without_privilege = false;         ///< take the right to pass by file permissions from root
  std::chrono::milliseconds time_limit{30'000};
};

struct Result {
  int exit_code = -1;  ///< -1: ended by a signal
  int signal = 0;
  bool timed_out = false;
  std::string output, error;
  std::chrono::milliseconds wall{0};
};

/// A running command whose output is caught. Killed by the destructor if it still runs.
class Process {
 public:
  explicit Process(const Start& start);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// True once the command ended; false after `limit`.
  bool wait(std::chrono::milliseconds limit);
  void send(int signal) const;
  /// Waits to the time limit, kills what still runs, and tells what came out.
  const Result& finish();

 private:
  void drain(std::chrono::milliseconds limit);

  Start start_;
  Result result_;
  pid_t pid_ = -1;
  int output_ = -1, error_ = -1;
  std::chrono::steady_clock::time_point begin_;
};

Result run(const Start& start);

/// A folder of its own that is removed at the end.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A child process that opens a named pipe and writes bytes into it; killed by the destructor.
class PipeWriter {
 public:
  PipeWriter(const std::filesystem::path& pipe, const std::string& bytes);
  ~PipeWriter();
  PipeWriter(const PipeWriter&) = delete;
  PipeWriter& operator=(const PipeWriter&) = delete;

 private:
  pid_t pid_;
};

std::string read_bytes(const std::filesystem::path& path);
void write_bytes(const std::filesystem::path& path, const std::string& bytes);

}  // namespace culogme::test
