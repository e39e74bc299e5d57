#pragma once

#include <cstdint>
#include <string>

namespace culogme::detail {

/// The BLAS and LAPACK routines in use, column-major as LAPACK has it, sizes as 32-bit integers (LP64). Every size
/// given here is a number of features, targets or tile rows; products of sizes never are.

/// C = alpha A A' + beta C, lower triangle; A is n x k with leading dimension lda.
void syrk(std::int64_t n, std::int64_t k, const float* a, std::int64_t lda, float beta, float* c, std::int64_t ldc);
void syrk(std::int64_t n, std::int64_t k, const double* a, std::int64_t lda, double beta, double* c, std::int64_t ldc);
/// The same with A' A; A is k x n.
void syrk_transposed(std::int64_t n, std::int64_t k, const float* a, std::int64_t lda, float beta, float* c,
                     std::int64_t ldc);
void syrk_transposed(std::int64_t n, std::int64_t k, const double* a, std::int64_t lda, double beta, double* c,
                     std::int64_t ldc);

/// C = op(A) op(B) + beta C; C is m x n, the inner size k. Safe to call from several threads.
void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, const double* a,
          std::int64_t lda, const double* b, std::int64_t ldb, double beta, double* c, std::int64_t ldc);

/// B = A' B, A m x m upper triangle, B m x n. Safe to call from several threads.
void trmm_transposed(std::int64_t m, std::int64_t n, const double* a, std::int64_t lda, double* b, std::int64_t ldb);

/// y = A x for symmetric A, lower triangle.
void symv(std::int64_t n, const double* a, std::int64_t lda, const double* x, double* y);

/// A = Q T Q', lower triangle: a holds the reflectors (reflectors.hpp), d and e the tridiagonal matrix. Returns
/// LAPACK's info.
int sytrd(std::int64_t n, double* a, double* d, double* e, double* tau);
/// Eigenvalues d (increasing) and eigenvectors z (n x n) of the tridiagonal matrix d, e.
int stedc(std::int64_t n, double* d, double* e, double* z);

/// QR of [R; B]: R (n x n, upper triangle, leading dimension ldr) becomes the new triangle, B (m x n) the reflectors, t
/// [n][block] their factors. Returns LAPACK's info. `trapezoid`: B is upper triangular too (m = n). Safe to call from
/// several threads.
int tpqrt(std::int64_t m, std::int64_t n, bool trapezoid, std::int64_t block, double* r, std::int64_t ldr, double* b,
          std::int64_t ldb, double* t);
/// [A; C] = Q' [A; C] with the reflectors of tpqrt of two triangles; A and C are n x k.
int tpmqrt(std::int64_t n, std::int64_t k, std::int64_t block, const double* v, std::int64_t ldv, const double* t,
           double* a, std::int64_t lda, double* c, std::int64_t ldc);

/// A = Q B P', A n x n: a holds the reflectors, d and e the upper bidiagonal B. Returns LAPACK's info.
int gebrd(std::int64_t n, double* a, double* d, double* e, double* tau_q, double* tau_p);
/// C = Q'C (`left_vectors`) or P'C with the reflectors of gebrd; C is n x m.
int ormbr(bool left_vectors, std::int64_t n, std::int64_t m, const double* a, const double* tau, double* c);
/// B = U diag(d) V' by divide and conquer, d decreasing; u and vt are n x n.
int bdsdc(std::int64_t n, double* d, double* e, double* u, double* vt);
/// The same by QR sweeps, which are applied to what is wanted alone: x (n x k) = V'x, y (m x n) = y U.
int bdsqr(std::int64_t n, std::int64_t k, std::int64_t m, double* d, double* e, double* x, double* y);

/// Root `index` (from 0) of 1 + rho sum z_i^2 / (d_i - x), d increasing, rho > 0, |z| = 1: d - root into delta, the
/// root into *root. Safe to call from several threads.
int laed4(std::int64_t k, std::int64_t index, const double* d, const double* z, double* delta, double rho,
          double* root);

/// Sets the BLAS library's number of threads for the whole process while it lives, and puts it back. Sections of one
/// thread may run side by side (tiles of several workers, several engines); one of more threads runs alone, so that
/// results do not depend on what another engine does.
class BlasThreads {
 public:
  explicit BlasThreads(int threads);
  ~BlasThreads();
  BlasThreads(const BlasThreads&) = delete;
  BlasThreads& operator=(const BlasThreads&) = delete;
};

/// "OpenBLAS 0.3.21" or "BLAS" where the library does not tell, and the kernel chosen for this processor.
std::string blas_name();
std::string blas_kernel();

/// OpenBLAS takes its oldest kernel on processors that are newer than itself: the one to name in OPENBLAS_CORETYPE
/// instead of `kernel` on a processor with these instructions; empty where it is none of the old ones.
std::string better_kernel(const std::string& kernel, bool avx2, bool avx512);

/// The same of the kernel in use on this processor; empty where the user named it.
std::string better_kernel();

/// Compares known products of small integers, exact in any order, at the first call. Throws NumericalError that names
/// the kernel if one is wrong.
void check_blas_kernel();

}  // namespace culogme::detail
