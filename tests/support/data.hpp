#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace support {

/// SplitMix64 and sums of it: the same numbers on every machine and compiler, which <random> does not promise.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits();
  double uniform();                                           ///< [0, 1), 53 bits
  double normal();                                            ///< sum of 12 uniforms: mean 0, variance 1, |x| < 6
  std::int64_t integer(std::int64_t low, std::int64_t high);  ///< both ends included

 private:
  std::uint64_t state_;
};

/// Row-major values; the exact numbers that library and oracle both see.
struct Data {
  std::int64_t rows = 0, cols = 0;
  std::vector<double> values;

  Data() = default;
  Data(std::int64_t rows_, std::int64_t cols_)
      : rows(rows_), cols(cols_), values(static_cast<std::size_t>(rows_ * cols_)) {}
  double& operator()(std::int64_t i, std::int64_t j) { return values[static_cast<std::size_t>(i * cols + j)]; }
  double operator()(std::int64_t i, std::int64_t j) const { return values[static_cast<std::size_t>(i * cols + j)]; }
};

using Labels = std::vector<std::int32_t>;

/// Standard normal entries.
Data normal(std::int64_t rows, std::int64_t cols, std::uint64_t seed);

/// Integers in [-8, 8]: sums of up to 2^18 products are exact in single precision, in any order.
Data integers(std::int64_t rows, std::int64_t cols, std::uint64_t seed);

/// Multiples of 1/64 in (-2, 2): exact in f16, bf16, f32 and f64 alike, so that one oracle serves all four types.
Data coarse(std::int64_t rows, std::int64_t cols, std::uint64_t seed);

/// Row i belongs to class i mod classes in a random order; every class has a row where rows >= classes.
Labels balanced_labels(std::int64_t rows, std::int64_t classes, std::uint64_t seed);

/// Adds `distance` times a random direction per class (rounded to multiples of 1/64) to the rows of the class.
void separate_classes(Data& features, const Labels& labels, std::int64_t classes, double distance, std::uint64_t seed);

/// rows x source classes probabilities: the softmax of `spread` times normal values.
Data probabilities(std::int64_t rows, std::int64_t source_classes, double spread, std::uint64_t seed);

/// max(0, mean + normal) per column, means from `low` to `high`: as the last layer of a network, one large direction.
Data rectified(std::int64_t rows, std::int64_t cols, double low, double high, std::uint64_t seed);

/// Named singular values as in slate's matrix generator.
enum class SpectrumKind { geometric, one_large, one_small, clusters };
const char* spectrum_kind_name(SpectrumKind kind);

/// Dense U diag(s) V' with s from 1 down to 1 / condition; U and V from random reflections. min(rows, cols) values.
Data with_spectrum(std::int64_t rows, std::int64_t cols, SpectrumKind kind, double condition, std::uint64_t seed);

/// features times random weights plus noise; one column per target.
Data linear_responses(const Data& features, std::int64_t targets, double noise, std::uint64_t seed);

/// rows x classes zeros and ones.
Data one_hot(const Labels& labels, std::int64_t classes);

/// Zeros and ones, each one with the given probability.
Data binary(std::int64_t rows, std::int64_t targets, double probability, std::uint64_t seed);

/// A copy with rows in the order of `order`, or with every entry times `factor`.
Data permute_rows(const Data& data, const std::vector<std::int64_t>& order);
Labels permute(const Labels& labels, const std::vector<std::int64_t>& order);
Data scaled(Data data, double factor);

/// Rows [first, first + count).
Data slice(const Data& data, std::int64_t first, std::int64_t count);

/// `data` beside `more` (same rows), or above it (same cols).
Data beside(const Data& data, const Data& more);
Data above(const Data& data, const Data& more);

/// 0 ... count - 1 shuffled.
std::vector<std::int64_t> shuffled(std::int64_t count, std::uint64_t seed);

/// data times a random orthogonal matrix (product of reflections), in long double and rounded once.
Data rotated(const Data& data, std::uint64_t seed);

}  // namespace support
