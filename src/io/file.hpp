#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace culogme::detail {

/// One opened input: a regular file, read by position, or a stream (pipe, FIFO, terminal, device), read once in order.
/// Reads are plain pread/read, never a mapping, so a file that shrinks is an error and not a signal. Waiting for a
/// stream ends with Cancelled when asked. One thread at a time.
class InputFile {
 public:
  /// "-" is standard input. Throws FileError with the system's reason; a directory is refused.
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& name() const { return name_; }
  bool regular() const { return regular_; }
  /// Bytes of a regular file when it was opened.
  std::uint64_t size() const { return size_; }

  /// Up to `bytes` bytes from `offset`; fewer only at the end. In a stream `offset` may lie in the head or at or behind
  /// what was read so far.
  std::size_t read_at(void* to, std::size_t bytes, std::uint64_t offset);

  /// The first bytes (at most `head_size`), which can be read again even in a stream.
  const std::string& head();

  static constexpr std::size_t head_size = 4096;
  /// Largest single read; between two of them a cancellation is noticed.
  static constexpr std::size_t piece = std::size_t{8} << 20;

 private:
  std::size_t read_regular(char* to, std::size_t bytes, std::uint64_t offset);
  std::size_t read_stream(char* to, std::size_t bytes);

  std::string name_;
  int descriptor_ = -1;
  bool owned_ = true;
  bool regular_ = false;
  std::uint64_t size_ = 0;
  std::uint64_t position_ = 0;  // bytes taken from a stream
  std::string head_;
  bool head_read_ = false;
};

/// Throws FileError "PATH: <system's reason>" for an errno value.
[[noreturn]] void throw_system_error(const std::string& action, const std::string& path, int error);

}  // namespace culogme::detail
