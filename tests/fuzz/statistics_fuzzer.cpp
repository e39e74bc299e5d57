#include "sealed_input.hpp"
#include "statistics_state.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return culogme::fuzz::try_sealed(data, size, [](const std::string& bytes) {
    culogme::Precision precision{};
    const culogme::detail::Moments moments = culogme::detail::decode_statistics(bytes, "input", precision);
    return culogme::detail::encode_statistics(moments, precision);
  });
}
