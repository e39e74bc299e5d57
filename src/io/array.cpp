#include "io/array.hpp"

#include <culogme/error.hpp>

#include "io/format_sniff.hpp"
#include "io/npy_header.hpp"
#include "io/safetensors.hpp"
#include "io/text.hpp"
#include "io/zip_archive.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

namespace culogme::detail {

FileBytes::FileBytes(std::shared_ptr<InputFile> file, std::string name, std::uint64_t offset, std::uint64_t size)
    : file_(std::move(file)), name_(std::move(name)), offset_(offset), size_(size) {}

void FileBytes::read(void* to, std::size_t bytes) {
  const std::size_t got = file_->read_at(to, bytes, offset_ + position_);
  position_ += got;
  taken_ += got;
  if (got == bytes) return;
  if (file_->regular()) throw FileError(name_ + " became shorter while it was read");
  throw FileError(name_ + ": the header promises " + std::to_string(size_) + " bytes of data, the pipe held " +
                  std::to_string(position_));
}

void FileBytes::finish() {
  char more = 0;
  if (!file_->regular() && file_->read_at(&more, 1, offset_ + size_) != 0) {
    throw FileError(name_ + ": more bytes follow after the array of " + std::to_string(size_) + " bytes");
  }
}

bool FileBytes::rewind() {
  if (!file_->regular()) return false;
  position_ = 0;
  taken_ = 0;
  return true;
}

void FileBytes::read_at(void* to, std::size_t bytes, std::uint64_t offset) {
  taken_ += bytes;
  if (file_->read_at(to, bytes, offset_ + offset) < bytes) throw FileError(name_ + " became shorter while it was read");
}

Spec parse_spec(const std::string& spec) {
  std::error_code ignored;  // a path that cannot be looked at is named by the attempt to open it
  if (spec.find(':') == std::string::npos || std::filesystem::exists(spec, ignored)) return {spec, ""};
  for (std::size_t at = spec.rfind(':'); at != std::string::npos && at > 0; at = spec.rfind(':', at - 1)) {
    if (std::filesystem::exists(spec.substr(0, at), ignored)) return {spec.substr(0, at), spec.substr(at + 1)};
  }
  const std::string text = lower(spec);
  for (const char* extension : {".npz:", ".safetensors:", ".csv:", ".npy:", ".txt:"}) {
    const std::size_t at = text.find(extension);
    if (at == std::string::npos) continue;
    const std::size_t colon = text.find(':', at);
    return {spec.substr(0, colon), spec.substr(colon + 1)};
  }
  return {spec, ""};
}

std::uint64_t checked_elements(const std::string& name, const std::vector<std::uint64_t>& shape,
                               std::size_t element_bytes) {
  constexpr std::uint64_t limit = static_cast<std::uint64_t>(INT64_MAX);
  const bool empty = std::find(shape.begin(), shape.end(), std::uint64_t{0}) != shape.end();
  std::uint64_t elements = 1;
  for (const std::uint64_t size : shape) {
    const bool fits = size <= limit && (empty || size <= limit / elements);
    if (fits && !empty) elements *= size;
    const bool bytes_fit = element_bytes == 0 || elements <= limit / element_bytes;
    if (!fits || !bytes_fit) {
      throw FileError(name + ": the shape " + shape_text(shape) + " is more than can be addressed");
    }
  }
  return empty ? 0 : elements;
}

Array open_array(std::shared_ptr<InputFile> file, const std::string& member, const std::string& purpose) {
  const std::string name = shown(file->name());
  const std::string& head = file->head();
  const Sniffed sniffed = sniff(head, file->name());
  switch (sniffed.format) {
    case Format::npy:
      if (!member.empty()) {
        throw FileError(name + " is a .npy file, whose one array has no name; leave ':" + shown(member) + "' away");
      }
      return open_npy(std::move(file));
    case Format::zip:
      return open_npz(std::move(file), member, purpose);
    case Format::safetensors:
      return open_safetensors(std::move(file), member, purpose);
    default:
      throw_wrong_format(name, sniffed, head, purpose);
  }
}

}  // namespace culogme::detail
