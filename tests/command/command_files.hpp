#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace command_tests {

/// Row-major features of `classes` classes that lie apart, the same on every machine; row i has class i mod classes.
struct Sample {
  std::int64_t rows = 0, cols = 0, classes = 0;
  std::vector<double> features;
  std::vector<std::int64_t> labels;
};
Sample make_sample(std::int64_t rows, std::int64_t cols, std::int64_t classes, std::uint64_t seed = 1);

/// Rows [first, first + count).
Sample slice(const Sample& sample, std::int64_t first, std::int64_t count);

/// The bytes of .npy files, version 1.0.
std::string npy(const std::vector<double>& values, std::int64_t rows, std::int64_t cols);
std::string npy_f32(const std::vector<double>& values, std::int64_t rows, std::int64_t cols);
std::string npy(const std::vector<std::int64_t>& values);
/// Only the header, for files that are written in pieces.
std::string npy_header(const std::string& type, std::int64_t rows, std::int64_t cols);

/// The bytes of a .safetensors file with one F64 tensor.
std::string safetensors(const std::string& name, const std::vector<double>& values, std::int64_t rows,
                        std::int64_t cols);

/// The bytes of a .npz with stored members.
struct Member {
  std::string name;
  std::string bytes;
};
std::string npz(const std::vector<Member>& members);

void write_file(const std::string& path, const std::string& bytes);
std::string read_file(const std::string& path);

}  // namespace command_tests
