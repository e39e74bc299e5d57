// Loaded before the command (LD_PRELOAD): makes faults that no file can show, told by environment variables. Calls are
// counted for one file or for the files of one folder, CULOGME_FAULT_PATH.
//   CULOGME_FAULT_TRUNCATE_AT=K   cut the file to half its size before its K-th read (from 1)
//   CULOGME_FAULT_MMAP=1          mapping of any file fails with ENODEV
//   CULOGME_FAULT_FULL_AT=N       writes fail with ENOSPC once N bytes are written
//   CULOGME_FAULT_KILL_AT=K       SIGKILL before the K-th open, write, fsync or rename
//   CULOGME_FAULT_LOG=FILE        one line per read ("read N"), "mmap" where the file is mapped
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<long> reads{0}, changes{0}, written{0};

const char* watched() { return std::getenv("CULOGME_FAULT_PATH"); }

long number(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? -1 : std::atol(text);
}

/// True for the watched file, and for files in or under the watched folder.
bool is_watched(const char* path) {
  const char* want = watched();
  if (want == nullptr || path == nullptr) return false;
  const std::size_t size = std::strlen(want);
  return std::strncmp(path, want, size) == 0 && (path[size] == '\0' || path[size] == '/');
}

bool is_watched(int file) {
  if (watched() == nullptr) return false;
  char link[64], path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const long size = ::syscall(SYS_readlink, link, path, sizeof path - 1);
  if (size <= 0) return false;
  path[size] = '\0';
  return is_watched(path);
}

void log(const char* what, long size) {
  const char* name = std::getenv("CULOGME_FAULT_LOG");
  if (name == nullptr) return;
  char line[64];
  const int length = std::snprintf(line, sizeof line, "%s %ld\n", what, size);
  const long file = ::syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_APPEND | O_CREAT, 0644);
  ::syscall(SYS_write, file, line, length);
  ::syscall(SYS_close, file);
}

void before_read(int file, std::size_t size) {
  if (!is_watched(file)) return;
  log("read", static_cast<long>(size));
  if (++reads == number("CULOGME_FAULT_TRUNCATE_AT")) {
    struct stat status {};
    ::fstat(file, &status);
    if (::truncate(watched(), status.st_size / 2) != 0) ::abort();
    log("truncated", status.st_size / 2);
  }
}

void before_change() {
  if (++changes == number("CULOGME_FAULT_KILL_AT")) ::raise(SIGKILL);
}

/// How many of `size` bytes may still be written; -1: none, with errno set.
long writable(int file, std::size_t size) {
  if (!is_watched(file)) return static_cast<long>(size);
  before_change();
  const long limit = number("CULOGME_FAULT_FULL_AT");
  if (limit < 0) return static_cast<long>(size);
  const long left = limit - written;
  if (left <= 0) {
    errno = ENOSPC;
    return -1;
  }
  const long now = left < static_cast<long>(size) ? left : static_cast<long>(size);
  written += now;
  return now;
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

#define CULOGME_NEXT(function) next<decltype(function)>(#function)

extern "C" {

ssize_t read(int file, void* data, size_t size) {
  before_read(file, size);
  return CULOGME_NEXT(read)(file, data, size);
}

ssize_t pread(int file, void* data, size_t size, off_t offset) {
  before_read(file, size);
  return CULOGME_NEXT(pread)(file, data, size, offset);
}

ssize_t pread64(int file, void* data, size_t size, off64_t offset) {
  before_read(file, size);
  return CULOGME_NEXT(pread64)(file, data, size, offset);
}

ssize_t preadv(int file, const iovec* parts, int count, off_t offset) {
  std::size_t size = 0;
  for (int i = 0; i < count; ++i) size += parts[i].iov_len;
  before_read(file, size);
  return CULOGME_NEXT(preadv)(file, parts, count, offset);
}

void* mmap(void* address, size_t size, int protection, int flags, int file, off_t offset) {
  if (file >= 0 && is_watched(file)) log("mmap", static_cast<long>(size));
  if (file >= 0 && number("CULOGME_FAULT_MMAP") == 1) {
    errno = ENODEV;
    return MAP_FAILED;
  }
  return reinterpret_cast<void*>(::syscall(SYS_mmap, address, size, protection, flags, file, offset));
}

void* mmap64(void* address, size_t size, int protection, int flags, int file, off64_t offset) {
  return mmap(address, size, protection, flags, file, offset);
}

ssize_t write(int file, const void* data, size_t size) {
  const long now = writable(file, size);
  return now < 0 ? -1 : CULOGME_NEXT(write)(file, data, static_cast<size_t>(now));
}

ssize_t pwrite(int file, const void* data, size_t size, off_t offset) {
  const long now = writable(file, size);
  return now < 0 ? -1 : CULOGME_NEXT(pwrite)(file, data, static_cast<size_t>(now), offset);
}

ssize_t writev(int file, const iovec* parts, int count) {
  ssize_t total = 0;
  for (int i = 0; i < count; ++i) {
    const ssize_t now = write(file, parts[i].iov_base, parts[i].iov_len);
    if (now < 0) return total > 0 ? total : -1;
    total += now;
    if (static_cast<size_t>(now) < parts[i].iov_len) break;
  }
  return total;
}

int fsync(int file) {
  if (is_watched(file)) before_change();
  return CULOGME_NEXT(fsync)(file);
}

int rename(const char* from, const char* to) {
  if (is_watched(to)) before_change();
  return CULOGME_NEXT(rename)(from, to);
}

}  // extern "C"
