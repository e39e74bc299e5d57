#include "io/row_source.hpp"

#include <culogme/error.hpp>

#include "io/convert.hpp"
#include "io/text.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace culogme::detail {
namespace {

constexpr std::align_val_t cache_line{64};
constexpr std::size_t convert_bytes = std::size_t{4} << 20;
// Column order that arrives as a stream can only be turned round in memory.
constexpr std::uint64_t buffer_limit = std::uint64_t{512} << 20;
constexpr std::size_t columns_at_once = 16;

template <class Word>
void scatter(const char* from, std::size_t columns, std::size_t rows, char* to, std::size_t stride) {
  const Word* in = reinterpret_cast<const Word*>(from);
  Word* out = reinterpret_cast<Word*>(to);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) out[row * stride + column] = in[column * rows + row];
  }
}

std::string pooling_advice(const std::vector<std::uint64_t>& shape) {
  if (shape.size() < 3) return "";
  const bool flat = std::all_of(shape.begin() + 2, shape.end(), [](std::uint64_t size) { return size == 1; });
  if (flat) return "take the axes of size 1 away: features.reshape(" + std::to_string(shape[0]) + ", -1)";
  if (shape.size() == 3) return "pool one axis first, for example features.mean(axis=1) for tokens";
  std::string axes;
  for (std::size_t axis = 2; axis < shape.size(); ++axis) axes += (axis > 2 ? ", " : "") + std::to_string(axis);
  return "pool the other axes first, for example features.mean(axis=(" + axes + "))";
}

}  // namespace

AlignedBuffer::AlignedBuffer(std::size_t bytes) : size_(bytes) {
  void* memory = ::operator new(std::max<std::size_t>(bytes, 1), cache_line, std::nothrow);
  if (memory == nullptr) throw OutOfMemory("no memory for a block of " + std::to_string(bytes) + " bytes of features");
  memory_.reset(static_cast<char*>(memory));
}

void AlignedBuffer::Free::operator()(char* memory) const { ::operator delete(memory, cache_line); }

void check_matrix_shape(const Array& array) {
  const std::vector<std::uint64_t>& shape = array.shape;
  const std::string has_shape = array.name + " has shape " + shape_text(shape);
  if (shape.empty())
    throw InvalidArgument(has_shape + " (a scalar, 0 dimensions); features are a matrix, rows x columns");
  if (shape.size() == 1) {
    throw InvalidArgument(has_shape +
                          "; features are a matrix, rows x columns (for a single column: features[:, None])");
  }
  if (shape.size() > 2) {
    throw InvalidArgument(has_shape + "; features are a matrix, rows x columns: " + pooling_advice(shape));
  }
  if (shape[0] == 0) throw InvalidArgument(array.name + " has no rows: its shape is " + shape_text(shape));
  if (shape[1] == 0) throw InvalidArgument(array.name + " has no columns: its shape is " + shape_text(shape));
}

Array open_feature_array(const Spec& spec, const ReadOptions& options) {
  Array array = open_array(std::make_shared<InputFile>(spec.path), spec.member, "features");
  if (options.bfloat16) adopt_bfloat16(array.type);
  feature_scalar(array);
  check_matrix_shape(array);
  return array;
}

ArrayRows::ArrayRows(Array array, Scalar scalar)
    : array_(std::move(array)),
      scalar_(scalar),
      rows_(static_cast<std::size_t>(array_.shape[0])),
      cols_(static_cast<std::size_t>(array_.shape[1])),
      by_columns_(array_.fortran && rows_ > 1 && cols_ > 1) {
  const std::uint64_t bytes = array_.elements * array_.type.bytes;
  if (by_columns_ && !array_.bytes->positioned() && bytes > buffer_limit) {
    throw FileError(array_.name + " is in column (Fortran) order and comes as a stream of " + std::to_string(bytes) +
                    " bytes; save it in row order, with numpy.ascontiguousarray(features)");
  }
}

void ArrayRows::read_row_major(char* to, std::size_t rows) {
  const std::size_t count = rows * cols_;
  if (is_native(array_.type, scalar_)) {
    array_.bytes->read(to, count * array_.type.bytes);
    return;
  }
  const std::size_t piece = std::min(count, convert_bytes / array_.type.bytes);
  raw_.resize(std::max(raw_.size(), piece * array_.type.bytes));
  for (std::size_t done = 0; done < count;) {
    const std::size_t step = std::min(piece, count - done);
    array_.bytes->read(raw_.data(), step * array_.type.bytes);
    convert_elements(array_.type, raw_.data(), step, scalar_,
                     to + done * static_cast<std::size_t>(scalar_bytes(scalar_)));
    done += step;
  }
}

