#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/array.hpp"

namespace culogme::detail {

/// An entry of a .safetensors header; begin and end count from the first byte after the header.
struct Tensor {
  std::string name;
  std::string type;  ///< "F32" ...
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// Parses the JSON header: nesting, duplicate names and fields are checked, numbers must be whole and not negative.
/// Throws FileError beginning with `name`.
std::vector<Tensor> parse_safetensors_header(const std::string& name, std::string_view text);

/// Checks that the tensors' byte ranges fill `data_bytes` without holes, overlaps or rest, and that ranges of known
/// types fit their shapes. Throws FileError.
void check_safetensors_layout(const std::string& name, const std::vector<Tensor>& tensors, std::uint64_t data_bytes);

/// Opens the tensor `member` ("" where there is only one). Throws FileError that lists the tensors.
/// Format: https://github.com/huggingface/safetensors#format
Array open_safetensors(std::shared_ptr<InputFile> file, const std::string& member, const std::string& purpose);

}  // namespace culogme::detail
