#include "support/floors.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>

#include "cpu/blas.hpp"
#include "cpu/parallel.hpp"
#include "support/timing.hpp"

extern "C" void dsyevd_(const char*, const char*, const int*, double*, const int*, double*, double*, const int*, int*,
                        const int*, int*);

namespace culogme::bench {
namespace {

// Chains that do not depend on each other: enough to cover the latency of two units, few enough to stay in registers.
constexpr int chains = 12;
constexpr std::int64_t steps = 10000;

// A function per instruction set: vector code is lowered before inlining, so a shared body would lose its width. Named
// variables, since an array of vectors would live in memory.
#define CULOGME_BENCH_CHAINS(name, attribute, bytes)                                            \
  template <class T>                                                                            \
  attribute T name() {                                                                          \
    using V [[gnu::vector_size(bytes)]] = T;                                                    \
    const V m = V{} + static_cast<T>(0.9999), n = V{} + static_cast<T>(1e-4);                   \
    V a = V{} + 1, b = a + 1, c = b + 1, d = c + 1, e = d + 1, f = e + 1;                       \
    V g = f + 1, h = g + 1, i = h + 1, j = i + 1, k = j + 1, l = k + 1;                         \
    for (std::int64_t step = 0; step < steps; ++step) {                                         \
      a = a * m + n, b = b * m + n, c = c * m + n, d = d * m + n, e = e * m + n, f = f * m + n; \
      g = g * m + n, h = h * m + n, i = i * m + n, j = j * m + n, k = k * m + n, l = l * m + n; \
    }                                                                                           \
    const V sum = a + b + c + d + e + f + g + h + i + j + k + l;                                \
    return sum[0];                                                                              \
  }

#if defined(__x86_64__)
CULOGME_BENCH_CHAINS(chains_avx512, [[gnu::target("avx512f")]], 64)
CULOGME_BENCH_CHAINS(chains_avx2, [[gnu::target("avx2,fma")]], 32)
#endif
CULOGME_BENCH_CHAINS(chains_plain, , 16)
#undef CULOGME_BENCH_CHAINS

template <class T>
struct Kernel {
  T (*run)();
  int bytes;
};

template <class T>
Kernel<T> widest_kernel() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return {chains_avx512<T>, 64};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {chains_avx2<T>, 32};
#endif
  return {chains_plain<T>, 16};
}

template <class T>
double fma_peak(int threads, double seconds) {
  const Kernel<T> kernel = widest_kernel<T>();
  std::atomic<std::int64_t> calls{0};
  std::atomic<double> sink{0};
  const double elapsed = seconds_of([&] {
    detail::run_workers(threads, [&](int) {
      const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
      std::int64_t own = 0;
      double value = 0;
      for (; std::chrono::steady_clock::now() < end; ++own) value += static_cast<double>(kernel.run());
      calls += own;
      sink.store(value);
    });
  });
  const double lanes = kernel.bytes / static_cast<double>(sizeof(T));
  return static_cast<double>(calls.load()) * static_cast<double>(chains * steps) * lanes * 2 / elapsed;
}

}  // namespace

double fma_peak_f32(int threads, double seconds) { return fma_peak<float>(threads, seconds); }
double fma_peak_f64(int threads, double seconds) { return fma_peak<double>(threads, seconds); }

double copy_bandwidth(int threads) {
  constexpr std::size_t bytes = std::size_t{512} << 20;
  constexpr int copies = 3;
  static std::vector<char> from(bytes, 1), into(bytes, 2);
  const std::size_t share = bytes / static_cast<std::size_t>(threads);
  std::vector<double> times;
  times.reserve(copies);
  for (int round = 0; round < copies; ++round)
    times.push_back(seconds_of([&] {
      detail::run_workers(threads, [&](int worker) {
        const std::size_t offset = share * static_cast<std::size_t>(worker);
        std::memcpy(into.data() + offset, from.data() + offset, share);
      });
    }));
  return 2 * static_cast<double>(share * static_cast<std::size_t>(threads)) /
         *std::min_element(times.begin(), times.end());
}

template <class T>
LibrarySyrk<T>::LibrarySyrk(const T* features, std::int64_t rows, std::int64_t cols, int threads)
    : features_(features),
      rows_(rows),
      cols_(cols),
      threads_(threads),
      products_(static_cast<std::size_t>(threads * cols * cols)) {}

template <class T>
void LibrarySyrk<T>::together() {
  const detail::BlasThreads limit(threads_);
  detail::syrk(cols_, rows_, features_, cols_, T(0), products_.data(), cols_);
}

template <class T>
void LibrarySyrk<T>::per_thread() {
  const detail::BlasThreads limit(1);
  const std::int64_t share = (rows_ + threads_ - 1) / threads_;
  detail::run_workers(threads_, [&](int worker) {
    const std::int64_t first = std::min(rows_, share * worker), last = std::min(rows_, first + share);
    detail::syrk(cols_, last - first, features_ + first * cols_, cols_, T(0), products_.data() + worker * cols_ * cols_,
                 cols_);
  });
}

template class LibrarySyrk<float>;
template class LibrarySyrk<double>;

double syrk_flop(std::int64_t rows, std::int64_t cols) {
  return static_cast<double>(rows) * static_cast<double>(cols) * static_cast<double>(cols + 1);
}

void dsyevd(std::int64_t n, double* matrix, double* eigenvalues) {
  const int size = static_cast<int>(n);
  const int real_size = 1 + 6 * size + 2 * size * size, integer_size = 3 + 5 * size;
  std::vector<double> work(static_cast<std::size_t>(real_size));
  std::vector<int> integers(static_cast<std::size_t>(integer_size));
  int info = 0;
  dsyevd_("V", "L", &size, matrix, &size, eigenvalues, work.data(), &real_size, integers.data(), &integer_size, &info);
  if (info != 0) throw std::runtime_error("dsyevd failed with info " + std::to_string(info));
}

}  // namespace culogme::bench
