#include "cpu/blas.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <iterator>
#include <mutex>
#include <string_view>
#include <vector>

#include <culogme/error.hpp>

#include "aligned.hpp"

extern "C" {
void ssyrk_(const char*, const char*, const int*, const int*, const float*, const float*, const int*, const float*,
            float*, const int*);
void dsyrk_(const char*, const char*, const int*, const int*, const double*, const double*, const int*, const double*,
            double*, const int*);
void dgemm_(const char*, const char*, const int*, const int*, const int*, const double*, const double*, const int*,
            const double*, const int*, const double*, double*, const int*);
void dtrmm_(const char*, const char*, const char*, const char*, const int*, const int*, const double*, const double*,
            const int*, double*, const int*);
void dsymv_(const char*, const int*, const double*, const double*, const int*, const double*, const int*, const double*,
            double*, const int*);
void dsytrd_(const char*, const int*, double*, const int*, double*, double*, double*, double*, const int*, int*);
void dstedc_(const char*, const int*, double*, double*, double*, const int*, double*, const int*, int*, const int*,
             int*);
void dtpqrt_(const int*, const int*, const int*, const int*, double*, const int*, double*, const int*, double*,
             const int*, double*, int*);
void dtpmqrt_(const char*, const char*, const int*, const int*, const int*, const int*, const int*, const double*,
              const int*, const double*, const int*, double*, const int*, double*, const int*, double*, int*);
void dgebrd_(const int*, const int*, double*, const int*, double*, double*, double*, double*, double*, const int*,
             int*);
void dormbr_(const char*, const char*, const char*, const int*, const int*, const int*, const double*, const int*,
             const double*, double*, const int*, double*, const int*, int*);
void dbdsdc_(const char*, const char*, const int*, double*, double*, double*, const int*, double*, const int*, double*,
             int*, double*, int*, int*);
void dbdsqr_(const char*, const int*, const int*, const int*, const int*, double*, double*, double*, const int*,
             double*, const int*, double*, const int*, double*, int*);
void dlaed4_(const int*, const int*, const double*, const double*, double*, const double*, double*, int*);
}

