#include "io/safetensors.hpp"

#include <culogme/error.hpp>

#include "io/text.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace culogme::detail {
namespace {

// The format's own limit.
constexpr std::uint64_t header_limit = 100'000'000;

struct TypeRow {
  std::string_view name;
  std::size_t bytes;
  std::optional<ElementKind> kind;  // empty: known, but not readable here
};

constexpr std::array<TypeRow, 17> types{{{"BOOL", 1, ElementKind::boolean},
                                         {"I8", 1, ElementKind::signed_integer},
                                         {"I16", 2, ElementKind::signed_integer},
                                         {"I32", 4, ElementKind::signed_integer},
                                         {"I64", 8, ElementKind::signed_integer},
                                         {"U8", 1, ElementKind::unsigned_integer},
                                         {"U16", 2, ElementKind::unsigned_integer},
                                         {"U32", 4, ElementKind::unsigned_integer},
                                         {"U64", 8, ElementKind::unsigned_integer},
                                         {"F16", 2, ElementKind::real},
                                         {"F32", 4, ElementKind::real},
                                         {"F64", 8, ElementKind::real},
                                         {"BF16", 2, ElementKind::brain},
                                         {"F8_E4M3", 1, std::nullopt},
                                         {"F8_E5M2", 1, std::nullopt},
                                         {"F8_E8M0", 1, std::nullopt},
                                         {"C64", 8, std::nullopt}}};

const TypeRow* find_type(const std::string& name) {
  const auto found = std::find_if(types.begin(), types.end(), [&](const TypeRow& row) { return row.name == name; });
  return found == types.end() ? nullptr : &*found;
}

const Tensor& choose(const std::string& file, const std::vector<Tensor>& tensors, const std::string& member,
                     const std::string& purpose) {
  std::vector<std::string> names;
  for (const Tensor& tensor : tensors) {
    if (tensor.name == member) return tensor;
    names.push_back(tensor.name);
  }
  if (tensors.empty()) throw FileError(file + ": the file holds no tensor");
  std::sort(names.begin(), names.end(), natural_less);
  if (!member.empty()) {
    throw FileError(file + ": there is no tensor " + in_quotes(member) + " in the file (it holds: " + listed(names) +
                    ")");
  }
  if (tensors.size() > 1) {
    throw FileError(file + ": the file holds several tensors (" + listed(names) + "); name one for the " + purpose +
                    ", as in " + file + ":" + shown(names.front()));
  }
  return tensors.front();
}

}  // namespace

void check_safetensors_layout(const std::string& name, const std::vector<Tensor>& tensors, std::uint64_t data_bytes) {
  std::vector<const Tensor*> order;
  for (const Tensor& tensor : tensors) {
    const std::string what = name + ": tensor " + in_quotes(tensor.name);
    if (tensor.begin > tensor.end) {
      throw FileError(what + " has offsets that run backwards (" + std::to_string(tensor.begin) + ".." +
                      std::to_string(tensor.end) + ")");
    }
    const TypeRow* type = find_type(tensor.type);
    if (type != nullptr) {
      const std::uint64_t needed = checked_elements(what, tensor.shape, type->bytes) * type->bytes;
      if (needed != tensor.end - tensor.begin) {
        throw FileError(what + ": shape " + shape_text(tensor.shape) + " of " + tensor.type + " needs " +
                        std::to_string(needed) + " bytes, its offsets hold " +
                        std::to_string(tensor.end - tensor.begin));
      }
    }
    order.push_back(&tensor);
  }
  std::sort(order.begin(), order.end(), [](const Tensor* a, const Tensor* b) {
    return a->begin != b->begin ? a->begin < b->begin : a->end < b->end;
  });
  std::uint64_t end = 0;
  const Tensor* before = nullptr;
  for (const Tensor* tensor : order) {
    const std::string what = name + ": tensor " + in_quotes(tensor->name);
    if (tensor->end > data_bytes) {
      throw FileError(what + " (offsets " + std::to_string(tensor->begin) + ".." + std::to_string(tensor->end) +
                      ") ends " + std::to_string(tensor->end - data_bytes) + " bytes after the end of the file");
    }
    if (tensor->begin < end) throw FileError(what + " overlaps tensor " + in_quotes(before->name));
    if (tensor->begin > end) {
      throw FileError(what + ": the " + std::to_string(tensor->begin - end) + " bytes before it belong to no tensor");
    }
    end = tensor->end;
    before = tensor;
  }
  if (end < data_bytes && before != nullptr) {
    throw FileError(name + ": " + std::to_string(data_bytes - end) + " bytes follow after the last tensor");
  }
}

Array open_safetensors(std::shared_ptr<InputFile> file, const std::string& member, const std::string& purpose) {
  const std::string name = shown(file->name());
  if (!file->regular()) {
    throw FileError(name + " is a pipe that carries .safetensors, which needs a regular file; only .npy can be piped");
  }
  std::array<unsigned char, 8> start{};
  if (file->read_at(start.data(), start.size(), 0) < start.size()) {
    throw FileError(name + ": " + std::to_string(file->size()) + " bytes are too short for a .safetensors header");
  }
  std::uint64_t length = 0;
  for (std::size_t i = start.size(); i-- > 0;) length = length << 8 | start[i];
  if (length > file->size() - start.size()) {
    throw FileError(name + ": the .safetensors header length " + std::to_string(length) + " is longer than the file");
  }
  if (length > header_limit) {
    throw FileError(name + ": the .safetensors header length " + std::to_string(length) +
                    " is above the format's limit of " + std::to_string(header_limit) + " bytes");
  }
  std::string text(static_cast<std::size_t>(length), '\0');
  if (file->read_at(text.data(), text.size(), start.size()) < text.size()) {
    throw FileError(name + " became shorter while it was read");
  }
  const std::vector<Tensor> tensors = parse_safetensors_header(name, text);
  const std::uint64_t data_offset = start.size() + length;
  check_safetensors_layout(name, tensors, file->size() - data_offset);
  const Tensor& tensor = choose(name, tensors, member, purpose);
  const std::string what = name + ": tensor " + in_quotes(tensor.name);
  const TypeRow* type = find_type(tensor.type);
  if (type == nullptr) throw FileError(what + " has the unknown element type " + in_quotes(tensor.type));
  if (!type->kind.has_value()) throw FileError(what + ": the element type " + tensor.type + " is not supported");
  Array array;
  array.name = member.empty() ? name : name + ":" + shown(member);
  array.type = {*type->kind, type->bytes, false, tensor.type};
  array.shape = tensor.shape;
  array.elements = checked_elements(array.name, tensor.shape, type->bytes);
  array.bytes =
      std::make_unique<FileBytes>(std::move(file), array.name, data_offset + tensor.begin, tensor.end - tensor.begin);
  return array;
}

}  // namespace culogme::detail
