// LEEP of probabilities that are already in memory, again and again: what the published code is compared with.

#include <culogme/culogme.hpp>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iomanip>
#include <iostream>
#include <vector>

#include "command/blas_kernel.hpp"
#include "support/timing.hpp"

int main(int argc, char** argv) {
  culogme::command::start_with_better_kernel(argv);
  if (argc != 4) {
    std::cerr << "usage: culogme_bench_leep_in_memory PROBABILITIES LABELS REPEATS\n";
    return 2;
  }
  try {
    const auto reader = culogme::open_features(argv[1]);
    const culogme::Labels labels = culogme::read_labels(argv[2]);
    const std::int64_t rows = reader->rows(), cols = reader->cols();
    const auto row_bytes = static_cast<std::size_t>(cols * culogme::scalar_bytes(reader->scalar()));
    std::vector<double> storage(static_cast<std::size_t>(rows) * row_bytes / sizeof(double) + 1);
    char* out = reinterpret_cast<char*>(storage.data());
    for (culogme::MatrixView block = reader->next(4096); block.rows > 0; block = reader->next(4096))
      for (std::int64_t i = 0; i < block.rows; ++i, out += row_bytes)
        std::memcpy(out, static_cast<const char*>(block.data) + static_cast<std::size_t>(i) * row_bytes, row_bytes);

    culogme::Engine engine;
    const culogme::MatrixView view{storage.data(), rows, cols, cols, reader->scalar(), culogme::Memory::host};
    const auto ids = culogme::label_view(culogme::Memory::host, labels.ids.data(), rows);
    culogme::SourceScore score;
    std::cout << "{\"seconds\":[";
    for (int repeat = 0; repeat < std::atoi(argv[3]); ++repeat) {
      const double seconds =
          culogme::bench::seconds_of([&] { score = culogme::leep(engine, view, ids, labels.targets()); });
      std::cout << (repeat == 0 ? "" : ",") << seconds;
    }
    std::cout << "],\"score\":" << std::setprecision(17) << score.value << ",\"engine\":\"" << engine.description()
              << "\"}\n";
  } catch (const std::exception& error) {
    std::cerr << "culogme_bench_leep_in_memory: " << error.what() << '\n';
    return 1;
  }
}
