#include <culogme/error.hpp>

#include "io/text.hpp"
#include "io/zip_archive.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <unordered_set>

namespace culogme::detail {
namespace {

constexpr std::uint32_t local_signature = 0x04034b50;
constexpr std::uint32_t central_signature = 0x02014b50;
constexpr std::uint32_t end_signature = 0x06054b50;
constexpr std::uint32_t end64_signature = 0x06064b50;
constexpr std::uint32_t locator64_signature = 0x07064b50;
constexpr std::uint64_t local_bytes = 30;
constexpr std::uint64_t central_bytes = 46;
constexpr std::uint64_t end_bytes = 22;
constexpr std::uint64_t end64_bytes = 56;
constexpr std::uint64_t locator64_bytes = 20;
constexpr std::uint64_t comment_limit = 0xFFFF;
constexpr std::uint64_t directory_limit = std::uint64_t{1} << 28;
constexpr std::uint16_t zip64_field = 0x0001;
constexpr std::uint16_t descriptor_flag = 1 << 3;
constexpr std::uint32_t saturated32 = 0xFFFFFFFF;

std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}
std::uint16_t number16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(number(bytes, at, 2));
}
std::uint32_t number32(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(number(bytes, at, 4));
}

class DirectoryReader {
 public:
  explicit DirectoryReader(InputFile& file) : file_(file), name_(shown(file.name())) {}

  std::vector<ZipEntry> read() {
    find_end();
    std::vector<ZipEntry> entries = read_central();
    for (ZipEntry& entry : entries) check_local(entry);
    check_ranges(entries);
    return entries;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw FileError(name_ + ": " + what); }

  std::string bytes_at(std::uint64_t offset, std::uint64_t count, const std::string& what) {
    if (offset > file_.size() || count > file_.size() - offset) fail(what + " lies outside the file");
    std::string bytes(static_cast<std::size_t>(count), '\0');
    if (file_.read_at(bytes.data(), bytes.size(), offset) < bytes.size()) fail("became shorter while it was read");
    return bytes;
  }

  void find_end() {
    const std::uint64_t tail_bytes = std::min(file_.size(), end_bytes + comment_limit);
    const std::uint64_t tail_offset = file_.size() - tail_bytes;
    const std::string tail = bytes_at(tail_offset, tail_bytes, "the end of the archive");
    std::size_t at = tail.size();
    bool found = false;
    for (std::size_t i = tail.size() < end_bytes ? 0 : tail.size() - end_bytes + 1; i-- > 0 && !found;) {
      found = number32(tail, i) == end_signature && number16(tail, i + 20) == tail.size() - i - end_bytes;
      at = i;
    }
    if (!found) fail("the zip archive has no directory at its end (the file was cut, or something follows it)");
    const std::uint64_t end_offset = tail_offset + at;
    if (number16(tail, at + 4) != 0 || number16(tail, at + 6) != 0) fail("archives of several volumes cannot be read");
    count_ = number16(tail, at + 10);
    size_ = number32(tail, at + 12);
    offset_ = number32(tail, at + 16);
    directory_end_ = end_offset;
    if (end_offset >= locator64_bytes) read_end64(end_offset - locator64_bytes);
    if (offset_ > directory_end_ || size_ != directory_end_ - offset_) {
      fail("the zip directory of " + std::to_string(size_) + " bytes at " + std::to_string(offset_) +
           " does not end where its end record begins (" + std::to_string(directory_end_) + ")");
    }
    if (size_ > directory_limit) fail("the zip directory of " + std::to_string(size_) + " bytes is too large");
  }

  void read_end64(std::uint64_t locator_offset) {
    const std::string locator = bytes_at(locator_offset, locator64_bytes, "the zip64 locator");
    if (number32(locator, 0) != locator64_signature) return;
    const std::uint64_t record_offset = number(locator, 8, 8);
    const std::string record = bytes_at(record_offset, end64_bytes, "the zip64 end record");
    if (number32(record, 0) != end64_signature || number(record, 4, 8) != locator_offset - record_offset - 12) {
      fail("the zip64 end record is damaged");
    }
    count_ = number(record, 32, 8);
    size_ = number(record, 40, 8);
    offset_ = number(record, 48, 8);
    directory_end_ = record_offset;
  }

