#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <type_traits>
#include <vector>

#include <culogme/error.hpp>

namespace culogme::detail {

// What all statistics files share (docs/file-format.md): eight magic bytes, version, length, little-endian numbers, and
// a checksum at the end.

inline constexpr std::size_t magic_bytes = 8;
inline constexpr std::size_t longest_name = 1 << 16;

/// A kind of file.
struct FileKind {
  char magic[magic_bytes];
  std::uint32_t version;
};
inline constexpr FileKind statistics_kind = {{'C', 'U', 'L', 'O', 'G', 'M', 'E', '\0'}, 1};
inline constexpr FileKind source_kind = {{'C', 'U', 'L', 'O', 'S', 'R', 'C', '\0'}, 1};

/// Appends little-endian numbers.
class Writer {
 public:
  template <class T>
  void integer(T value) {
    using Unsigned = std::make_unsigned_t<T>;
    auto bits = static_cast<Unsigned>(value);
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bytes.push_back(static_cast<char>(bits & 0xffu));
      bits = static_cast<Unsigned>(static_cast<std::uint64_t>(bits) >> 8);
    }
  }
  void number(double value) { integer(std::bit_cast<std::uint64_t>(value)); }
  template <class Values>
  void numbers(const Values& values) {
    for (const double value : values) number(value);
  }
  void text(const std::string& value) {
    integer(static_cast<std::uint32_t>(value.size()));
    bytes += value;
  }
  std::string bytes;
};

/// Reads them back; takes nothing on trust. Throws FileError with `name` in front.
class Reader {
 public:
  Reader(const std::string& bytes, std::size_t begin, std::size_t end, const std::string& name)
      : bytes_(bytes), at_(begin), end_(end), name_(name) {}

  template <class T>
  T integer() {
    need(sizeof(T));
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes_[at_ + i])) << (8 * i);
    at_ += sizeof(T);
    return static_cast<T>(bits);
  }
  double number() {
    const double value = std::bit_cast<double>(integer<std::uint64_t>());
    if (!std::isfinite(value)) damaged("a sum is not finite");
    return value;
  }
  template <class Values = std::vector<double>>
  Values numbers(std::size_t count) {
    if (count > (end_ - at_) / 8) damaged("it ends inside its sums");
    Values values(count);
    for (double& value : values) value = number();
    return values;
  }
  std::string text() {
    const std::size_t size = integer<std::uint32_t>();
    if (size > longest_name) damaged("a name has " + std::to_string(size) + " bytes");
    need(size);
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  std::size_t left() const { return end_ - at_; }
  [[noreturn]] void damaged(const std::string& why) const {
    throw FileError(name_ + ": the statistics file is damaged: " + why);
  }

 private:
  void need(std::size_t size) const {
    if (size > end_ - at_) damaged("it ends inside its header");
  }
  const std::string& bytes_;
  std::size_t at_, end_;
  const std::string& name_;
};

/// A writer that holds the head of a file; the length comes with `seal`.
Writer begin_file(const FileKind& kind);
/// The bytes with their length and checksum.
std::string seal(Writer writer);
/// The bytes of a file of this kind, for `open_sealed`. Its head is read first and refused where it is none, and no
/// more is read than the length that stands in it, so that another file costs nothing, whatever its size. Only regular
/// files have such a length: pipes, devices and folders are refused without waiting for them. Throws FileError,
/// OutOfMemory.
std::string read_sealed(const FileKind& kind, const std::filesystem::path& path);
/// The same from a stream, which must hold nothing behind the file; memory grows with what it really holds.
std::string read_sealed(const FileKind& kind, std::istream& stream, const std::string& name);
/// Checks magic, version, length and checksum, and gives what lies between them. Everything after this is what some
/// writer of this format wrote. Throws FileError.
Reader open_sealed(const FileKind& kind, const std::string& bytes, const std::string& name);

}  // namespace culogme::detail
