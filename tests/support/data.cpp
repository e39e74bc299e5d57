#include "support/data.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace support {

namespace {

using Wide = long double;

// Applies `count` random Householder reflections to the rows (each row is a vector of `cols` entries).
void reflect_rows(std::vector<Wide>& values, std::size_t rows, std::size_t cols, int count, Random& random) {
  std::vector<Wide> v(cols);
  for (int k = 0; k < count; ++k) {
    Wide squared = 0;
    for (Wide& x : v) {
      x = random.normal();
      squared += x * x;
    }
    if (squared == 0) continue;
    for (std::size_t i = 0; i < rows; ++i) {
      Wide product = 0;
      for (std::size_t j = 0; j < cols; ++j) product += values[i * cols + j] * v[j];
      product *= 2 / squared;
      for (std::size_t j = 0; j < cols; ++j) values[i * cols + j] -= product * v[j];
    }
  }
}

std::vector<Wide> transposed(const std::vector<Wide>& values, std::size_t rows, std::size_t cols) {
  std::vector<Wide> result(values.size());
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < cols; ++j) result[j * rows + i] = values[i * cols + j];
  return result;
}

double on_grid(double value) { return std::round(value * 64) / 64; }

}  // namespace

std::uint64_t Random::bits() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

double Random::uniform() { return std::ldexp(static_cast<double>(bits() >> 11U), -53); }

double Random::normal() {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += uniform();
  return sum;
}

std::int64_t Random::integer(std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(high - low + 1));
}

Data normal(std::int64_t rows, std::int64_t cols, std::uint64_t seed) {
  Random random(seed);
  Data data(rows, cols);
  for (double& x : data.values) x = random.normal();
  return data;
}

Data integers(std::int64_t rows, std::int64_t cols, std::uint64_t seed) {
  Random random(seed);
  Data data(rows, cols);
  for (double& x : data.values) x = static_cast<double>(random.integer(-8, 8));
  return data;
}

Data coarse(std::int64_t rows, std::int64_t cols, std::uint64_t seed) {
  Random random(seed);
  Data data(rows, cols);
  for (double& x : data.values) x = static_cast<double>(random.integer(-127, 127)) / 64;
  return data;
}

Labels balanced_labels(std::int64_t rows, std::int64_t classes, std::uint64_t seed) {
  Labels labels(static_cast<std::size_t>(rows));
  for (std::size_t i = 0; i < labels.size(); ++i)
    labels[i] = static_cast<std::int32_t>(static_cast<std::int64_t>(i) % classes);
  return permute(labels, shuffled(rows, seed));
}

void separate_classes(Data& features, const Labels& labels, std::int64_t classes, double distance, std::uint64_t seed) {
  const Data directions = normal(classes, features.cols, seed);
  for (std::int64_t i = 0; i < features.rows; ++i)
    for (std::int64_t j = 0; j < features.cols; ++j)
      features(i, j) += on_grid(distance * directions(labels[static_cast<std::size_t>(i)], j));
}

Data probabilities(std::int64_t rows, std::int64_t source_classes, double spread, std::uint64_t seed) {
  Data data = scaled(normal(rows, source_classes, seed), spread);
  for (std::int64_t i = 0; i < rows; ++i) {
    double sum = 0;
    for (std::int64_t z = 0; z < source_classes; ++z) sum += data(i, z) = std::exp(data(i, z));
    for (std::int64_t z = 0; z < source_classes; ++z) data(i, z) /= sum;
  }
  return data;
}

Data rectified(std::int64_t rows, std::int64_t cols, double low, double high, std::uint64_t seed) {
  Data data = normal(rows, cols, seed);
  Random random(seed + 1);
  std::vector<double> means(static_cast<std::size_t>(cols));
  for (double& mean : means) mean = low + (high - low) * random.uniform();
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < cols; ++j) data(i, j) = std::max(0.0, data(i, j) + means[static_cast<std::size_t>(j)]);
  return data;
}

const char* spectrum_kind_name(SpectrumKind kind) {
  switch (kind) {
    case SpectrumKind::geometric:
      return "geometric";
    case SpectrumKind::one_large:
      return "one_large";
    case SpectrumKind::one_small:
      return "one_small";
    case SpectrumKind::clusters:
      return "clusters";
  }
  return "?";
}

