#pragma once

#include <string>

#include "culogme/error.hpp"

namespace culogme::detail {

/// Throws InvalidArgument that names both arguments and their sizes where these differ.
inline void check_sizes(const char* function, const char* first, std::size_t first_size, const char* second,
                        std::size_t second_size) {
  if (first_size == second_size) return;
  throw InvalidArgument(std::string(function) + ": " + first + " has " + std::to_string(first_size) + " values and " +
                        second + " has " + std::to_string(second_size) + ", one of each per model was expected");
}

}  // namespace culogme::detail
