#include "backend.hpp"

#include <culogme/error.hpp>

namespace culogme::detail {

void Backend::read(const void*, std::size_t, std::size_t, std::int64_t, void*) {
  throw InvalidArgument("the engine is on the CPU, which has no device memory");
}

}  // namespace culogme::detail