Data with_spectrum(std::int64_t rows, std::int64_t cols, SpectrumKind kind, double condition, std::uint64_t seed) {
  const auto m = static_cast<std::size_t>(rows), n = static_cast<std::size_t>(cols), k = std::min(m, n);
  std::vector<Wide> a(m * n, 0);
  for (std::size_t i = 0; i < k; ++i) {
    const Wide along = k > 1 ? static_cast<Wide>(i) / static_cast<Wide>(k - 1) : 0;
    Wide s = 1;
    if (kind == SpectrumKind::geometric) s = std::pow(static_cast<Wide>(condition), -along);
    if (kind == SpectrumKind::one_large && i > 0) s = 1 / static_cast<Wide>(condition);
    if (kind == SpectrumKind::one_small && i + 1 == k) s = 1 / static_cast<Wide>(condition);
    if (kind == SpectrumKind::clusters) s = std::pow(static_cast<Wide>(condition), -std::floor(along * 3) / 3);
    a[i * n + i] = s;
  }
  Random random(seed);
  reflect_rows(a, m, n, 3, random);
  a = transposed(a, m, n);
  reflect_rows(a, n, m, 3, random);
  a = transposed(a, n, m);
  Data data(rows, cols);
  std::transform(a.begin(), a.end(), data.values.begin(), [](Wide x) { return static_cast<double>(x); });
  return data;
}

Data linear_responses(const Data& features, std::int64_t targets, double noise, std::uint64_t seed) {
  const Data weights = normal(features.cols, targets, seed);
  Data responses = scaled(normal(features.rows, targets, seed + 1), noise);
  for (std::int64_t i = 0; i < features.rows; ++i)
    for (std::int64_t j = 0; j < features.cols; ++j)
      for (std::int64_t k = 0; k < targets; ++k) responses(i, k) += features(i, j) * weights(j, k);
  return responses;
}

Data one_hot(const Labels& labels, std::int64_t classes) {
  Data result(static_cast<std::int64_t>(labels.size()), classes);
  for (std::size_t i = 0; i < labels.size(); ++i) result(static_cast<std::int64_t>(i), labels[i]) = 1;
  return result;
}

Data binary(std::int64_t rows, std::int64_t targets, double probability, std::uint64_t seed) {
  Random random(seed);
  Data result(rows, targets);
  for (double& x : result.values) x = random.uniform() < probability ? 1 : 0;
  return result;
}

Data permute_rows(const Data& data, const std::vector<std::int64_t>& order) {
  Data result(data.rows, data.cols);
  for (std::int64_t i = 0; i < data.rows; ++i)
    for (std::int64_t j = 0; j < data.cols; ++j) result(i, j) = data(order[static_cast<std::size_t>(i)], j);
  return result;
}

Labels permute(const Labels& labels, const std::vector<std::int64_t>& order) {
  Labels result(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) result[i] = labels[static_cast<std::size_t>(order[i])];
  return result;
}

Data scaled(Data data, double factor) {
  for (double& x : data.values) x *= factor;
  return data;
}

Data slice(const Data& data, std::int64_t first, std::int64_t count) {
  Data result(count, data.cols);
  std::copy_n(data.values.begin() + first * data.cols, count * data.cols, result.values.begin());
  return result;
}

Data beside(const Data& data, const Data& more) {
  Data result(data.rows, data.cols + more.cols);
  for (std::int64_t i = 0; i < data.rows; ++i) {
    for (std::int64_t j = 0; j < data.cols; ++j) result(i, j) = data(i, j);
    for (std::int64_t j = 0; j < more.cols; ++j) result(i, data.cols + j) = more(i, j);
  }
  return result;
}

Data above(const Data& data, const Data& more) {
  Data result(data.rows + more.rows, data.cols);
  std::copy(data.values.begin(), data.values.end(), result.values.begin());
  std::copy(more.values.begin(), more.values.end(), result.values.begin() + data.rows * data.cols);
  return result;
}

std::vector<std::int64_t> shuffled(std::int64_t count, std::uint64_t seed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  Random random(seed);
  for (std::int64_t i = count - 1; i > 0; --i)
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(random.integer(0, i))]);
  return order;
}

Data rotated(const Data& data, std::uint64_t seed) {
  std::vector<Wide> wide(data.values.begin(), data.values.end());
  Random random(seed);
  reflect_rows(wide, static_cast<std::size_t>(data.rows), static_cast<std::size_t>(data.cols), 4, random);
  Data result(data.rows, data.cols);
  std::transform(wide.begin(), wide.end(), result.values.begin(), [](Wide x) { return static_cast<double>(x); });
  return result;
}

}  // namespace support
