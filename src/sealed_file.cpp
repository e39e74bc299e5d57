#include "sealed_file.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>

// The format is described in docs/file-format.md; change both together and raise the version.

namespace culogme::detail {
namespace {

constexpr std::size_t length_offset = 12;  // magic, version; then the length of the whole file
constexpr std::size_t checksum_bytes = 4;

std::uint32_t checksum(const char* bytes, std::size_t count) {
  uLong sum = crc32(0, nullptr, 0);
  while (count > 0) {
    const uInt piece = static_cast<uInt>(std::min<std::size_t>(count, 1u << 30));
    sum = crc32(sum, reinterpret_cast<const Bytef*>(bytes), piece);
    bytes += piece;
    count -= piece;
  }
  return static_cast<std::uint32_t>(sum);
}

bool starts_with(const std::string& bytes, const FileKind& kind) {
  return bytes.size() >= magic_bytes && std::memcmp(bytes.data(), kind.magic, magic_bytes) == 0;
}

}  // namespace

Writer begin_file(const FileKind& kind) {
  Writer w;
  w.bytes.assign(kind.magic, magic_bytes);
  w.integer(kind.version);
  w.integer(std::uint64_t{0});
  return w;
}

std::string seal(Writer w) {
  Writer length;
  length.integer(static_cast<std::uint64_t>(w.bytes.size() + checksum_bytes));
  w.bytes.replace(length_offset, length.bytes.size(), length.bytes);
  w.integer(checksum(w.bytes.data(), w.bytes.size()));
  return std::move(w.bytes);
}

Reader open_sealed(const FileKind& kind, const std::string& bytes, const std::string& name) {
  if (!starts_with(bytes, kind)) {
    if (starts_with(bytes, source_kind))
      throw FileError(name + " holds source statistics (of LEEP and NCE), not those of features");
    if (starts_with(bytes, statistics_kind))
      throw FileError(name + " holds statistics of features, not source statistics (of LEEP and NCE)");
    throw FileError(name + " is no statistics file: it does not start with its magic bytes");
  }
  Reader head(bytes, magic_bytes, bytes.size(), name);
  if (const auto version = head.integer<std::uint32_t>(); version != kind.version)
    throw FileError(name + " is a statistics file of version " + std::to_string(version) + "; version " +
                    std::to_string(kind.version) + " can be read");
  const auto length = head.integer<std::uint64_t>();
  if (length > bytes.size())
    throw FileError(name + ": the statistics file is truncated or damaged: " + std::to_string(bytes.size()) +
                    " bytes of " + std::to_string(length));
  if (length < bytes.size())
    throw FileError(name + ": the statistics file is damaged: " + std::to_string(bytes.size() - length) +
                    " bytes follow after its end");
  if (length < length_offset + 8 + checksum_bytes) head.damaged("it is too short");
  Reader tail(bytes, bytes.size() - checksum_bytes, bytes.size(), name);
  if (tail.integer<std::uint32_t>() != checksum(bytes.data(), bytes.size() - checksum_bytes))
    tail.damaged("its checksum does not fit");
  return {bytes, length_offset + 8, bytes.size() - checksum_bytes, name};
}

}  // namespace culogme::detail
