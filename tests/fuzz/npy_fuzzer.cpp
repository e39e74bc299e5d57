#include "fuzz/support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const culogme::fuzz::MemoryFile file(data, size);
  culogme::ReadOptions options;
  culogme::fuzz::read_features(file.path(), options);
  options.bfloat16 = true;
  culogme::fuzz::read_features(file.path(), options);
  return 0;
}
