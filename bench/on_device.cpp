// Scores arrays that are already in the memory of a CUDA device, again and again: what the peers on the same device are
// compared with.

#include <culogme/culogme.hpp>

#include <cstdlib>
#include <exception>
#include <iomanip>
#include <iostream>

#include "support/device_memory.hpp"
#include "support/loaded.hpp"
#include "support/timing.hpp"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: culogme_bench_on_device FEATURES(f32) LABELS REPEATS\n";
    return 2;
  }
  try {
    const culogme::bench::Loaded loaded = culogme::bench::load(argv[1], argv[2]);
    culogme::Engine engine({.backend = culogme::Backend::cuda});
    const culogme::bench::OnDevice<float> features(loaded.features);
    const culogme::bench::OnDevice<std::int32_t> labels(loaded.labels.ids);
    const auto view = culogme::matrix_view(culogme::Memory::device, features.data(), loaded.rows, loaded.cols);
    const auto ids = culogme::label_view(culogme::Memory::device, labels.data(), loaded.rows);
    culogme::Score score;
    std::cout << "{\"seconds\":[";
    // A score waits for the device by itself.
    for (int repeat = 0; repeat < std::atoi(argv[3]); ++repeat)
      std::cout << (repeat == 0 ? "" : ",") << culogme::bench::seconds_of([&] {
        score = culogme::score(engine, view, ids, loaded.labels.targets());
      });
    std::cout << "],\"score\":" << std::setprecision(17) << score.value << ",\"error_bound\":" << score.error_bound
              << ",\"engine\":\"" << engine.description() << "\"}\n";
  } catch (const std::exception& error) {
    std::cerr << "culogme_bench_on_device: " << error.what() << '\n';
    return 1;
  }
}
