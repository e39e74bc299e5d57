#include "sealed_file.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <istream>
#include <system_error>

#include "io/file.hpp"
#include "memory.hpp"

// The format is described in docs/file-format.md; change both together and raise the version.

namespace culogme::detail {
namespace {

constexpr std::size_t length_offset = 12;  // magic, version; then the length of the whole file
constexpr std::size_t head_bytes = length_offset + 8;
constexpr std::size_t checksum_bytes = 4;
constexpr std::size_t piece_bytes = std::size_t{4} << 20;  // of a stream

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

namespace {

/// The length that the head claims, once magic and version are right.
std::uint64_t claimed_length(const FileKind& kind, const std::string& bytes, const std::string& name) {
  if (bytes.empty()) throw FileError(name + " is empty, no statistics file");
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
  if (length < head_bytes + checksum_bytes) head.damaged("it is too short");
  return length;
}

void check_length(std::uint64_t length, std::uint64_t there, const std::string& name) {
  if (length > there)
    throw FileError(name + ": the statistics file is truncated or damaged: " + std::to_string(there) + " bytes of " +
                    std::to_string(length));
  if (length < there)
    throw FileError(name + ": the statistics file is damaged: bytes follow after its end at " + std::to_string(length) +
                    " bytes");
}

const char* type_text(std::filesystem::file_type type) {
  switch (type) {
    case std::filesystem::file_type::directory:
      return "folder";
    case std::filesystem::file_type::fifo:
      return "pipe";
    case std::filesystem::file_type::socket:
      return "socket";
    default:
      return "device";
  }
}

}  // namespace

std::string read_sealed(const FileKind& kind, const std::filesystem::path& path) {
  const std::string name = path.string();
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    throw FileError(name + " is a " + type_text(status.type()) + ", no statistics file");
  InputFile file(name == "-" ? "./-" : name);  // a file of that name; there is no reading from standard input here
  if (!file.regular()) throw FileError(name + " is no regular file, as a statistics file must be");
  std::string bytes(head_bytes, '\0');
  bytes.resize(file.read_at(bytes.data(), head_bytes, 0));
  const std::uint64_t length = claimed_length(kind, bytes, name);
  check_length(length, file.size(), name);
  require_memory(static_cast<double>(length), "the statistics of " + name);
  bytes.resize(static_cast<std::size_t>(length));
  bytes.resize(head_bytes + file.read_at(bytes.data() + head_bytes, bytes.size() - head_bytes, head_bytes));
  return bytes;
}

std::string read_sealed(const FileKind& kind, std::istream& stream, const std::string& name) {
  std::string bytes;
  const auto read = [&](std::uint64_t count) {
    const std::size_t before = bytes.size();
    bytes.resize(before + static_cast<std::size_t>(count));
    stream.read(bytes.data() + before, static_cast<std::streamsize>(count));
    if (stream.bad()) throw FileError(name + " cannot be read");
    bytes.resize(before + static_cast<std::size_t>(stream.gcount()));
    return stream.good();
  };
  read(head_bytes);
  const std::uint64_t length = claimed_length(kind, bytes, name);
  while (bytes.size() < length && read(std::min<std::uint64_t>(piece_bytes, length - bytes.size()))) {
  }
  check_length(length, bytes.size(), name);
  if (stream.peek() != std::istream::traits_type::eof()) check_length(length, length + 1, name);
  return bytes;
}

Reader open_sealed(const FileKind& kind, const std::string& bytes, const std::string& name) {
  check_length(claimed_length(kind, bytes, name), bytes.size(), name);
  Reader tail(bytes, bytes.size() - checksum_bytes, bytes.size(), name);
  if (tail.integer<std::uint32_t>() != checksum(bytes.data(), bytes.size() - checksum_bytes))
    tail.damaged("its checksum does not fit");
  return {bytes, head_bytes, bytes.size() - checksum_bytes, name};
}

}  // namespace culogme::detail
