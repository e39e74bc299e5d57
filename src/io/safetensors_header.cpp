#include <culogme/error.hpp>

#include "io/safetensors.hpp"
#include "io/text.hpp"

#include <unordered_set>

#include <nlohmann/json.hpp>

namespace culogme::detail {
namespace {

constexpr std::size_t dimension_limit = 64;

// Follows the header's one known form; anything else ends the parse with the reason in `problem`.
//   {"__metadata__": {text: text}, NAME: {"dtype": text, "shape": [sizes], "data_offsets": [begin, end]}}
class HeaderHandler final : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::vector<Tensor> tensors;
  std::string problem;

  bool null() override { return fail("holds a null"); }
  bool boolean(bool) override { return fail("holds a boolean"); }
  bool number_integer(number_integer_t value) override {
    return fail("holds the negative number " + std::to_string(value));
  }
  bool number_float(number_float_t, const string_t& text) override {
    return fail("holds " + in_quotes(text) + ", no size");
  }
  bool binary(binary_t&) override { return fail("holds binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (state_ != State::sizes) return fail("holds a number where none is expected");
    if (sizes_.size() >= dimension_limit) return fail("lists more than 64 sizes for tensor " + in_quotes(name_));
    sizes_.push_back(value);
    return true;
  }

  bool string(string_t& text) override {
    if (state_ == State::metadata) return true;
    if (state_ != State::tensor || field_ != "dtype") return fail("holds a text where none is expected");
    tensors.back().type = text;
    return true;
  }

  bool start_object(std::size_t) override {
    if (state_ == State::start) {
      state_ = State::top;
    } else if (state_ == State::top) {
      state_ = name_ == "__metadata__" ? State::metadata : State::tensor;
      fields_ = 0;
      if (state_ == State::tensor) tensors.push_back({name_, {}, {}, 0, 0});
    } else {
      return fail("is nested too deeply");
    }
    return true;
  }

  bool key(string_t& text) override {
    if (state_ == State::top) {
      if (!names_.insert(text).second) return fail("has " + in_quotes(text) + " twice");
      name_ = text;
    } else if (state_ == State::metadata) {
      if (name_ != "__metadata__") return fail("is damaged");
    } else {
      const unsigned bit = text == "dtype" ? 1 : text == "shape" ? 2 : text == "data_offsets" ? 4 : 0;
      if (bit == 0) return fail("has the unknown field " + in_quotes(text) + " in tensor " + in_quotes(name_));
      if ((fields_ & bit) != 0) return fail("has " + in_quotes(text) + " twice in tensor " + in_quotes(name_));
      fields_ |= bit;
      field_ = text;
    }
    return true;
  }

  bool end_object() override {
    if (state_ == State::top) {
      state_ = State::end;
      return true;
    }
    if (state_ == State::tensor && fields_ != 7) {
      return fail("lacks the type, shape or offsets of tensor " + in_quotes(name_));
    }
    state_ = State::top;
    return true;
  }

  bool start_array(std::size_t) override {
    if (state_ == State::start || state_ == State::top) return fail("is no JSON object of tensors");
    if (state_ != State::tensor || field_ == "dtype") return fail("is nested too deeply");
    state_ = State::sizes;
    sizes_.clear();
    return true;
  }

  bool end_array() override {
    state_ = State::tensor;
    if (field_ == "shape") {
      tensors.back().shape = sizes_;
      return true;
    }
    if (sizes_.size() != 2) return fail("needs two offsets for tensor " + in_quotes(name_));
    tensors.back().begin = sizes_[0];
    tensors.back().end = sizes_[1];
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return fail("is no JSON (at its byte " + std::to_string(position) + ")");
  }

  bool complete() const { return state_ == State::end; }

 private:
  enum class State { start, top, metadata, tensor, sizes, end };

  bool fail(const std::string& what) {
    if (problem.empty()) problem = what;
    return false;
  }

  State state_ = State::start;
  std::string name_;
  std::string field_;
  unsigned fields_ = 0;
  std::vector<std::uint64_t> sizes_;
  std::unordered_set<std::string> names_;
};

}  // namespace

std::vector<Tensor> parse_safetensors_header(const std::string& name, std::string_view text) {
  while (!text.empty() && text.back() == '\0') text.remove_suffix(1);  // one writer pads with NUL instead of blanks
  HeaderHandler handler;
  const bool good = nlohmann::json::sax_parse(text.begin(), text.end(), &handler);
  if (!good || !handler.complete()) {
    const std::string problem = handler.problem.empty() ? "is no JSON object of tensors" : handler.problem;
    throw FileError(name + ": the .safetensors header " + problem);
  }
  return std::move(handler.tensors);
}

}  // namespace culogme::detail
