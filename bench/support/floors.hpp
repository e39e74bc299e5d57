#pragma once

#include <cstdint>
#include <vector>

namespace culogme::bench {

/// What this machine can do at best, measured in the process that measures the library. A fraction of such a floor can
/// be compared between machines; a time cannot.

/// Independent fused multiply-adds in registers with the widest vectors of this processor, on `threads` threads at once
/// for about `seconds`. Flop/s, a multiply-add counting as two.
double fma_peak_f32(int threads, double seconds = 0.05);
double fma_peak_f64(int threads, double seconds = 0.05);

/// Copies between two blocks far larger than the caches, on `threads` threads. Bytes/s, read and written both counted.
double copy_bandwidth(int threads);

/// The BLAS library's own F'F of row-major rows x cols features, lower triangle, no sums in fp64.
template <class T>
class LibrarySyrk {
 public:
  LibrarySyrk(const T* features, std::int64_t rows, std::int64_t cols, int threads);

  /// One call that uses all threads.
  void together();
  /// One single-threaded call per thread, each on its part of the rows; the parts are not added up.
  void per_thread();

 private:
  const T* features_;
  std::int64_t rows_, cols_;
  int threads_;
  std::vector<T> products_;  ///< [threads][cols][cols]
};

/// Flop of F'F, one triangle: rows * cols * (cols + 1).
double syrk_flop(std::int64_t rows, std::int64_t cols);

/// LAPACK's dsyevd with vectors of a symmetric n x n matrix (column-major, lower triangle; overwritten).
void dsyevd(std::int64_t n, double* matrix, double* eigenvalues);

}  // namespace culogme::bench
