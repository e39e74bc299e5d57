#include "io/file.hpp"

#include <culogme/error.hpp>

#include "io/cancel.hpp"
#include "io/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace culogme::detail {
namespace {

constexpr int poll_milliseconds = 50;

int open_for_reading(const std::string& path) {
  if (path.find('\0') != std::string::npos)
    throw FileError("cannot open " + in_quotes(path) + ": the name holds a NUL");
  for (;;) {
    throw_if_cancelled();
    // O_NONBLOCK: opening a FIFO without a writer returns, and the wait for data happens in poll, where it can end.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor >= 0) return descriptor;
    if (errno != EINTR) throw_system_error("cannot open ", path, errno);
  }
}

}  // namespace

void throw_system_error(const std::string& action, const std::string& path, int error) {
  throw FileError(action + shown_name(path) + ": " + std::generic_category().message(error));
}

InputFile::InputFile(const std::string& path) : name_(path) {
  if (path == "-") {
    name_ = "standard input";
    descriptor_ = STDIN_FILENO;
    owned_ = false;
  } else {
    descriptor_ = open_for_reading(path);
  }
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) {
    const int error = errno;
    if (owned_) ::close(descriptor_);
    throw_system_error("cannot open ", name_, error);
  }
  if (S_ISDIR(status.st_mode)) {
    if (owned_) ::close(descriptor_);
    throw FileError(shown(name_) + " is a directory, a file was expected");
  }
  // Standard input may stand in the middle of a file; then it is read on from there, as a stream.
  regular_ = S_ISREG(status.st_mode) && (owned_ || ::lseek(descriptor_, 0, SEEK_CUR) == 0);
  size_ = regular_ ? static_cast<std::uint64_t>(status.st_size) : 0;
  if (regular_) ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);  // advice only: a failure changes nothing
}

InputFile::~InputFile() {
  if (owned_) ::close(descriptor_);
}

std::size_t InputFile::read_regular(char* to, std::size_t bytes, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < bytes) {
    throw_if_cancelled();
    const std::uint64_t at = offset + done;
    if (at > static_cast<std::uint64_t>(INT64_MAX)) break;
    const ssize_t got = ::pread(descriptor_, to + done, std::min(bytes - done, piece), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_system_error("cannot read ", name_, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::size_t InputFile::read_stream(char* to, std::size_t bytes) {
  std::size_t done = 0;
  while (done < bytes) {
    throw_if_cancelled();
    struct pollfd wait = {descriptor_, POLLIN, 0};
    const int ready = ::poll(&wait, 1, poll_milliseconds);
    if (ready < 0 && errno != EINTR) throw_system_error("cannot read ", name_, errno);
    if (ready <= 0) continue;
    const ssize_t got = ::read(descriptor_, to + done, std::min(bytes - done, piece));
    if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) continue;
    if (got < 0) throw_system_error("cannot read ", name_, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  position_ += done;
  return done;
}

const std::string& InputFile::head() {
  if (!head_read_) {
    std::string head(head_size, '\0');
    head.resize(regular_ ? read_regular(head.data(), head_size, 0) : read_stream(head.data(), head_size));
    head_ = std::move(head);
    head_read_ = true;
  }
  return head_;
}

std::size_t InputFile::read_at(void* to, std::size_t bytes, std::uint64_t offset) {
  char* out = static_cast<char*>(to);
  if (regular_) return read_regular(out, bytes, offset);
  const std::string& first = head();
  std::size_t done = 0;
  if (offset < first.size()) {
    done = std::min(bytes, first.size() - static_cast<std::size_t>(offset));
    std::memcpy(out, first.data() + offset, done);
    if (done == bytes || first.size() < head_size) return done;
    offset += done;
  }
  if (offset < position_) throw FileError(shown(name_) + " is a pipe and cannot be read a second time");
  while (offset > position_) {
    char skipped[4096];
    const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(sizeof skipped, offset - position_));
    if (read_stream(skipped, step) < step) return done;
  }
  return done + read_stream(out + done, bytes - done);
}

}  // namespace culogme::detail
