#include "oracle/source.hpp"

#include <algorithm>
#include <cmath>

namespace oracle {

Theta theta_of(const support::Data& source, bool logits) {
  Theta theta;
  for (std::int64_t i = 0; i < source.rows; ++i) {
    std::vector<long double> row;
    for (std::int64_t z = 0; z < source.cols; ++z) row.push_back(source(i, z));
    if (logits) {
      const long double top = *std::max_element(row.begin(), row.end());
      long double sum = 0;
      for (long double& value : row) sum += value = std::exp(value - top);
      for (long double& value : row) value /= sum;
    }
    theta.push_back(row);
  }
  return theta;
}

Measure leep(const Theta& theta, const support::Labels& labels, std::int64_t classes) {
  const std::size_t rows = theta.size(), width = theta.front().size(), count = static_cast<std::size_t>(classes);
  std::vector<std::vector<long double>> joint(count, std::vector<long double>(width, 0));
  std::vector<long double> source(width, 0), class_rows(count, 0);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t z = 0; z < width; ++z) {
      joint[static_cast<std::size_t>(labels[i])][z] += theta[i][z] / static_cast<long double>(rows);
      source[z] += theta[i][z] / static_cast<long double>(rows);
    }
  Measure measure;
  measure.classes.assign(count, 0);
  for (std::size_t i = 0; i < rows; ++i) {
    const auto y = static_cast<std::size_t>(labels[i]);
    long double likelihood = 0;
    for (std::size_t z = 0; z < width; ++z)
      if (source[z] > 0) likelihood += joint[y][z] / source[z] * theta[i][z];
    measure.value += std::log(likelihood) / static_cast<long double>(rows);
    measure.classes[y] += std::log(likelihood);
    class_rows[y] += 1;
  }
  for (std::size_t y = 0; y < count; ++y)
    if (class_rows[y] > 0) measure.classes[y] /= class_rows[y];
  return measure;
}

Measure nce(const support::Labels& source, const support::Labels& labels, std::int64_t source_classes,
            std::int64_t classes) {
  const std::size_t width = static_cast<std::size_t>(source_classes), count = static_cast<std::size_t>(classes);
  const auto rows = static_cast<long double>(labels.size());
  Measure measure;
  measure.classes.assign(count, 0);
  std::vector<long double> class_rows(count, 0);
  for (const std::int32_t label : labels) class_rows[static_cast<std::size_t>(label)] += 1;
  for (std::size_t z = 0; z < width; ++z) {
    std::vector<long double> joint(count, 0);
    long double all = 0;
    for (std::size_t i = 0; i < labels.size(); ++i)
      if (static_cast<std::size_t>(source[i]) == z) {
        joint[static_cast<std::size_t>(labels[i])] += 1 / rows;
        all += 1 / rows;
      }
    for (std::size_t y = 0; y < count; ++y)
      if (joint[y] > 0) {
        measure.value += joint[y] * std::log(joint[y] / all);
        measure.classes[y] += joint[y] * std::log(joint[y] / all) * rows / class_rows[y];
      }
  }
  return measure;
}

support::Labels arg_max(const support::Data& source) {
  support::Labels top;
  for (std::int64_t i = 0; i < source.rows; ++i) {
    std::int32_t best = 0;
    for (std::int32_t z = 1; z < source.cols; ++z)
      if (source(i, z) > source(i, best)) best = z;
    top.push_back(best);
  }
  return top;
}

}  // namespace oracle
