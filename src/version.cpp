#include <culogme/version.hpp>

namespace culogme {

const char* version() noexcept { return CULOGME_VERSION; }

}  // namespace culogme
