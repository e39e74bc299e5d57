// Scores features that arrive in batches, as from a data loader: two shards are summed apart, merged, and scored.
// The feature matrix is never held; the statistics grow with features^2, not with rows.

#include <culogme/culogme.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <iostream>

namespace {

constexpr std::int64_t batch_rows = 64;

// The statistics of rows [first, last): what one process of several would do with its part of the data.
culogme::Statistics shard(culogme::Engine& engine, culogme::FeatureReader& features, const culogme::Labels& labels,
                          std::int64_t first, std::int64_t last) {
  culogme::StatisticsOptions options;
  options.target_names = labels.target_names;
  culogme::Statistics statistics(engine, features.cols(), labels.targets(), options);
  for (std::int64_t row = first; row < last;) {
    const culogme::MatrixView batch = features.next(std::min(batch_rows, last - row));
    if (batch.rows == 0) break;
    const std::int32_t* const ids = labels.ids.data() + row;
    statistics.add(batch, culogme::label_view(culogme::Memory::host, ids, batch.rows));
    row += batch.rows;
  }
  return statistics;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: stream_batches FEATURES LABELS\n";
    return 2;
  }
  try {
    culogme::Engine engine;
    const auto features = culogme::open_features(argv[1]);
    const culogme::Labels labels = culogme::read_labels(argv[2]);
    if (labels.rows != features->rows()) {
      std::cerr << "stream_batches: " << labels.rows << " labels for " << features->rows() << " rows\n";
      return 1;
    }
    const std::int64_t half = features->rows() / 2;

    culogme::Statistics statistics = shard(engine, *features, labels, 0, half);
    std::cout << "LogME of the first " << half << " rows: " << culogme::score(statistics).value << '\n';

    const culogme::Statistics second = shard(engine, *features, labels, half, features->rows());
    statistics.merge(second);
    const culogme::Score score = culogme::score(statistics);
    std::cout << "LogME of all " << score.rows << " rows: " << score.value << '\n';
  } catch (const std::exception& error) {
    std::cerr << "stream_batches: " << error.what() << '\n';
    return 1;
  }
}
