#include "command_files.hpp"

#include <zlib.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "support/data.hpp"

namespace command_tests {
namespace {

template <class T>
void append(std::string& bytes, const T& value) {
  const std::size_t size = bytes.size();
  bytes.resize(size + sizeof value);
  std::memcpy(bytes.data() + size, &value, sizeof value);
}

std::string header(const std::string& type, const std::string& shape) {
  std::string text = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
  while ((text.size() + 11) % 64 != 0) text += ' ';
  text += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  append(bytes, static_cast<std::uint16_t>(text.size()));
  return bytes + text;
}

/// Fields that a local header and the central directory share, from the flags on.
std::string zip_fields(const Member& member) {
  std::string bytes;
  append(bytes, std::uint16_t{0});
  append(bytes, std::uint16_t{0});
  append(bytes, std::uint16_t{0});
  append(bytes, std::uint16_t{0x21});
  append(bytes, static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(member.bytes.data()),
                                                   static_cast<uInt>(member.bytes.size()))));
  append(bytes, static_cast<std::uint32_t>(member.bytes.size()));
  append(bytes, static_cast<std::uint32_t>(member.bytes.size()));
  append(bytes, static_cast<std::uint16_t>(member.name.size()));
  append(bytes, std::uint16_t{0});
  return bytes;
}

}  // namespace

Sample make_sample(std::int64_t rows, std::int64_t cols, std::int64_t classes, std::uint64_t seed) {
  support::Random random(seed);
  Sample sample{rows, cols, classes, {}, {}};
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::int64_t label = i % classes;
    sample.labels.push_back(label);
    for (std::int64_t j = 0; j < cols; ++j) {
      // Multiples of 1/64, so that f32 and f64 files hold the same numbers.
      const double noise = static_cast<double>(random.integer(-128, 128)) / 64;
      sample.features.push_back(noise + (j % classes == label ? 1.0 : 0.0));
    }
  }
  return sample;
}

Sample slice(const Sample& sample, std::int64_t first, std::int64_t count) {
  Sample part{count, sample.cols, sample.classes, {}, {}};
  const auto begin = sample.features.begin() + first * sample.cols;
  part.features.assign(begin, begin + count * sample.cols);
  part.labels.assign(sample.labels.begin() + first, sample.labels.begin() + first + count);
  return part;
}

std::string npy_header(const std::string& type, std::int64_t rows, std::int64_t cols) {
  std::string shape = "(";
  shape += std::to_string(rows) + ", " + std::to_string(cols) + ")";
  return header(type, shape);
}

std::string npy(const std::vector<double>& values, std::int64_t rows, std::int64_t cols) {
  std::string bytes = npy_header("<f8", rows, cols);
  for (const double value : values) append(bytes, value);
  return bytes;
}

std::string npy_f32(const std::vector<double>& values, std::int64_t rows, std::int64_t cols) {
  std::string bytes = npy_header("<f4", rows, cols);
  for (const double value : values) append(bytes, static_cast<float>(value));
  return bytes;
}

std::string npy(const std::vector<std::int64_t>& values) {
  std::string shape = "(";
  shape += std::to_string(values.size()) + ",)";
  std::string bytes = header("<i8", shape);
  for (const std::int64_t value : values) append(bytes, value);
  return bytes;
}

std::string safetensors(const std::string& name, const std::vector<double>& values, std::int64_t rows,
                        std::int64_t cols) {
  std::string text = "{\"" + name + "\":{\"dtype\":\"F64\",\"shape\":[" + std::to_string(rows) + "," +
                     std::to_string(cols) + "],\"data_offsets\":[0," + std::to_string(values.size() * 8) + "]}}";
  while (text.size() % 8 != 0) text += ' ';
  std::string bytes;
  append(bytes, static_cast<std::uint64_t>(text.size()));
  bytes += text;
  for (const double value : values) append(bytes, value);
  return bytes;
}

std::string npz(const std::vector<Member>& members) {
  std::string bytes, directory;
  for (const Member& member : members) {
    const auto offset = static_cast<std::uint32_t>(bytes.size());
    bytes += std::string("PK\x03\x04\x14\x00", 6) + zip_fields(member) + member.name + member.bytes;
    directory += std::string("PK\x01\x02\x14\x00\x14\x00", 8) + zip_fields(member);
    append(directory, std::uint16_t{0});
    append(directory, std::uint16_t{0});
    append(directory, std::uint16_t{0});
    append(directory, std::uint32_t{0});
    append(directory, offset);
    directory += member.name;
  }
  const auto start = static_cast<std::uint32_t>(bytes.size());
  bytes += directory + std::string("PK\x05\x06\x00\x00\x00\x00", 8);
  append(bytes, static_cast<std::uint16_t>(members.size()));
  append(bytes, static_cast<std::uint16_t>(members.size()));
  append(bytes, static_cast<std::uint32_t>(directory.size()));
  append(bytes, start);
  append(bytes, std::uint16_t{0});
  return bytes;
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream stream(path, std::ios::binary);
  stream << bytes;
  stream.close();
  if (!stream) throw std::runtime_error("cannot write " + path);
}

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace command_tests
