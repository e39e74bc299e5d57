#include <culogme/error.hpp>

#include "io/text.hpp"
#include "io/zip_archive.hpp"

#include <algorithm>
#include <limits>

#include <zlib.h>

namespace culogme::detail {
namespace {

constexpr std::uint16_t stored = 0;
constexpr std::uint16_t deflated = 8;
constexpr std::uint16_t encrypted_flag = 1;
constexpr std::uint64_t input_piece = std::uint64_t{4} << 20;

std::string method_name(std::uint16_t method) {
  switch (method) {
    case 9:
      return "9 (deflate64)";
    case 12:
      return "12 (bzip2)";
    case 14:
      return "14 (LZMA)";
    case 93:
      return "93 (zstd)";
    case 95:
      return "95 (xz)";
    default:
      return std::to_string(method);
  }
}

uInt zlib_size(std::size_t bytes) {
  return static_cast<uInt>(std::min<std::size_t>(bytes, std::numeric_limits<uInt>::max()));
}

}  // namespace

ZipStream::ZipStream(std::shared_ptr<InputFile> file, std::string name, const ZipEntry& entry)
    : file_(std::move(file)), name_(std::move(name)), entry_(entry) {
  if ((entry_.flags & encrypted_flag) != 0) throw FileError(name_ + " is encrypted, which is not supported");
  if (entry_.method != stored && entry_.method != deflated) {
    throw FileError(name_ + " uses the compression method " + method_name(entry_.method) +
                    ", which is not supported (stored and deflated are)");
  }
  if (entry_.method == stored && entry_.compressed != entry_.size) {
    throw FileError(name_ + " is stored, but its sizes differ: " + std::to_string(entry_.compressed) + " and " +
                    std::to_string(entry_.size));
  }
  if (entry_.method == deflated) {
    input_.resize(static_cast<std::size_t>(std::min(entry_.compressed, input_piece)));
    stream_ = std::make_unique<z_stream>();
    if (inflateInit2(stream_.get(), -MAX_WBITS) != Z_OK) throw OutOfMemory(name_ + ": no memory for decompression");
  }
}

ZipStream::~ZipStream() {
  if (stream_ != nullptr) inflateEnd(stream_.get());
}

std::size_t ZipStream::read_stored(char* to, std::size_t bytes) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, entry_.compressed - taken_));
  const std::size_t got = file_->read_at(to, wanted, entry_.data_offset + taken_);
  if (got < wanted) throw FileError(name_ + ": the file became shorter while it was read");
  taken_ += got;
  ended_ = taken_ == entry_.compressed;
  return got;
}

std::size_t ZipStream::inflate_into(char* to, std::size_t bytes) {
  std::size_t done = 0;
  while (done < bytes && !ended_) {
    if (stream_->avail_in == 0 && taken_ < entry_.compressed) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(input_.size(), entry_.compressed - taken_));
      const std::size_t got = file_->read_at(input_.data(), wanted, entry_.data_offset + taken_);
      if (got < wanted) throw FileError(name_ + ": the file became shorter while it was read");
      taken_ += got;
      stream_->next_in = input_.data();
      stream_->avail_in = zlib_size(got);
    }
    const uInt room = zlib_size(bytes - done);
    stream_->next_out = reinterpret_cast<Bytef*>(to) + done;
    stream_->avail_out = room;
    const int status = inflate(stream_.get(), Z_NO_FLUSH);
    done += room - stream_->avail_out;
    if (status == Z_STREAM_END) {
      ended_ = true;
    } else if (status == Z_MEM_ERROR) {
      throw OutOfMemory(name_ + ": no memory for decompression");
    } else if (status == Z_BUF_ERROR && stream_->avail_in == 0 && taken_ == entry_.compressed) {
      throw FileError(name_ + " ends inside its compressed data after " + std::to_string(given_ + done) + " bytes");
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      throw FileError(name_ + " has damaged compressed data (" + (stream_->msg != nullptr ? stream_->msg : "zlib") +
                      ") after " + std::to_string(given_ + done) + " bytes");
    }
  }
  return done;
}

std::size_t ZipStream::read(char* to, std::size_t bytes) {
  const std::size_t got = entry_.method == stored ? read_stored(to, bytes) : inflate_into(to, bytes);
  crc_ = crc32_z(crc_, reinterpret_cast<const Bytef*>(to), got);
  given_ += got;
  return got;
}

void ZipStream::finish() {
  char more = 0;
  if (read(&more, 1) != 0) {
    throw FileError(name_ + " holds more bytes than the " + std::to_string(given_ - 1) + " that its array needs");
  }
  const std::uint64_t unused = stream_ != nullptr ? stream_->avail_in : 0;
  if (taken_ != entry_.compressed || unused != 0) {
    throw FileError(name_ + ": bytes follow after the end of its compressed data");
  }
  if (crc_ != entry_.crc) throw FileError(name_ + " fails its checksum (CRC): the archive is damaged");
}

void ZipStream::rewind() {
  if (stream_ != nullptr) {
    inflateReset(stream_.get());
    stream_->avail_in = 0;
  }
  taken_ = 0;
  given_ = 0;
  crc_ = 0;
  ended_ = false;
}

}  // namespace culogme::detail
