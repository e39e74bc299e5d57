// Scores arrays that are already in memory, again and again: the compute time that the peers are compared with.

#include <culogme/culogme.hpp>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <vector>

#include "support/timing.hpp"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: culogme_bench_in_memory FEATURES(f32) LABELS REPEATS\n";
    return 2;
  }
  try {
    const auto reader = culogme::open_features(argv[1]);
    const culogme::Labels labels = culogme::read_labels(argv[2]);
    if (reader->scalar() != culogme::Scalar::f32) throw culogme::InvalidArgument("the features must be f32");
    const std::int64_t rows = reader->rows(), cols = reader->cols();
    std::vector<float> features(static_cast<std::size_t>(rows * cols));
    std::int64_t row = 0;
    for (culogme::MatrixView block = reader->next(4096); block.rows > 0; block = reader->next(4096))
      for (std::int64_t i = 0; i < block.rows; ++i, ++row)
        std::memcpy(features.data() + row * cols, static_cast<const float*>(block.data) + i * block.row_stride,
                    static_cast<std::size_t>(cols) * sizeof(float));

    culogme::Engine engine;
    const auto view = culogme::matrix_view(culogme::Memory::host, features.data(), rows, cols);
    const auto ids = culogme::label_view(culogme::Memory::host, labels.ids.data(), rows);
    culogme::Score score;
    // The processor's time of all threads beside the clock's: on one thread the two differ by what others took.
    std::ostringstream processor;
    std::cout << "{\"seconds\":[";
    for (int repeat = 0; repeat < std::atoi(argv[3]); ++repeat) {
      const std::clock_t start = std::clock();
      const double seconds =
          culogme::bench::seconds_of([&] { score = culogme::score(engine, view, ids, labels.targets()); });
      const char* const separator = repeat == 0 ? "" : ",";
      processor << separator << static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
      std::cout << separator << seconds;
    }
    std::cout << "],\"processor_seconds\":[" << processor.str() << "],\"score\":" << std::setprecision(17)
              << score.value << ",\"engine\":\"" << engine.description() << "\"}\n";
  } catch (const std::exception& error) {
    std::cerr << "culogme_bench_in_memory: " << error.what() << '\n';
    return 1;
  }
}