void ArrayRows::buffer_columns() {
  const auto bytes = static_cast<std::size_t>(array_.elements * array_.type.bytes);
  while (buffered_.size() < bytes) {  // grows with what arrives, not with what the header claims
    const std::size_t done = buffered_.size();
    const std::size_t step = std::min(convert_bytes, bytes - done);
    buffered_.resize(done + step);
    array_.bytes->read(buffered_.data() + done, step);
  }
}

// `columns` columns from `column` on, rows next_ ... next_ + rows, as they stand in the file.
void ArrayRows::column_piece(std::size_t column, std::size_t columns, std::size_t rows, char* to) {
  const std::size_t size = array_.type.bytes;
  const bool whole = rows == rows_;  // then the columns follow each other in the file
  const std::size_t pieces = whole ? 1 : columns;
  const std::size_t bytes = (whole ? columns : 1) * rows * size;
  for (std::size_t i = 0; i < pieces; ++i) {
    const std::size_t offset = ((column + i) * rows_ + next_) * size;
    if (array_.bytes->positioned()) {
      array_.bytes->read_at(to + i * bytes, bytes, offset);
    } else {
      std::memcpy(to + i * bytes, buffered_.data() + offset, bytes);
    }
  }
}

void ArrayRows::read_columns(char* to, std::size_t rows) {
  if (!array_.bytes->positioned()) buffer_columns();
  const auto size = static_cast<std::size_t>(scalar_bytes(scalar_));
  const std::size_t group = std::min(columns_at_once, cols_);
  raw_.resize(std::max(raw_.size(), group * rows * array_.type.bytes));
  const bool native = is_native(array_.type, scalar_);
  const AlignedBuffer converted(native ? 0 : group * rows * size);
  for (std::size_t column = 0; column < cols_; column += group) {
    const std::size_t columns = std::min(group, cols_ - column);
    column_piece(column, columns, rows, raw_.data());
    const char* piece = raw_.data();
    if (!native) {
      convert_elements(array_.type, raw_.data(), columns * rows, scalar_, converted.data());
      piece = converted.data();
    }
    char* out = to + column * size;
    if (size == 2) scatter<std::uint16_t>(piece, columns, rows, out, cols_);
    if (size == 4) scatter<std::uint32_t>(piece, columns, rows, out, cols_);
    if (size == 8) scatter<std::uint64_t>(piece, columns, rows, out, cols_);
  }
}

void ArrayRows::read_rows(char* to, std::int64_t rows) {
  const auto count = static_cast<std::size_t>(rows);
  if (by_columns_) {
    read_columns(to, count);
  } else {
    read_row_major(to, count);
  }
  next_ += count;
  // Column order by position has its own check (the CRC of a zip entry, at the first piece).
  if (next_ == rows_ && !(by_columns_ && array_.bytes->positioned())) array_.bytes->finish();
}

bool ArrayRows::rewind() {
  if (!array_.bytes->rewind()) return false;
  next_ = 0;
  buffered_.clear();
  return true;
}

std::uint64_t ArrayRows::taken() const { return array_.bytes->taken(); }

ShardRows::ShardRows(std::vector<Shard> shards, Array first, std::int64_t cols, Scalar scalar,
                     const ReadOptions& options)
    : shards_(std::move(shards)),
      cols_(cols),
      scalar_(scalar),
      options_(options),
      rewinds_(first.bytes->rewind()),
      current_(std::make_unique<ArrayRows>(std::move(first), scalar)),
      left_(shards_.front().rows) {}

void ShardRows::open_next() {
  if (current_ != nullptr) taken_before_ += current_->taken();
  const Shard& shard = shards_[index_];
  Array array = open_feature_array(shard.spec, options_);
  const bool same = static_cast<std::int64_t>(array.shape[0]) == shard.rows &&
                    static_cast<std::int64_t>(array.shape[1]) == cols_ &&
                    widest(scalar_, feature_scalar(array)) == scalar_;
  if (!same) throw FileError(shard.name + " changed its shape or element type while the shards were read");
  current_ = std::make_unique<ArrayRows>(std::move(array), scalar_);
  left_ = shard.rows;
}

void ShardRows::read_rows(char* to, std::int64_t rows) {
  const std::int64_t row_bytes = cols_ * scalar_bytes(scalar_);
  while (rows > 0) {
    if (left_ == 0) {
      ++index_;
      open_next();
    }
    const std::int64_t step = std::min(rows, left_);
    current_->read_rows(to, step);
    to += step * row_bytes;
    rows -= step;
    left_ -= step;
  }
}

bool ShardRows::rewind() {
  if (!rewinds_) return false;
  if (index_ == 0 && current_ != nullptr) {
    current_->rewind();
  } else {
    index_ = 0;
    current_ = nullptr;
    open_next();
  }
  left_ = shards_.front().rows;
  taken_before_ = 0;
  return true;
}

std::uint64_t ShardRows::taken() const { return taken_before_ + (current_ != nullptr ? current_->taken() : 0); }

}  // namespace culogme::detail
