#include "sealed_input.hpp"
#include "source_sums.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return culogme::fuzz::try_sealed(data, size, [](const std::string& bytes) {
    return culogme::detail::encode_source(culogme::detail::decode_source(bytes, "input"));
  });
}
