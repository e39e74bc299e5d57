#include "io/support.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <unistd.h>

namespace culogme::io_test {
namespace {

double half_value(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const double fraction = bits & 0x3FF;
  const double size = exponent == 0 ? fraction * 0x1p-24 : (1024 + fraction) * std::exp2(exponent - 25);
  return (bits & 0x8000) != 0 ? -size : size;
}

double element(const MatrixView& view, std::int64_t index) {
  const auto at = static_cast<std::size_t>(index);
  switch (view.scalar) {
    case Scalar::f64:
      return static_cast<const double*>(view.data)[at];
    case Scalar::f32:
      return static_cast<const float*>(view.data)[at];
    case Scalar::f16:
      return half_value(static_cast<const std::uint16_t*>(view.data)[at]);
    case Scalar::bf16: {
      const std::uint32_t bits = static_cast<const std::uint16_t*>(view.data)[at];
      return std::bit_cast<float>(bits << 16);
    }
  }
  return 0;
}

}  // namespace

std::string data(const std::string& name) { return std::string(CULOGME_TEST_DATA) + "/io/data/" + name; }

double expected(std::int64_t row, std::int64_t col, bool has_sign) {
  return static_cast<double>((7 * row + 3 * col) % 23 - (has_sign ? 11 : 0));
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "culogme_io_XXXXXX").string();
  const char* made = ::mkdtemp(pattern.data());
  if (made == nullptr) throw std::runtime_error("cannot make the folder " + pattern);
  folder_ = made;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // a folder that stays behind harms no test
  std::filesystem::remove_all(folder_, ignored);
}

std::string TemporaryFolder::path(const std::string& name) const { return (folder_ / name).string(); }

std::string TemporaryFolder::write(const std::string& name, std::string_view bytes) const {
  const std::string file = path(name);
  std::ofstream out(file, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) throw std::runtime_error("cannot write " + file);
  return file;
}

std::string TemporaryFolder::copy(const std::string& from, const std::string& name) const {
  return write(name, read_bytes(from));
}

std::string read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

std::string npy_bytes(const std::string& dictionary, std::string_view data) {
  std::string header = dictionary;
  while ((header.size() + 11) % 64 != 0) header += ' ';
  header += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size() & 0xFF);
  bytes += static_cast<char>(header.size() >> 8);
  return bytes + header + std::string(data);
}

std::vector<double> read_all(FeatureReader& reader, std::int64_t block) {
  std::vector<double> values;
  std::int64_t rows = 0;
  for (;;) {
    const MatrixView view = reader.next(block);
    if (view.rows == 0) break;
    EXPECT_EQ(view.rows, std::min(block, reader.rows() - rows));
    EXPECT_EQ(view.cols, reader.cols());
    EXPECT_EQ(view.row_stride, reader.cols());
    EXPECT_EQ(view.scalar, reader.scalar());
    for (std::int64_t i = 0; i < view.rows * view.cols; ++i) values.push_back(element(view, i));
    rows += view.rows;
  }
  EXPECT_EQ(rows, reader.rows());
  return values;
}

void expect_matrix(const std::string& spec, Scalar scalar, bool has_sign, const ReadOptions& options) {
  SCOPED_TRACE(spec);
  const auto reader = open_features(spec, options);
  ASSERT_EQ(reader->rows(), data_rows);
  ASSERT_EQ(reader->cols(), data_cols);
  EXPECT_EQ(reader->scalar(), scalar);
  for (const std::int64_t block : {1, 8, 37, 100}) {
    const std::vector<double> values = read_all(*reader, block);
    ASSERT_EQ(values.size(), static_cast<std::size_t>(data_rows * data_cols));
    for (std::int64_t i = 0; i < data_rows * data_cols; ++i) {
      ASSERT_EQ(values[static_cast<std::size_t>(i)], expected(i / data_cols, i % data_cols, has_sign))
          << "row " << i / data_cols << ", column " << i % data_cols << ", blocks of " << block;
    }
    EXPECT_GT(reader->bytes_read(), 0);
    ASSERT_TRUE(reader->rewind());
    EXPECT_EQ(reader->bytes_read(), 0);
  }
}

void expect_names(const std::string& message, const std::vector<std::string>& words) {
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  for (const std::string& word : words) {
    EXPECT_NE(message.find(word), std::string::npos) << "'" << word << "' is not in: " << message;
  }
}

}  // namespace culogme::io_test
