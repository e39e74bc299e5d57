#include "io/npy_header.hpp"

#include <culogme/error.hpp>

#include "io/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace culogme::detail {
namespace {

// numpy itself refuses headers above 10,000 bytes; only structured types, which are refused here, come near.
constexpr std::uint64_t header_limit = std::uint64_t{1} << 20;
constexpr std::size_t dimension_limit = 64;
constexpr std::size_t element_limit = std::size_t{1} << 20;

class DictionaryParser {
 public:
  DictionaryParser(const std::string& name, std::string_view text) : name_(name), text_(text) {}

  NpyHeader parse() {
    NpyHeader header;
    bool has_descr = false;
    bool has_order = false;
    bool has_shape = false;
    expect('{', "does not begin with '{'");
    while (!accept('}')) {
      const std::string_view key = quoted_text("a key");
      expect(':', "has no ':' after " + in_quotes(key));
      bool* seen = key == "descr" ? &has_descr : key == "fortran_order" ? &has_order : &has_shape;
      if (key != "descr" && key != "fortran_order" && key != "shape") fail("has the unknown key " + in_quotes(key));
      if (*seen) fail("has " + in_quotes(key) + " twice");
      *seen = true;
      if (key == "descr") {
        header.type = parse_descr(name_, descr());
      } else if (key == "fortran_order") {
        header.fortran = boolean();
      } else {
        header.shape = shape();
      }
      if (accept('}')) break;
      expect(',', "has no ',' after the value of " + in_quotes(key));
    }
    if (!has_descr) fail("has no 'descr'");
    if (!has_order) fail("has no 'fortran_order'");
    if (!has_shape) fail("has no 'shape'");
    const std::string_view rest = text_.substr(at_);
    if (rest.find_first_not_of(std::string_view(" \t\r\n\0", 5)) != std::string_view::npos) {
      fail("goes on after its dictionary");
    }
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw FileError(name_ + ": the .npy header " + what); }

  void skip_blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }

  bool accept(char wanted) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  void expect(char wanted, const std::string& complaint) {
    if (!accept(wanted)) fail(complaint);
  }

  std::string_view quoted_text(const std::string& what) {
    skip_blanks();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) fail("lacks " + what + " in quotes");
    const std::size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) fail("has a text without its closing quote");
    const std::string_view value = text_.substr(at_ + 1, end - at_ - 1);
    if (value.find('\\') != std::string_view::npos) fail("has a backslash in " + in_quotes(value));
    at_ = end + 1;
    return value;
  }

  std::string_view descr() {
    skip_blanks();
    if (at_ < text_.size() && (text_[at_] == '[' || text_[at_] == '(' || text_[at_] == '{')) {
      const std::size_t end = std::min(text_.find("'fortran_order'", at_), text_.find("'shape'", at_));
      std::string_view shortened = trimmed(text_.substr(at_, std::min(end, text_.size()) - at_));
      if (shortened.ends_with(',')) shortened.remove_suffix(1);
      throw FileError(name_ + ": structured element types (named fields or sub-arrays, here " + shown(shortened) +
                      ") cannot be read; save one plain array");
    }
    return quoted_text("an element type");
  }

  bool boolean() {
    skip_blanks();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return value;
      }
    }
    fail("has a 'fortran_order' that is neither True nor False");
  }

  std::vector<std::uint64_t> shape() {
    const std::string complaint = "has a 'shape' that is no tuple of numbers";
    std::vector<std::uint64_t> sizes;
    expect('(', complaint);
    while (!accept(')')) {
      const bool negative = accept('-');
      skip_blanks();
      std::uint64_t size = 0;
      const char* first = text_.data() + at_;
      const auto result = std::from_chars(first, text_.data() + text_.size(), size);
      const std::string_view digits(first, static_cast<std::size_t>(result.ptr - first));
      if (digits.empty()) fail(complaint);
      if (negative) fail("has the negative size -" + shown(digits) + " in its shape");
      if (result.ec != std::errc()) fail("has a size in its shape that cannot be addressed: " + shown(digits));
      at_ += digits.size();
      if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // written by Python 2
      sizes.push_back(size);
      if (sizes.size() > dimension_limit) fail("has a shape of more than 64 dimensions");
      if (accept(')')) break;
      expect(',', complaint);
    }
    return sizes;
  }

  const std::string& name_;
  std::string_view text_;
  std::size_t at_ = 0;
};

struct Unsupported {
  char kind;
  const char* what;
};

constexpr std::array<Unsupported, 5> unsupported{{{'O', "Python objects (a pickle, which is never opened)"},
                                                  {'c', "complex numbers"},
                                                  {'M', "dates and times"},
                                                  {'m', "time differences"},
                                                  {'t', "bit fields"}}};

}  // namespace

