#include "support/loaded.hpp"

#include <cstddef>
#include <cstring>

namespace culogme::bench {

Loaded load(const std::filesystem::path& features, const std::filesystem::path& labels) {
  const auto reader = open_features(features);
  if (reader->scalar() != Scalar::f32) throw InvalidArgument("the features must be f32");
  Loaded all{reader->rows(), reader->cols(), {}, read_labels(labels)};
  all.features.resize(static_cast<std::size_t>(all.rows * all.cols));
  float* to = all.features.data();
  for (MatrixView block = reader->next(4096); block.rows > 0; block = reader->next(4096))
    for (std::int64_t i = 0; i < block.rows; ++i, to += all.cols)
      std::memcpy(to, static_cast<const float*>(block.data) + i * block.row_stride,
                  static_cast<std::size_t>(all.cols) * sizeof(float));
  return all;
}

}  // namespace culogme::bench
