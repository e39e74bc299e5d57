#pragma once

#include <functional>
#include <span>
#include <vector>

namespace culogme::bench {

/// Seconds on a steady clock that `work` takes.
double seconds_of(const std::function<void()>& work);

double median(std::vector<double> values);

/// Times several pieces of work in turn, round after round, so that what disturbs the machine disturbs them alike; each
/// runs once before, uncounted. Returns the times [work][round]; ratios are best taken round by round.
std::vector<std::vector<double>> interleaved(int rounds, std::span<const std::function<void()>> works);

/// Median over the rounds of times[a][round] / times[b][round].
double median_ratio(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace culogme::bench
