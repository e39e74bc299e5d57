#include "io/format_sniff.hpp"

#include <culogme/error.hpp>

#include "io/text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace culogme::detail {
namespace {

using std::string_view_literals::operator""sv;  // NOLINT(misc-unused-using-decls): clang-tidy 14 sees no literals

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  std::string_view what;
  std::string_view advice;
};

constexpr std::string_view unpack = "unpack it first, then ";
constexpr std::array<Magic, 26> magics{{
    {0, "\x1f\x8b"sv, "a gzip file", unpack},
    {0, "BZh"sv, "a bzip2 file", unpack},
    {0,
     "\xfd"
     "7zXZ\0"sv,
     "an xz file", unpack},
    {0, "\x28\xb5\x2f\xfd"sv, "a zstd file", unpack},
    {0, "\x04\x22\x4d\x18"sv, "an lz4 file", unpack},
    {0, "7z\xbc\xaf\x27\x1c"sv, "a 7z archive", unpack},
    {0, "Rar!"sv, "a rar archive", unpack},
    {257, "ustar"sv, "a tar archive", unpack},
    {0, "PAR1"sv, "a Parquet file", ""},
    {0, "PARE"sv, "an encrypted Parquet file", ""},
    {0, "ARROW1"sv, "an Arrow (Feather) file", ""},
    {0, "FEA1"sv, "a Feather file", ""},
    {0, "ORC"sv, "an ORC file", ""},
    {0, "Obj\x01"sv, "an Avro file", ""},
    {0, "\x89HDF\r\n\x1a\n"sv, "an HDF5 file", ""},
    {0, "CDF\x01"sv, "a NetCDF file", ""},
    {0, "CDF\x02"sv, "a NetCDF file", ""},
    {0, "MATLAB 5.0"sv, "a MATLAB file (.mat)", ""},
    {0, "SQLite format 3\0"sv, "an SQLite database", ""},
    {0, "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv, "a torch file (.pt, old format)", ""},
    {0, "\x89PNG"sv, "a PNG picture", ""},
    {0, "\xff\xd8\xff"sv, "a JPEG picture", ""},
    {0, "GGUF"sv, "a GGUF model file", ""},
    {0,
     "\x7f"
     "ELF"sv,
     "a program", ""},
    {0, "%PDF"sv, "a PDF file", ""},
    {0, "version https://git-lfs.github.com/spec"sv, "a Git LFS pointer, not the file itself",
     "fetch it with git lfs pull; "},
}};

bool looks_like_text(std::string_view head) {
  return std::none_of(head.begin(), head.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x7F ||
           (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r' && byte != '\f' && byte != '\v');
  });
}

bool looks_like_pickle(std::string_view head) {
  const bool protocol = head.size() > 2 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5;
  return protocol || head.starts_with("(dp0\n") || head.starts_with("(lp0\n");
}

// Eight bytes of length, little endian, then a JSON object; a length of 2^56 and more would be text.
bool looks_like_safetensors(std::string_view head) {
  return head.size() > 8 && head[7] == '\0' && (head[8] == '{' || head[8] == '[' || head[8] == ' ');
}

}  // namespace

Sniffed sniff(std::string_view head, std::string_view path) {
  if (head.empty()) return {Format::empty, "", ""};
  if (head.starts_with("\x93NUMPY")) return {Format::npy, "", ""};
  for (const std::string_view magic : {"PK\x03\x04"sv, "PK\x05\x06"sv, "PK\x06\x06"sv, "PK\x07\x08"sv}) {
    if (head.starts_with(magic)) return {Format::zip, "", ""};
  }
  for (const Magic& magic : magics) {
    if (head.size() >= magic.offset && head.substr(magic.offset).starts_with(magic.bytes)) {
      return {Format::other, std::string(magic.what), std::string(magic.advice)};
    }
  }
  if (looks_like_safetensors(head)) return {Format::safetensors, "", ""};
  if (looks_like_pickle(head)) return {Format::other, "a Python pickle, which is never opened", ""};
  if (head.starts_with("\xff\xfe"sv) || head.starts_with("\xfe\xff"sv)) {
    return {Format::other, "UTF-16 text", "save it as UTF-8, or "};
  }
  if (ends_with_lower(path, ".safetensors")) return {Format::safetensors, "", ""};
  if (ends_with_lower(path, ".npy") && (head.starts_with("\x93") || "\x93NUMPY"sv.starts_with(head))) {
    return {Format::npy, "", ""};
  }
  if (ends_with_lower(path, ".npz") && "PK\x03\x04"sv.starts_with(head)) return {Format::zip, "", ""};
  if (looks_like_text(head)) return {Format::text, "a text file", ""};
  return {Format::other, "", ""};
}

void throw_wrong_format(const std::string& name, const Sniffed& sniffed, std::string_view head,
                        const std::string& purpose) {
  if (sniffed.format == Format::empty) throw FileError(name + ": the file is empty");
  if (!sniffed.what.empty()) {
    throw FileError(name + " is " + sniffed.what + "; " + sniffed.advice + "save the " + purpose +
                    " as .npy or .safetensors");
  }
  constexpr std::string_view digits = "0123456789abcdef";
  std::string begin;
  for (const char c : head.substr(0, 8)) {
    const auto byte = static_cast<unsigned char>(c);
    begin += (begin.empty() ? "" : " ");
    begin += digits[byte >> 4];
    begin += digits[byte & 15];
  }
  throw FileError(name + " is not a .npy, .npz or .safetensors file (it begins with the bytes " + begin +
                  "); save the " + purpose + " as .npy or .safetensors");
}

}  // namespace culogme::detail