  std::vector<ZipEntry> read_central() {
    const std::string directory = bytes_at(offset_, size_, "the zip directory");
    std::vector<ZipEntry> entries;
    std::unordered_set<std::string> names;
    std::size_t at = 0;
    while (at < directory.size()) {
      if (directory.size() - at < central_bytes || number32(directory, at) != central_signature) {
        fail("the zip directory is damaged at entry " + std::to_string(entries.size()));
      }
      const std::size_t name_bytes = number16(directory, at + 28);
      const std::size_t extra_bytes = number16(directory, at + 30);
      const std::size_t all = central_bytes + name_bytes + extra_bytes + number16(directory, at + 32);
      if (all > directory.size() - at) fail("the zip directory ends inside entry " + std::to_string(entries.size()));
      ZipEntry entry;
      entry.name = directory.substr(at + central_bytes, name_bytes);
      entry.flags = number16(directory, at + 8);
      entry.method = number16(directory, at + 10);
      entry.crc = number32(directory, at + 16);
      entry.compressed = number32(directory, at + 20);
      entry.size = number32(directory, at + 24);
      entry.header_offset = number32(directory, at + 42);
      const std::string_view extra = std::string_view(directory).substr(at + central_bytes + name_bytes, extra_bytes);
      widen(entry.name, extra, {&entry.size, &entry.compressed, &entry.header_offset});
      if (!names.insert(entry.name).second) fail("entry " + in_quotes(entry.name) + " is there twice");
      entries.push_back(std::move(entry));
      at += all;
    }
    if (entries.size() != count_) {
      fail("the zip directory holds " + std::to_string(entries.size()) + " entries, its end record says " +
           std::to_string(count_));
    }
    return entries;
  }

  // Replaces sizes of 0xFFFFFFFF by those of the zip64 extra field, which holds only the ones that did not fit.
  void widen(const std::string& entry, std::string_view extra, const std::array<std::uint64_t*, 3>& sizes) const {
    std::string_view field;
    while (extra.size() >= 4) {
      const std::size_t bytes = number16(extra, 2);
      if (bytes > extra.size() - 4) break;  // some writers pad the extra field with less than a header
      if (number16(extra, 0) == zip64_field) field = extra.substr(4, bytes);
      extra.remove_prefix(4 + bytes);
    }
    for (std::uint64_t* size : sizes) {
      if (size == nullptr || *size != saturated32) continue;
      if (field.size() < 8) fail("entry " + in_quotes(entry) + " lacks its zip64 sizes");
      *size = number(field, 0, 8);
      field.remove_prefix(8);
    }
  }

  void check_local(ZipEntry& entry) {
    const std::string what = "entry " + in_quotes(entry.name);
    const std::string local = bytes_at(entry.header_offset, local_bytes, what);
    if (number32(local, 0) != local_signature)
      fail(what + " has no local header at " + std::to_string(entry.header_offset));
    const std::size_t name_bytes = number16(local, 26);
    const std::size_t extra_bytes = number16(local, 28);
    const std::string rest = bytes_at(entry.header_offset + local_bytes, name_bytes + extra_bytes, what);
    if (rest.compare(0, name_bytes, entry.name) != 0) {
      fail(what + " has another name in its local header (" + in_quotes(rest.substr(0, name_bytes)) +
           "): two entries at the same place");
    }
    if (number16(local, 8) != entry.method) fail(what + " has another compression method in its local header");
    entry.data_offset = entry.header_offset + local_bytes + name_bytes + extra_bytes;
    if (entry.data_offset > offset_ || entry.compressed > offset_ - entry.data_offset) {
      fail(what + ": its " + std::to_string(entry.compressed) + " bytes reach beyond the entries' part of the file");
    }
    if ((number16(local, 6) & descriptor_flag) != 0) return;  // sizes follow after the data
    std::uint64_t compressed = number32(local, 18);
    std::uint64_t size = number32(local, 22);
    widen(entry.name, std::string_view(rest).substr(name_bytes), {&size, &compressed, nullptr});
    if (compressed != entry.compressed || size != entry.size || number32(local, 14) != entry.crc) {
      fail(what + " has other sizes or another CRC in its local header than in the directory");
    }
  }

  // Entries must follow each other from byte 0 to the directory; behind one with the descriptor flag 12 to 24 bytes
  // hold its sizes (with or without a signature, of 4 or 8 bytes each).
  void check_ranges(const std::vector<ZipEntry>& entries) const {
    std::vector<std::size_t> order(entries.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return entries[a].header_offset < entries[b].header_offset; });
    std::uint64_t end = 0;
    const ZipEntry* before = nullptr;
    for (std::size_t i = 0; i <= order.size(); ++i) {
      const ZipEntry* entry = i < order.size() ? &entries[order[i]] : nullptr;
      const std::uint64_t begin = entry != nullptr ? entry->header_offset : offset_;
      const std::string what = entry != nullptr ? "entry " + in_quotes(entry->name) : std::string("the zip directory");
      if (begin < end) fail(what + " overlaps entry " + in_quotes(before->name));
      const std::uint64_t gap = begin - end;
      const bool described = before != nullptr && (before->flags & descriptor_flag) != 0;
      const bool fits = gap == 0 || (described && (gap == 12 || gap == 16 || gap == 20 || gap == 24));
      if (!fits) fail(std::to_string(gap) + " bytes before " + what + " belong to no entry of the zip archive");
      before = entry;
      end = entry != nullptr ? entry->data_offset + entry->compressed : end;
    }
  }

  InputFile& file_;
  std::string name_;
  std::uint64_t count_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t directory_end_ = 0;
};

}  // namespace

std::vector<ZipEntry> read_zip_directory(InputFile& file) { return DirectoryReader(file).read(); }

}  // namespace culogme::detail
