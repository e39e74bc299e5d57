// Scores arrays that are already in memory, again and again: the compute time that the peers are compared with.

#include <culogme/culogme.hpp>

#include <cstdlib>
#include <ctime>
#include <exception>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "command/blas_kernel.hpp"
#include "support/loaded.hpp"
#include "support/timing.hpp"

int main(int argc, char** argv) {
  culogme::command::start_with_better_kernel(argv);
  if (argc != 4) {
    std::cerr << "usage: culogme_bench_in_memory FEATURES(f32) LABELS REPEATS\n";
    return 2;
  }
  try {
    const culogme::bench::Loaded loaded = culogme::bench::load(argv[1], argv[2]);
    culogme::Engine engine;
    const auto view = culogme::matrix_view(culogme::Memory::host, loaded.features.data(), loaded.rows, loaded.cols);
    const auto ids = culogme::label_view(culogme::Memory::host, loaded.labels.ids.data(), loaded.rows);
    culogme::Score score;
    // The processor's time of all threads beside the clock's: on one thread the two differ by what others took.
    std::ostringstream processor;
    std::cout << "{\"seconds\":[";
    for (int repeat = 0; repeat < std::atoi(argv[3]); ++repeat) {
      const std::clock_t start = std::clock();
      const double seconds =
          culogme::bench::seconds_of([&] { score = culogme::score(engine, view, ids, loaded.labels.targets()); });
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
