#include "atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <vector>

#include <culogme/error.hpp>

#include "io/cancel.hpp"

namespace culogme::detail {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<std::string> paths;
};

Registry& registry() {
  static Registry open;
  return open;
}

void remember(const std::string& path) {
  const std::lock_guard lock(registry().mutex);
  registry().paths.push_back(path);
}

void forget(const std::string& path) {
  const std::lock_guard lock(registry().mutex);
  std::erase(registry().paths, path);
}

/// A FIFO without a reader makes `open` wait; the wait ends where the user asks to stop.
int open_for_writing(const char* path) {
  for (;;) {
    throw_if_cancelled();
    const int descriptor = ::open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor >= 0 || errno != EINTR) return descriptor;
  }
}

/// Links to a file that is not there yet: the file is made where they point to, as by a shell's redirection. False with
/// errno where they never end.
bool follow_dangling_links(std::string& path) {
  constexpr int longest_chain = 40;  // the system's own limit
  std::error_code error;
  for (int links = 0; links <= longest_chain; ++links) {
    const std::filesystem::path to = std::filesystem::read_symlink(path, error);
    if (error) return true;
    path = (std::filesystem::path(path).parent_path() / to).string();
  }
  errno = ELOOP;
  return false;
}

}  // namespace

void remove_temporary_files() noexcept {
  const std::lock_guard lock(registry().mutex);
  for (const std::string& path : registry().paths) ::unlink(path.c_str());
}

AtomicFile::AtomicFile(const std::string& path) : name_(path), target_(path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (std::filesystem::is_directory(status)) throw FileError(name_ + " cannot be written: it is a folder");
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    descriptor_ = open_for_writing(path.c_str());
    if (descriptor_ < 0) fail("opened for writing");
    return;
  }
  struct stat present {};
  mode_t mode = 0;
  if (::stat(path.c_str(), &present) == 0) {
    mode = present.st_mode & 07777;
    if (::access(path.c_str(), W_OK) != 0) fail("written");
    const std::filesystem::path resolved = std::filesystem::canonical(path, error);
    if (!error) target_ = resolved.string();
  } else {
    if (!follow_dangling_links(target_)) fail("written");
    const mode_t mask = ::umask(0);
    ::umask(mask);
    mode = 0666 & ~mask;
  }
  temporary_ = target_ + ".XXXXXX";
  descriptor_ = ::mkostemp(temporary_.data(), O_CLOEXEC);
  if (descriptor_ < 0) {
    temporary_.clear();
    fail("written");
  }
  remember(temporary_);
  // mkostemp makes files that only their owner can read; a result has the mode that any new file would have.
  ::fchmod(descriptor_, mode);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (temporary_.empty()) return;
  ::unlink(temporary_.c_str());
  forget(temporary_);
}

void AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      throw_if_cancelled();
      continue;
    }
    if (written < 0) fail("written");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void AtomicFile::commit() {
  if (!temporary_.empty() && ::fsync(descriptor_) != 0) fail("written");
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0) fail("written");
  if (temporary_.empty()) return;
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("written");
  forget(temporary_);
  temporary_.clear();
  // The rename itself must survive a power cut too. A folder that cannot be opened is no reason to fail: the file is
  // there.
  const std::string folder = std::filesystem::path(target_).parent_path().string();
  const int directory = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  ::fsync(directory);
  ::close(directory);
}

void AtomicFile::fail(const char* action) const {
  throw FileError(name_ + " cannot be " + action + ": " + std::generic_category().message(errno));
}

}  // namespace culogme::detail