namespace culogme::detail {
namespace {

int narrow(std::int64_t size) {
  if (size > 2147483647)
    throw OutOfMemory("a matrix side of " + std::to_string(size) + " is more than the BLAS library can take");
  return static_cast<int>(size);
}

/// Aligned vectors for the room behind them: sytrd has dsymv write into its workspace (aligned.cpp says why).
AlignedVector<double> workspace(double size) {
  return AlignedVector<double>(static_cast<std::size_t>(std::max(1.0, size)));
}

/// Functions that only some BLAS libraries have are looked up in what is loaded, so that any library links.
template <class Function>
Function* loaded(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

struct ThreadState {
  std::mutex mutex;
  std::condition_variable changed;
  int holders = 0;
  int current = 0;
  int before = 0;
};

ThreadState& thread_state() {
  static ThreadState state;
  return state;
}

void set_blas_threads(int threads) {
  static auto* const set = loaded<void(int)>("openblas_set_num_threads");
  static auto* const set_blis = loaded<void(std::int64_t)>("bli_thread_set_num_threads");
  if (set != nullptr) set(threads);
  if (set_blis != nullptr) set_blis(threads);
}

int blas_threads() {
  static auto* const get = loaded<int()>("openblas_get_num_threads");
  static auto* const get_blis = loaded<std::int64_t()>("bli_thread_get_num_threads");
  if (get != nullptr) return get();
  return get_blis != nullptr ? static_cast<int>(get_blis()) : 1;
}

/// Integers in [-8, 8] by a linear congruence.
template <class T>
std::vector<T> known_matrix(std::size_t size) {
  std::vector<T> values(size);
  std::uint32_t state = 1;
  for (T& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<T>(static_cast<int>((state >> 16) % 17) - 8);
  }
  return values;
}

template <class T>
bool syrk_is_right() {
  constexpr std::int64_t n = 37, k = 301;  // no multiple of any kernel's block, longer than its unrolled loops
  const std::vector<T> a = known_matrix<T>(n * k);
  std::vector<T> c(n * n, T(-1));
  syrk(n, k, a.data(), n, T(0), c.data(), n);
  for (std::int64_t j = 0; j < n; ++j)
    for (std::int64_t i = j; i < n; ++i) {
      std::int64_t sum = 0;
      for (std::int64_t l = 0; l < k; ++l)
        sum += static_cast<std::int64_t>(a[static_cast<std::size_t>(l * n + i)]) *
               static_cast<std::int64_t>(a[static_cast<std::size_t>(l * n + j)]);
      if (static_cast<double>(c[static_cast<std::size_t>(j * n + i)]) != static_cast<double>(sum)) return false;
    }
  return true;
}

bool gemm_is_right() {
  constexpr std::int64_t m = 35, n = 19, k = 131;
  const std::vector<double> a = known_matrix<double>(m * k), b = known_matrix<double>(k * n);
  std::vector<double> c(m * n, -1);
  gemm(true, false, m, n, k, a.data(), k, b.data(), k, 0, c.data(), m);
  for (std::int64_t j = 0; j < n; ++j)
    for (std::int64_t i = 0; i < m; ++i) {
      double sum = 0;
      for (std::int64_t l = 0; l < k; ++l)
        sum += a[static_cast<std::size_t>(i * k + l)] * b[static_cast<std::size_t>(j * k + l)];
      if (c[static_cast<std::size_t>(j * m + i)] != sum) return false;
    }
  return true;
}

}  // namespace

void syrk(std::int64_t n, std::int64_t k, const float* a, std::int64_t lda, float beta, float* c, std::int64_t ldc) {
  const int in = narrow(n), ik = narrow(k), ia = narrow(lda), ic = narrow(ldc);
  const float one = 1;
  ssyrk_("L", "N", &in, &ik, &one, a, &ia, &beta, c, &ic);
}

void syrk(std::int64_t n, std::int64_t k, const double* a, std::int64_t lda, double beta, double* c, std::int64_t ldc) {
  const int in = narrow(n), ik = narrow(k), ia = narrow(lda), ic = narrow(ldc);
  const double one = 1;
  dsyrk_("L", "N", &in, &ik, &one, a, &ia, &beta, c, &ic);
}

void syrk_transposed(std::int64_t n, std::int64_t k, const float* a, std::int64_t lda, float beta, float* c,
                     std::int64_t ldc) {
  const int in = narrow(n), ik = narrow(k), ia = narrow(lda), ic = narrow(ldc);
  const float one = 1;
  ssyrk_("L", "T", &in, &ik, &one, a, &ia, &beta, c, &ic);
}

void syrk_transposed(std::int64_t n, std::int64_t k, const double* a, std::int64_t lda, double beta, double* c,
                     std::int64_t ldc) {
  const int in = narrow(n), ik = narrow(k), ia = narrow(lda), ic = narrow(ldc);
  const double one = 1;
  dsyrk_("L", "T", &in, &ik, &one, a, &ia, &beta, c, &ic);
}

void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, const double* a,
          std::int64_t lda, const double* b, std::int64_t ldb, double beta, double* c, std::int64_t ldc) {
  const int im = narrow(m), in = narrow(n), ik = narrow(k), ia = narrow(lda), ib = narrow(ldb), ic = narrow(ldc);
  const double one = 1;
  dgemm_(transpose_a ? "T" : "N", transpose_b ? "T" : "N", &im, &in, &ik, &one, a, &ia, b, &ib, &beta, c, &ic);
}

void trmm_transposed(std::int64_t m, std::int64_t n, const double* a, std::int64_t lda, double* b, std::int64_t ldb) {
  const int im = narrow(m), in = narrow(n), ia = narrow(lda), ib = narrow(ldb);
  const double one = 1;
  dtrmm_("L", "U", "T", "N", &im, &in, &one, a, &ia, b, &ib);
}

void symv(std::int64_t n, const double* a, std::int64_t lda, const double* x, double* y) {
  const int in = narrow(n), ia = narrow(lda), step = 1;
  const double one = 1, zero = 0;
  dsymv_("L", &in, &one, a, &ia, x, &step, &zero, y, &step);
}

int sytrd(std::int64_t n, double* a, double* d, double* e, double* tau) {
  const int in = narrow(n);
  int info = 0, ask = -1;
  double size = 0;
  dsytrd_("L", &in, a, &in, d, e, tau, &size, &ask, &info);
  if (info != 0) return info;
  AlignedVector<double> work = workspace(size);
  const int given = narrow(static_cast<std::int64_t>(work.size()));
  dsytrd_("L", &in, a, &in, d, e, tau, work.data(), &given, &info);
  return info;
}

int stedc(std::int64_t n, double* d, double* e, double* z) {
  // The workspace of n^2 + 4 n + 1 doubles passes 2^31 from n = 46340 on; the matrix alone is 17 GB there.
  if (n > 46000)
    throw OutOfMemory("an eigenproblem of size " + std::to_string(n) +
                      " is more than LAPACK's 32-bit workspace allows");
  const int in = narrow(n);
  const int real_size = std::max(1, 1 + 4 * in + in * in), integer_size = std::max(1, 3 + 5 * in);
  std::vector<double> work(static_cast<std::size_t>(real_size));
  std::vector<int> integers(static_cast<std::size_t>(integer_size));
  int info = 0;
  dstedc_("I", &in, d, e, z, &in, work.data(), &real_size, integers.data(), &integer_size, &info);
  return info;
}

int tpqrt(std::int64_t m, std::int64_t n, bool trapezoid, std::int64_t block, double* r, std::int64_t ldr, double* b,
          std::int64_t ldb, double* t) {
  const int im = narrow(m), in = narrow(n), il = trapezoid ? im : 0, size = narrow(block), ir = narrow(ldr),
            ib = narrow(ldb);
  AlignedVector<double> work = workspace(static_cast<double>(block) * static_cast<double>(n));
  int info = 0;
  dtpqrt_(&im, &in, &il, &size, r, &ir, b, &ib, t, &size, work.data(), &info);
  return info;
}

int tpmqrt(std::int64_t n, std::int64_t k, std::int64_t block, const double* v, std::int64_t ldv, const double* t,
           double* a, std::int64_t lda, double* c, std::int64_t ldc) {
  const int in = narrow(n), ik = narrow(k), size = narrow(block), iv = narrow(ldv), ia = narrow(lda), ic = narrow(ldc);
  AlignedVector<double> work = workspace(static_cast<double>(block) * static_cast<double>(k));
  int info = 0;
  dtpmqrt_("L", "T", &in, &ik, &in, &in, &size, v, &iv, t, &size, a, &ia, c, &ic, work.data(), &info);
  return info;
}

int gebrd(std::int64_t n, double* a, double* d, double* e, double* tau_q, double* tau_p) {
  const int in = narrow(n);
  int info = 0, ask = -1;
  double size = 0;
  dgebrd_(&in, &in, a, &in, d, e, tau_q, tau_p, &size, &ask, &info);
  if (info != 0) return info;
  AlignedVector<double> work = workspace(size);
  const int given = narrow(static_cast<std::int64_t>(work.size()));
  dgebrd_(&in, &in, a, &in, d, e, tau_q, tau_p, work.data(), &given, &info);
  return info;
}

int ormbr(bool left_vectors, std::int64_t n, std::int64_t m, const double* a, const double* tau, double* c) {
  const int in = narrow(n), im = narrow(m);
  const char* const vectors = left_vectors ? "Q" : "P";
  int info = 0, ask = -1;
  double size = 0;
  dormbr_(vectors, "L", "T", &in, &im, &in, a, &in, tau, c, &in, &size, &ask, &info);
  if (info != 0) return info;
  AlignedVector<double> work = workspace(size);
  const int given = narrow(static_cast<std::int64_t>(work.size()));
  dormbr_(vectors, "L", "T", &in, &im, &in, a, &in, tau, c, &in, work.data(), &given, &info);
  return info;
}

int bdsdc(std::int64_t n, double* d, double* e, double* u, double* vt) {
  const int in = narrow(n);
  const double size = static_cast<double>(n);
  AlignedVector<double> work = workspace(3 * size * size + 4 * size);
  std::vector<int> integers(static_cast<std::size_t>(8 * n));
  int info = 0, unused = 0;
  double nothing = 0;
  dbdsdc_("U", "I", &in, d, e, u, &in, vt, &in, &nothing, &unused, work.data(), integers.data(), &info);
  return info;
}

int bdsqr(std::int64_t n, std::int64_t k, std::int64_t m, double* d, double* e, double* x, double* y) {
  const int in = narrow(n), ik = narrow(k), im = narrow(m), one = 1, none = 0;
  AlignedVector<double> work = workspace(4 * static_cast<double>(n));
  double nothing = 0;
  int info = 0;
  dbdsqr_("U", &in, &ik, &im, &none, d, e, x, &in, y, &im, &nothing, &one, work.data(), &info);
  return info;
}

int laed4(std::int64_t k, std::int64_t index, const double* d, const double* z, double* delta, double rho,
          double* root) {
  const int ik = narrow(k), ii = narrow(index + 1);
  int info = 0;
  dlaed4_(&ik, &ii, d, z, delta, &rho, root, &info);
  return info;
}

BlasThreads::BlasThreads(int threads) {
  ThreadState& state = thread_state();
  std::unique_lock lock(state.mutex);
  state.changed.wait(lock, [&] { return state.holders == 0 || (threads == 1 && state.current == 1); });
  if (state.holders++ == 0) {
    state.before = blas_threads();
    state.current = threads;
    if (state.before != threads) set_blas_threads(threads);
  }
}

BlasThreads::~BlasThreads() {
  ThreadState& state = thread_state();
  const std::lock_guard lock(state.mutex);
  if (--state.holders > 0) return;
  if (state.before != state.current) set_blas_threads(state.before);
  state.changed.notify_all();
}

std::string blas_name() {
  static auto* const config = loaded<const char*()>("openblas_get_config");
  if (config == nullptr) return loaded<const char*()>("bli_info_get_version_str") != nullptr ? "BLIS" : "BLAS";
  const std::string_view text = config();  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..."
  const std::size_t second = text.find(' ', text.find(' ') + 1);
  return std::string(text.substr(0, second));
}

std::string blas_kernel() {
  static auto* const core = loaded<const char*()>("openblas_get_corename");
  return core == nullptr ? "unknown" : core();
}

std::string better_kernel(const std::string& kernel, bool avx2, bool avx512) {
  constexpr const char* without_avx[] = {"Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "Atom", "Generic"};
  if (!avx2 || std::find(std::begin(without_avx), std::end(without_avx), kernel) == std::end(without_avx)) return "";
  return avx512 ? "SkylakeX" : "Haswell";
}

std::string better_kernel() {
#if defined(__x86_64__)
  if (const char* const chosen = std::getenv("OPENBLAS_CORETYPE"); chosen != nullptr && *chosen != '\0') return "";
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  return better_kernel(blas_kernel(), __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"), avx512);
#else
  return "";
#endif
}

void check_blas_kernel() {
  static const bool right = syrk_is_right<float>() && syrk_is_right<double>() && gemm_is_right();
  if (!right)
    throw NumericalError(
        "the BLAS library (" + blas_name() + ", kernel " + blas_kernel() +
        ") gives a wrong product of small integers; choose another kernel (OPENBLAS_CORETYPE) or library");
}

}  // namespace culogme::detail
