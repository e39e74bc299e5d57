#pragma once

#include <string>
#include <string_view>

namespace culogme::detail {

enum class Format { npy, zip, safetensors, text, empty, other };

struct Sniffed {
  Format format = Format::other;
  std::string what;    ///< of other formats: "a gzip file"
  std::string advice;  ///< a clause on what to do first, may be empty
};

/// Tells a format by the first bytes of a file. The name only decides what a message calls a file that is damaged.
Sniffed sniff(std::string_view head, std::string_view path);

/// The sentence for files that are no arrays: what it is, and which formats `purpose` ("features") are read from.
[[noreturn]] void throw_wrong_format(const std::string& name, const Sniffed& sniffed, std::string_view head,
                                     const std::string& purpose);

}  // namespace culogme::detail
