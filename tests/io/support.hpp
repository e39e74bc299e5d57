#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <culogme/error.hpp>
#include <culogme/io.hpp>

namespace culogme::io_test {

constexpr std::int64_t data_rows = 37;
constexpr std::int64_t data_cols = 5;

/// Path of a file that make_data.py wrote.
std::string data(const std::string& name);

/// Element (i, j) of make_data.py's matrices.
double expected(std::int64_t row, std::int64_t col, bool has_sign = true);

/// A folder of its own for one test, removed at its end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string path(const std::string& name = "") const;
  /// Writes a file and gives its path.
  std::string write(const std::string& name, std::string_view bytes) const;
  std::string copy(const std::string& from, const std::string& name) const;

 private:
  std::filesystem::path folder_;
};

std::string read_bytes(const std::string& path);

/// A version 1 .npy file with this header text, padded as numpy does, and these data.
std::string npy_bytes(const std::string& dictionary, std::string_view data = "");

/// All elements as double, read in blocks of `block` rows; checks that blocks are full but for the last.
std::vector<double> read_all(FeatureReader& reader, std::int64_t block);

/// Checks a reader against `expected`, in blocks of several sizes.
void expect_matrix(const std::string& spec, Scalar scalar, bool has_sign = true, const ReadOptions& options = {});

/// What the statement throws as E; empty (and a failure) when it does not.
template <class E, class Statement>
std::string message_of(Statement statement) {
  try {
    statement();
  } catch (const E& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

/// Fails unless every word is in the message, which must be one line.
void expect_names(const std::string& message, const std::vector<std::string>& words);

/// The features cannot be opened and read to the end: the message of the E that says so.
template <class E>
std::string refusal(const std::string& spec, const ReadOptions& options = {}) {
  return message_of<E>([&] {
    const auto reader = open_features(spec, options);
    while (reader->next(8).rows > 0) {
    }
  });
}

}  // namespace culogme::io_test
