#include "row_sample.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "cpu/pack.hpp"
#include "cpu/tile.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

/// The output function of SplitMix64: one to one, and unlike any order that rows come in.
std::uint64_t hash(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

/// One row of a view in the backend's memory, widened.
void widen_one(Backend& backend, const MatrixView& view, std::int64_t row, double* out) {
  const std::int64_t bytes = scalar_bytes(view.scalar);
  MatrixView one = view;
  one.data = static_cast<const char*>(view.data) + row * view.row_stride * bytes;
  one.rows = 1;
  std::vector<double> copy;
  if (view.memory == Memory::device) {
    copy.resize(size_of((view.cols * bytes + 7) / 8));
    backend.read(one.data, size_of(view.cols * bytes), size_of(view.cols * bytes), 1, copy.data());
    one.data = copy.data();
    one.memory = Memory::host;
  }
  widen_rows(one, 0, 1, out);
}

std::int64_t label_of(Backend& backend, const LabelView& labels, std::int64_t row) {
  if (labels.memory == Memory::host) return label_at(labels, row);
  const std::size_t bytes = labels.wide ? 8 : 4;
  LabelView one = labels;
  std::int64_t copy = 0;
  backend.read(static_cast<const char*>(labels.data) + size_of(row) * bytes, bytes, bytes, 1, &copy);
  one.data = &copy;
  return label_at(one, 0);
}

}  // namespace

std::int64_t most_sampled_rows(std::int64_t features) {
  return std::clamp<std::int64_t>((std::int64_t{1} << 18) / features, 128, 1024);
}

std::vector<std::int64_t> choose_rows(std::int64_t rows, std::int64_t most) {
  std::vector<std::int64_t> places;
  if (rows <= most) {
    places.resize(size_of(rows));
    std::iota(places.begin(), places.end(), std::int64_t{0});
    return places;
  }
  std::vector<std::pair<std::uint64_t, std::int64_t>> hashed;  // the smallest so far, a heap with the largest on top
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::pair entry(hash(static_cast<std::uint64_t>(row)), row);
    if (row >= most) {
      if (entry > hashed.front()) continue;
      std::pop_heap(hashed.begin(), hashed.end());
      hashed.pop_back();
    }
    hashed.push_back(entry);
    std::push_heap(hashed.begin(), hashed.end());
  }
  for (const auto& entry : hashed) places.push_back(entry.second);
  std::sort(places.begin(), places.end());
  return places;
}

RowSampler::RowSampler(Backend& backend, bool wanted, std::int64_t rows, std::int64_t features, std::int64_t targets,
                       Task task)
    : backend_(backend) {
  if (!wanted) return;
  sample_.task = task;
  sample_.targets = targets;
  sample_.places = choose_rows(rows, most_sampled_rows(features));
  sample_.features.resize(size_of(sample_.count() * features));
  if (task == Task::classification)
    sample_.labels.resize(sample_.places.size());
  else
    sample_.responses.resize(size_of(sample_.count() * targets));
}

void RowSampler::add(const MatrixView& features, const TargetView& targets) {
  for (; next_ < sample_.places.size() && sample_.places[next_] < seen_ + features.rows; ++next_)
    take(features, targets, sample_.places[next_] - seen_);
  seen_ += features.rows;
}

void RowSampler::take(const MatrixView& features, const TargetView& targets, std::int64_t row) {
  widen_one(backend_, features, row, sample_.features.data() + next_ * size_of(features.cols));
  if (targets.labels != nullptr)
    sample_.labels[next_] = label_of(backend_, *targets.labels, row);
  else
    widen_one(backend_, *targets.responses, row, sample_.responses.data() + next_ * size_of(sample_.targets));
}

AlignedVector<double> sampled_values(const SampledRows& sample, const std::vector<std::int32_t>& target_exponent,
                                     const std::vector<double>& mean) {
  const std::size_t count = sample.places.size();
  AlignedVector<double> values(size_of(sample.targets) * count);
  for (std::size_t k = 0; k < size_of(sample.targets); ++k)
    for (std::size_t i = 0; i < count; ++i) {
      const bool classes = sample.task == Task::classification;
      const double value = classes ? (sample.labels[i] == static_cast<std::int64_t>(k) ? 1 : 0)
                                   : std::ldexp(sample.responses[i * size_of(sample.targets) + k], -target_exponent[k]);
      values[k * count + i] = value - mean[k];
    }
  return values;
}

}  // namespace culogme::detail