ElementType parse_descr(const std::string& name, std::string_view descr) {
  const std::string what = name + ": element type " + in_quotes(descr);
  ElementType type;
  type.name = std::string(descr);
  std::string_view rest = descr;
  if (!rest.empty() && std::string_view("<>=|").find(rest.front()) != std::string_view::npos) {
    type.big_endian = rest.front() == '>';
    rest.remove_prefix(1);
  }
  const char kind = rest.empty() ? '\0' : rest.front();
  for (const Unsupported& entry : unsupported) {
    if (kind == entry.kind) throw FileError(what + " (" + entry.what + ") cannot be read; save plain numbers");
  }
  std::size_t size = 0;
  const char* last = rest.data() + rest.size();
  const bool has_size = rest.size() > 1;
  const auto result = has_size ? std::from_chars(rest.data() + 1, last, size) : std::from_chars_result{last, {}};
  if (!has_size || result.ec != std::errc() || result.ptr != last) throw FileError(what + " is not known");
  const bool whole_size = size == 1 || size == 2 || size == 4 || size == 8;
  type.bytes = size;
  if (kind == 'b' && size == 1) {
    type.kind = ElementKind::boolean;
  } else if ((kind == 'i' || kind == 'u') && whole_size) {
    type.kind = kind == 'i' ? ElementKind::signed_integer : ElementKind::unsigned_integer;
  } else if (kind == 'f' && whole_size && size > 1) {
    type.kind = ElementKind::real;
  } else if (kind == 'f' && (size == 12 || size == 16)) {
    throw FileError(what + " (long double) cannot be read; save as float64");
  } else if (kind == 'U' || kind == 'S' || kind == 'a' || kind == 'V') {
    type.kind = kind == 'U' ? ElementKind::text : kind == 'V' ? ElementKind::raw : ElementKind::bytes;
    if (size > element_limit) throw FileError(what + " is longer than " + std::to_string(element_limit) + " letters");
    if (kind == 'U') type.bytes = 4 * size;
  } else {
    throw FileError(what + " is not known");
  }
  return type;
}

NpyHeader parse_npy_dictionary(const std::string& name, std::string_view text) {
  return DictionaryParser(name, text).parse();
}

NpyHeader read_npy_header(const std::string& name, std::uint64_t available,
                          const std::function<std::size_t(char*, std::size_t)>& read) {
  std::array<char, 12> start{};
  const auto take = [&](char* to, std::size_t bytes) {
    if (read(to, bytes) < bytes) throw FileError(name + ": the file ends inside its .npy header");
  };
  take(start.data(), 8);
  if (std::memcmp(start.data(), "\x93NUMPY", 6) != 0) throw FileError(name + " is not a .npy array (wrong magic)");
  const unsigned major = static_cast<unsigned char>(start[6]);
  const unsigned minor = static_cast<unsigned char>(start[7]);
  if (major < 1 || major > 3 || minor != 0) {
    throw FileError(name + ": version " + std::to_string(major) + "." + std::to_string(minor) +
                    " of the .npy format is unknown (1.0, 2.0 and 3.0 can be read)");
  }
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  take(start.data() + 8, length_bytes);
  std::uint64_t length = 0;
  for (std::size_t i = length_bytes; i-- > 0;) length = length << 8 | static_cast<unsigned char>(start[8 + i]);
  const std::uint64_t offset = 8 + length_bytes;
  if (available < offset || length > available - offset) {
    throw FileError(name + ": the .npy header length " + std::to_string(length) +
                    " is longer than the file, which ends " + "inside its header");
  }
  if (length > header_limit) {
    throw FileError(name + ": the .npy header length " + std::to_string(length) + " is above the limit of " +
                    std::to_string(header_limit) + " bytes");
  }
  std::string text(static_cast<std::size_t>(length), '\0');
  take(text.data(), text.size());
  NpyHeader header = parse_npy_dictionary(name, text);
  header.data_offset = offset + length;
  return header;
}

Array open_npy(std::shared_ptr<InputFile> file) {
  const std::string name = shown(file->name());
  std::uint64_t at = 0;
  const std::uint64_t available = file->regular() ? file->size() : UINT64_MAX;
  const NpyHeader header = read_npy_header(name, available, [&](char* to, std::size_t bytes) {
    const std::size_t got = file->read_at(to, bytes, at);
    at += got;
    return got;
  });
  Array array;
  array.name = name;
  array.type = header.type;
  array.shape = header.shape;
  array.fortran = header.fortran;
  array.elements = checked_elements(name, header.shape, header.type.bytes);
  const std::uint64_t bytes = array.elements * header.type.bytes;
  if (file->regular()) {
    const std::uint64_t held = file->size() - header.data_offset;
    if (held < bytes) {
      throw FileError(name + ": the header promises " + std::to_string(bytes) + " bytes of data, the file holds " +
                      std::to_string(held) + ": it is truncated");
    }
    if (held > bytes) {
      throw FileError(name + ": " + std::to_string(held - bytes) + " bytes follow after the array of " +
                      std::to_string(bytes) + " bytes; one array per file was expected");
    }
  }
  array.bytes = std::make_unique<FileBytes>(std::move(file), name, header.data_offset, bytes);
  return array;
}

}  // namespace culogme::detail
