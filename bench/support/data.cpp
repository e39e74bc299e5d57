#include "support/data.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <random>
#include <thread>

#include "cpu/parallel.hpp"

namespace culogme::bench {
namespace {

constexpr std::int64_t latent = 64;

// Cheap noise of unit spread: the sum of four bytes is close enough to a normal number for a benchmark.
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}
  float operator()() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    const std::uint64_t word = state_ >> 16;
    const auto sum =
        static_cast<float>((word & 255) + ((word >> 8) & 255) + ((word >> 16) & 255) + ((word >> 24) & 255));
    return (sum - 510.0f) * (1.0f / 147.8f);
  }

 private:
  std::uint64_t state_;
};

template <class T, class Convert>
std::vector<T> converted(const std::vector<float>& values, const Convert& convert) {
  std::vector<T> result(values.size());
  const int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  detail::parallel_for(threads, static_cast<std::int64_t>(values.size()), 1 << 20,
                       [&](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t i = begin; i < end; ++i)
                           result[static_cast<std::size_t>(i)] = convert(values[static_cast<std::size_t>(i)]);
                       });
  return result;
}

// Nearest, ties to even; the features are far from the largest f16, and below the smallest normal one they become 0.
Half half_of(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::int32_t exponent = static_cast<std::int32_t>((bits >> 23) & 255u) - 112;
  if (exponent <= 0) return {static_cast<std::uint16_t>(sign)};
  const std::uint32_t mantissa = bits & 0x7FFFFFu;
  const std::uint32_t whole = (static_cast<std::uint32_t>(exponent) << 10) | (mantissa >> 13);
  const std::uint32_t rest = mantissa & 0x1FFFu;
  const std::uint32_t up = rest > 0x1000u || (rest == 0x1000u && (whole & 1u) != 0) ? 1u : 0u;
  return {static_cast<std::uint16_t>(sign | (whole + up))};
}

Bfloat16 bfloat16_of(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  return {static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16)};
}

}  // namespace

float hashed(std::uint64_t place) {
  std::uint64_t hash = (place + 1) * 0x9e3779b97f4a7c15ull;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ull;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebull;
  return static_cast<float>(hash >> 40) * 0x1p-24f;
}

std::vector<std::int32_t> random_labels(std::int64_t rows, std::int64_t classes, std::uint64_t seed) {
  std::vector<std::int32_t> labels(static_cast<std::size_t>(rows));
  for (std::int64_t row = 0; row < rows; ++row)
    labels[static_cast<std::size_t>(row)] = static_cast<std::int32_t>(row % classes);
  std::mt19937_64 engine(seed);
  std::shuffle(labels.begin(), labels.end(), engine);
  return labels;
}

std::vector<float> network_features(const std::vector<std::int32_t>& labels, std::int64_t cols, std::uint64_t seed) {
  const auto rows = static_cast<std::int64_t>(labels.size());
  std::vector<float> weights(static_cast<std::size_t>(latent * cols));
  Noise weight_noise(seed);
  for (std::int64_t k = 0; k < latent; ++k)
    for (std::int64_t j = 0; j < cols; ++j)
      weights[static_cast<std::size_t>(k * cols + j)] =
          weight_noise() / std::sqrt(static_cast<float>(k + 1));  // directions of decaying spread

  std::vector<float> features(static_cast<std::size_t>(rows * cols));
  const int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  detail::parallel_for(threads, rows, 256, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      Noise centre(seed + 1000003u * (static_cast<std::uint64_t>(labels[static_cast<std::size_t>(row)]) + 1));
      Noise noise(seed ^ (0xD1B54A32D192ED03u * (static_cast<std::uint64_t>(row) + 1)));
      float* const out = features.data() + row * cols;
      for (std::int64_t j = 0; j < cols; ++j) out[j] = 0.3f * noise();
      for (std::int64_t k = 0; k < latent; ++k) {
        const float z = 0.5f * centre() + noise();
        const float* const direction = weights.data() + k * cols;
        for (std::int64_t j = 0; j < cols; ++j) out[j] += z * direction[j];
      }
      for (std::int64_t j = 0; j < cols; ++j) out[j] = std::max(0.0f, out[j]);
    }
  });
  return features;
}

std::vector<Half> to_f16(const std::vector<float>& values) { return converted<Half>(values, half_of); }
std::vector<Bfloat16> to_bf16(const std::vector<float>& values) { return converted<Bfloat16>(values, bfloat16_of); }
std::vector<double> to_f64(const std::vector<float>& values) {
  return converted<double>(values, [](float value) { return static_cast<double>(value); });
}

}  // namespace culogme::bench
