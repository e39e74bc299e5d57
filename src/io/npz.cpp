#include <culogme/error.hpp>

#include "io/npy_header.hpp"
#include "io/text.hpp"
#include "io/zip_archive.hpp"

#include <algorithm>
#include <limits>

namespace culogme::detail {
namespace {

// Deflate gives at most 258 bytes for two bits, 1032 for a byte; more than that no entry can hold.
constexpr std::uint64_t deflate_limit = 1032;
constexpr std::size_t skip_piece = std::size_t{1} << 16;

class ZipBytes final : public ArrayBytes {
 public:
  ZipBytes(std::unique_ptr<ZipStream> stream, std::uint64_t header_bytes)
      : stream_(std::move(stream)), header_bytes_(header_bytes) {}

  void read(void* to, std::size_t bytes) override {
    const std::size_t got = stream_->read(static_cast<char*>(to), bytes);
    if (got < bytes) throw FileError(stream_->name() + " ends before its array does");
  }

  void finish() override { stream_->finish(); }

  bool rewind() override {
    stream_->rewind();
    skip_header();
    return true;
  }

  bool positioned() const override { return stream_->entry().method == 0; }

  // The first call reads the whole entry once for its CRC, since later calls see only pieces.
  void read_at(void* to, std::size_t bytes, std::uint64_t offset) override {
    if (!checked_) {
      stream_->rewind();
      std::vector<char> piece(std::size_t{4} << 20);
      while (stream_->read(piece.data(), piece.size()) == piece.size()) {
      }
      stream_->finish();
      checked_ = true;
    }
    const std::uint64_t at = stream_->entry().data_offset + header_bytes_ + offset;
    if (stream_->file().read_at(to, bytes, at) < bytes) {
      throw FileError(stream_->name() + ": the file became shorter while it was read");
    }
  }

  std::uint64_t taken() const override { return stream_->taken(); }

 private:
  void skip_header() {
    std::vector<char> skipped(std::min<std::size_t>(skip_piece, static_cast<std::size_t>(header_bytes_)));
    for (std::uint64_t left = header_bytes_; left > 0;) {
      const std::size_t step = std::min<std::size_t>(skipped.size(), static_cast<std::size_t>(left));
      read(skipped.data(), step);
      left -= step;
    }
  }

  std::unique_ptr<ZipStream> stream_;
  std::uint64_t header_bytes_;
  bool checked_ = false;
};

bool is_torch(const std::vector<ZipEntry>& entries) {
  return std::any_of(entries.begin(), entries.end(), [](const ZipEntry& entry) {
    return entry.name == "data.pkl" || entry.name.ends_with("/data.pkl");
  });
}

const ZipEntry& choose(const std::string& file, const std::vector<ZipEntry>& entries, const std::string& member,
                       const std::string& purpose) {
  std::vector<std::string> arrays;
  const ZipEntry* only = nullptr;
  const ZipEntry* found = nullptr;
  for (const ZipEntry& entry : entries) {
    if (!entry.name.ends_with(".npy")) continue;
    arrays.push_back(entry.name.substr(0, entry.name.size() - 4));
    only = &entry;
    if (!member.empty() && (arrays.back() == member || (entry.name == member && found == nullptr))) found = &entry;
  }
  if (found != nullptr) return *found;
  if (only == nullptr) {
    throw FileError(file + " is a zip archive without any .npy array; " + purpose +
                    " are read from .npy, .npz or .safetensors");
  }
  if (!member.empty()) {
    throw FileError(file + ": there is no array " + in_quotes(member) + " in the archive (it holds: " + listed(arrays) +
                    ")");
  }
  if (arrays.size() > 1) {
    throw FileError(file + ": the archive holds several arrays (" + listed(arrays) + "); name one for the " + purpose +
                    ", as in " + file + ":" + shown(arrays.front()));
  }
  return *only;
}

}  // namespace

Array open_npz(std::shared_ptr<InputFile> file, const std::string& member, const std::string& purpose) {
  const std::string name = shown(file->name());
  if (!file->regular()) {
    throw FileError(name + " is a pipe that carries a zip archive, which needs a regular file; only .npy can be piped");
  }
  const std::vector<ZipEntry> entries = read_zip_directory(*file);
  if (is_torch(entries)) {
    throw FileError(name + " is a torch file (.pt), which cannot be read without running its pickle; save the " +
                    purpose + " as .npy or .safetensors");
  }
  const ZipEntry& entry = choose(name, entries, member, purpose);
  const std::string what = name + ": entry " + in_quotes(entry.name);
  auto stream = std::make_unique<ZipStream>(std::move(file), what, entry);
  const bool deflate = entry.method != 0;
  if (deflate && entry.size / deflate_limit > entry.compressed + 1) {
    throw FileError(what + " claims to expand from " + std::to_string(entry.compressed) + " to " +
                    std::to_string(entry.size) + " bytes, more than its compression can hold");
  }
  const NpyHeader header =
      read_npy_header(what, entry.size, [&](char* to, std::size_t bytes) { return stream->read(to, bytes); });
  Array array;
  array.name = member.empty() ? name : name + ":" + shown(member);
  array.type = header.type;
  array.shape = header.shape;
  array.fortran = header.fortran;
  array.elements = checked_elements(array.name, header.shape, header.type.bytes);
  const std::uint64_t bytes = array.elements * header.type.bytes;
  const std::uint64_t held = entry.size - header.data_offset;
  if (held < bytes) {
    throw FileError(what + ": the header promises " + std::to_string(bytes) + " bytes of data, the entry holds " +
                    std::to_string(held));
  }
  if (held > bytes) {
    throw FileError(what + " holds " + std::to_string(entry.size) + " bytes, " + std::to_string(held - bytes) +
                    " more than its array needs");
  }
  array.bytes = std::make_unique<ZipBytes>(std::move(stream), header.data_offset);
  return array;
}

}  // namespace culogme::detail
