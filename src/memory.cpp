#include "memory.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string>

#include <culogme/error.hpp>

namespace culogme::detail {
namespace {

/// The number behind `key` in a file of "key: number kB" lines, in bytes; infinity if it is not there.
double kilobytes_of(const char* path, const std::string& key) {
  std::ifstream file(path);
  std::string word;
  while (file >> word)
    if (double value = 0; word == key && file >> value) return value * 1024;
  return std::numeric_limits<double>::infinity();
}

/// A control group's file holds a number or "max".
double number_in(const char* path) {
  std::ifstream file(path);
  double value = 0;
  return file >> value ? value : std::numeric_limits<double>::infinity();
}

}  // namespace

double available_memory() {
  double bytes = kilobytes_of("/proc/meminfo", "MemAvailable:");
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    const double used = kilobytes_of("/proc/self/status", "VmSize:");
    const double left = static_cast<double>(limit.rlim_cur) - (used < 1e30 ? used : 0);
    bytes = std::min(bytes, std::max(left, 0.0));
  }
  const double group_limit = number_in("/sys/fs/cgroup/memory.max");
  const double group_used = number_in("/sys/fs/cgroup/memory.current");
  if (group_limit < 1e30 && group_used < 1e30) bytes = std::min(bytes, std::max(group_limit - group_used, 0.0));
  return bytes;
}

std::string byte_text(double bytes) {
  const char* const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  while (bytes >= 1000 && unit + 1 < std::size(units)) {
    bytes /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.3g %s", bytes, units[unit]);
  return text;
}

void require_memory(double bytes, const std::string& what) {
  const double available = available_memory();
  if (bytes > available)
    throw OutOfMemory(what + " need " + byte_text(bytes) + " of memory, " + byte_text(available) + " are available");
}

}  // namespace culogme::detail
