#pragma once

#include <cstdint>
#include <vector>

#include <culogme/statistics.hpp>

#include "aligned.hpp"
#include "backend.hpp"

namespace culogme::detail {

/// Rows that a standard error of so many features is estimated from at most: more where a row costs next to nothing.
std::int64_t most_sampled_rows(std::int64_t features);

/// Places of the sample among `rows` rows, increasing: all of them, or the `most` with the smallest hashes. They depend
/// on these two numbers alone, a smaller sample is part of a larger one, so two models are compared on the same rows,
/// and rows that repeat in a cycle are met like any others.
std::vector<std::int64_t> choose_rows(std::int64_t rows, std::int64_t most);

/// The sampled rows themselves, as they were given.
struct SampledRows {
  Task task = Task::classification;
  std::int64_t targets = 0;
  std::vector<std::int64_t> places;  ///< [S]
  AlignedVector<double> features;    ///< [S][D]
  std::vector<std::int64_t> labels;  ///< [S], classification only
  AlignedVector<double> responses;   ///< [S][targets], other tasks only
  std::int64_t count() const { return static_cast<std::int64_t>(places.size()); }
};

/// Picks the sample out of rows that come by in order, in host or device memory. Of no rows where it is not `wanted`.
class RowSampler {
 public:
  RowSampler(Backend& backend, bool wanted, std::int64_t rows, std::int64_t features, std::int64_t targets, Task task);
  void add(const MatrixView& features, const TargetView& targets);
  /// Null where no sample is wanted.
  const SampledRows* sample() const { return sample_.places.empty() ? nullptr : &sample_; }

 private:
  void take(const MatrixView& features, const TargetView& targets, std::int64_t row);

  Backend& backend_;
  SampledRows sample_;
  std::size_t next_ = 0;
  std::int64_t seen_ = 0;
};

/// y of the sampled rows in the scaled units of a spectrum, less the targets' means: [targets][S]. `mean` [targets].
AlignedVector<double> sampled_values(const SampledRows& sample, const std::vector<std::int32_t>& target_exponent,
                                     const std::vector<double>& mean);

}  // namespace culogme::detail
