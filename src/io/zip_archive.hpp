#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/array.hpp"

struct z_stream_s;

namespace culogme::detail {

/// An entry of a zip archive whose local header agrees with the directory and whose bytes no other entry claims.
struct ZipEntry {
  std::string name;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::uint32_t crc = 0;
  std::uint64_t compressed = 0;
  std::uint64_t size = 0;
  std::uint64_t header_offset = 0;  ///< of the local header
  std::uint64_t data_offset = 0;
};

/// Reads the directory of a zip archive (zip64 too) and checks that the byte ranges of its entries fill the file
/// without overlaps and holes. Throws FileError. Format: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.
std::vector<ZipEntry> read_zip_directory(InputFile& file);

/// Decompresses one entry piece by piece and checks its length and CRC at the end.
class ZipStream {
 public:
  /// `name` is for messages. Throws FileError for methods other than stored (0) and deflated (8), and encryption.
  ZipStream(std::shared_ptr<InputFile> file, std::string name, const ZipEntry& entry);
  ~ZipStream();
  ZipStream(const ZipStream&) = delete;
  ZipStream& operator=(const ZipStream&) = delete;

  /// Up to `bytes` bytes; fewer only at the end of the entry.
  std::size_t read(char* to, std::size_t bytes);
  /// Throws unless everything was read and the CRC agrees.
  void finish();
  void rewind();
  /// Compressed bytes taken so far.
  std::uint64_t taken() const { return taken_; }
  const std::string& name() const { return name_; }
  const ZipEntry& entry() const { return entry_; }
  InputFile& file() { return *file_; }

 private:
  std::size_t read_stored(char* to, std::size_t bytes);
  std::size_t inflate_into(char* to, std::size_t bytes);

  std::shared_ptr<InputFile> file_;
  std::string name_;
  ZipEntry entry_;
  std::unique_ptr<z_stream_s> stream_;
  std::vector<unsigned char> input_;
  std::uint64_t taken_ = 0;
  std::uint64_t given_ = 0;
  unsigned long crc_ = 0;
  bool ended_ = false;
};

/// Opens the array `member` of a .npz archive ("" where there is only one). Throws FileError that lists the arrays.
Array open_npz(std::shared_ptr<InputFile> file, const std::string& member, const std::string& purpose);

}  // namespace culogme::detail
