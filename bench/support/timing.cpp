#include "support/timing.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace culogme::bench {

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

std::vector<std::vector<double>> interleaved(int rounds, std::span<const std::function<void()>> works) {
  std::vector<std::vector<double>> times(works.size());
  for (const std::function<void()>& work : works) work();
  for (int round = 0; round < rounds; ++round)
    for (std::size_t index = 0; index < works.size(); ++index) times[index].push_back(seconds_of(works[index]));
  return times;
}

double median_ratio(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> ratios(a.size());
  std::transform(a.begin(), a.end(), b.begin(), ratios.begin(), [](double x, double y) { return x / y; });
  return median(ratios);
}

}  // namespace culogme::bench
