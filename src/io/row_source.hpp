#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <culogme/io.hpp>

#include "io/array.hpp"

namespace culogme::detail {

/// Memory for `bytes` bytes at a cache line; not initialised. Throws OutOfMemory.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t bytes);
  char* data() const { return memory_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(char* memory) const;
  };
  std::unique_ptr<char, Free> memory_;
  std::size_t size_ = 0;
};

/// Rows of a matrix one after the other, converted to one scalar. One thread at a time.
class RowSource {
 public:
  virtual ~RowSource() = default;
  /// The next `rows` rows, row-major without gaps. With the last row of an array come its final checks.
  virtual void read_rows(char* to, std::int64_t rows) = 0;
  /// Back to row 0; false where that cannot be.
  virtual bool rewind() = 0;
  /// Bytes taken from the files since the last rewind.
  virtual std::uint64_t taken() const = 0;
};

/// Rows of one array of shape (rows, cols).
class ArrayRows final : public RowSource {
 public:
  ArrayRows(Array array, Scalar scalar);
  void read_rows(char* to, std::int64_t rows) override;
  bool rewind() override;
  std::uint64_t taken() const override;

 private:
  void read_row_major(char* to, std::size_t rows);
  void read_columns(char* to, std::size_t rows);
  void column_piece(std::size_t column, std::size_t columns, std::size_t rows, char* to);
  void buffer_columns();

  Array array_;
  Scalar scalar_;
  std::size_t rows_;
  std::size_t cols_;
  std::size_t next_ = 0;
  bool by_columns_;
  std::vector<char> raw_;       // one piece before its conversion
  std::vector<char> buffered_;  // the whole array, where column order cannot be read by position
};

/// Checks that the array is a matrix with rows and columns; throws InvalidArgument that shows how to make it one.
void check_matrix_shape(const Array& array);

/// Opens a feature array: shape and element type checked.
Array open_feature_array(const Spec& spec, const ReadOptions& options);

/// A part of a matrix.
struct Shard {
  Spec spec;
  std::string name;  ///< for messages
  std::int64_t rows = 0;
};

/// Shards one after the other; each is opened when its first row is due, so that thousands need one descriptor.
class ShardRows final : public RowSource {
 public:
  /// `first` is the opened array of shard 0.
  ShardRows(std::vector<Shard> shards, Array first, std::int64_t cols, Scalar scalar, const ReadOptions& options);
  void read_rows(char* to, std::int64_t rows) override;
  bool rewind() override;
  std::uint64_t taken() const override;

 private:
  void open_next();

  std::vector<Shard> shards_;
  std::int64_t cols_;
  Scalar scalar_;
  ReadOptions options_;
  bool rewinds_;
  std::unique_ptr<ArrayRows> current_;
  std::size_t index_ = 0;
  std::int64_t left_ = 0;  // rows of the current shard not yet given
  std::uint64_t taken_before_ = 0;
};

}  // namespace culogme::detail
