#include <cstdint>
#include <cstdlib>
#include <string>

#include <zlib.h>

#include <culogme/error.hpp>

#include "statistics_state.hpp"

namespace {

void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i));
}

/// No input would get past the length and the checksum by chance: they are made right, so that the sizes are tried.
std::string sealed(std::string bytes) {
  if (bytes.size() < 24) return bytes;
  put(bytes, 12, bytes.size(), 8);
  const auto* const data = reinterpret_cast<const Bytef*>(bytes.data());
  const auto length = static_cast<uInt>(bytes.size() - 4);
  put(bytes, bytes.size() - 4, crc32(crc32(0, nullptr, 0), data, length), 4);
  return bytes;
}

/// What is accepted must come out as the same bytes: the format leaves no freedom.
void decode(const std::string& bytes) {
  try {
    culogme::Precision precision{};
    const culogme::detail::Moments moments = culogme::detail::decode_statistics(bytes, "input", precision);
    if (culogme::detail::encode_statistics(moments, precision) != bytes) std::abort();
  } catch (const culogme::FileError& refused) {
    if (std::string(refused.what()).find('\n') != std::string::npos) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  decode(bytes);
  decode(sealed(bytes));
  return 0;
}
