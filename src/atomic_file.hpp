#pragma once

#include <string>
#include <string_view>

namespace culogme::detail {

/// A file that appears whole or not at all: a temporary file in the same folder, synced and renamed by `commit`,
/// removed otherwise. Links are followed; the mode of a file that is replaced is kept. Devices and pipes are written
/// directly. Throws FileError naming the file and the reason.
class AtomicFile {
 public:
  /// Makes the temporary file, so that a folder without permission is found out before the work and not after.
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  void commit();

 private:
  [[noreturn]] void fail(const char* action) const;

  std::string name_;       ///< as the user wrote it
  std::string target_;     ///< with links resolved
  std::string temporary_;  ///< empty: written directly, or done
  int descriptor_ = -1;
};

/// Removes the temporary files of all AtomicFiles that are open now, for a process that ends without unwinding. Safe to
/// call from any thread.
void remove_temporary_files() noexcept;

}  // namespace culogme::detail
