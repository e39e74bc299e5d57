#include "fuzz/support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const culogme::fuzz::MemoryFile file(data, size);
  for (const char* member : {"", ":features", ":labels", ":a"}) culogme::fuzz::read_features(file.path() + member);
  culogme::fuzz::read_as(file.path() + ":labels", {});
  return 0;
}
