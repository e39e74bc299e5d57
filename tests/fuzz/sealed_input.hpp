#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <culogme/error.hpp>

#include <zlib.h>

namespace culogme::fuzz {

/// No input would get past the length and the checksum by chance: they are made right, so that the sizes are tried.
inline std::string sealed(std::string bytes) {
  if (bytes.size() < 24) return bytes;
  const auto put = [&bytes](std::size_t at, std::uint64_t value, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i));
  };
  put(12, bytes.size(), 8);
  const auto* const data = reinterpret_cast<const Bytef*>(bytes.data());
  const auto length = static_cast<uInt>(bytes.size() - 4);
  put(bytes.size() - 4, crc32(crc32(0, nullptr, 0), data, length), 4);
  return bytes;
}

/// `copy` decodes bytes and encodes what it read. What is accepted must come out as the same bytes, since the format
/// leaves no freedom; what is refused is so in one line.
template <class Copy>
int try_sealed(const std::uint8_t* data, std::size_t size, const Copy& copy) {
  const std::string given(reinterpret_cast<const char*>(data), size);
  for (const std::string& bytes : {given, sealed(given)}) {
    try {
      if (copy(bytes) != bytes) std::abort();
    } catch (const FileError& refused) {
      if (std::string(refused.what()).find('\n') != std::string::npos) std::abort();
    }
  }
  return 0;
}

}  // namespace culogme::fuzz
