#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "io/array.hpp"

namespace culogme::detail {

/// What a .npy header says; https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
struct NpyHeader {
  ElementType type;
  std::vector<std::uint64_t> shape;
  bool fortran = false;
  std::uint64_t data_offset = 0;  ///< bytes from the start of the array's file to its data
};

/// Reads the header with `read(to, bytes)`, which gives the next bytes in order and returns how many there were.
/// `available` is how many bytes there are in all (UINT64_MAX: unknown). Versions 1, 2 and 3. Throws FileError
/// beginning with `name`.
NpyHeader read_npy_header(const std::string& name, std::uint64_t available,
                          const std::function<std::size_t(char*, std::size_t)>& read);

/// The dictionary inside a header, parsed and never evaluated, without recursion.
NpyHeader parse_npy_dictionary(const std::string& name, std::string_view text);

/// The element type of a 'descr' such as "<f4". Throws FileError for what has no place in a matrix or a label list.
ElementType parse_descr(const std::string& name, std::string_view descr);

/// Opens a .npy file. Sizes are compared with the file before anything is allocated.
Array open_npy(std::shared_ptr<InputFile> file);

}  // namespace culogme::detail
