#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/file.hpp"

namespace culogme::detail {

enum class ElementKind : std::uint8_t {
  boolean,
  signed_integer,
  unsigned_integer,
  real,   ///< IEEE floating point of 2, 4 or 8 bytes
  brain,  ///< bfloat16
  text,   ///< UTF-32, four bytes a letter, padded with NUL
  bytes,  ///< 8-bit text, padded with NUL
  raw,    ///< 'V': bytes without a meaning
};

/// Element type of an array in a file.
struct ElementType {
  ElementKind kind = ElementKind::real;
  std::size_t bytes = 4;    ///< of one element
  bool big_endian = false;  ///< the bytes of a number (or letter) stand in the other order
  std::string name;         ///< as the file writes it: "<f4", "BF16"
};

/// The data bytes of one array, in the order of the file. One thread at a time.
class ArrayBytes {
 public:
  virtual ~ArrayBytes() = default;
  /// The next `bytes` bytes; throws FileError when there are fewer.
  virtual void read(void* to, std::size_t bytes) = 0;
  /// To be called after the last byte: throws FileError when the checksum is wrong or more bytes follow.
  virtual void finish() = 0;
  /// Back to the first byte; false for a stream.
  virtual bool rewind() = 0;
  /// True where read_at works.
  virtual bool positioned() const = 0;
  /// `bytes` bytes from byte `offset` of the data.
  virtual void read_at(void* to, std::size_t bytes, std::uint64_t offset) = 0;
  /// Bytes taken from the file so far (compressed ones where compressed).
  virtual std::uint64_t taken() const = 0;
};

/// An array found in a file, its header checked, its size compared with what the file really holds.
struct Array {
  std::string name;  ///< for messages: "a.npz:features"
  ElementType type;
  std::vector<std::uint64_t> shape;
  bool fortran = false;
  std::uint64_t elements = 0;
  std::unique_ptr<ArrayBytes> bytes;
};

/// A range of a file as array data.
class FileBytes final : public ArrayBytes {
 public:
  FileBytes(std::shared_ptr<InputFile> file, std::string name, std::uint64_t offset, std::uint64_t size);
  void read(void* to, std::size_t bytes) override;
  void finish() override;
  bool rewind() override;
  bool positioned() const override { return file_->regular(); }
  void read_at(void* to, std::size_t bytes, std::uint64_t offset) override;
  std::uint64_t taken() const override { return taken_; }

 private:
  std::shared_ptr<InputFile> file_;
  std::string name_;
  std::uint64_t offset_;
  std::uint64_t size_;
  std::uint64_t position_ = 0;
  std::uint64_t taken_ = 0;
};

/// "FILE", "FILE:MEMBER": the longest beginning that names something that exists is the file.
struct Spec {
  std::string path;
  std::string member;  ///< empty: none
};
Spec parse_spec(const std::string& spec);

/// Elements and bytes of a shape; throws FileError naming the shape when they pass 2^63 - 1.
std::uint64_t checked_elements(const std::string& name, const std::vector<std::uint64_t>& shape,
                               std::size_t element_bytes);

/// Opens the array of an opened file; content decides the format. `purpose` is "features" or "labels" for messages.
/// Throws FileError: malformed, unknown format, no or several arrays.
Array open_array(std::shared_ptr<InputFile> file, const std::string& member, const std::string& purpose);

}  // namespace culogme::detail
