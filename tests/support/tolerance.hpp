#pragma once

#include <cstdint>

#include <culogme/score.hpp>

#include "oracle/evidence.hpp"
#include "support/data.hpp"

/// Every tolerance of the tests, as a function of unit roundoff, sizes and norms. Contracts that are numbers (what the
/// documentation promises) stand at the end, by name.
namespace tolerance {

inline constexpr double unit_f64 = 0x1p-53;
inline constexpr double unit_f32 = 0x1p-24;

/// Sizes that rounding errors grow with.
struct Norms {
  std::int64_t rows = 0, cols = 0;
  double spread = 0;  ///< squared Frobenius norm of the features about their column means
  double total = 0;   ///< squared Frobenius norm of the features
};
Norms norms_of(const support::Data& features);

/// How the products were rounded.
enum class Products {
  f64,          ///< worst case: (N + 2) u
  f32,          ///< worst case: (L + 4) v in a tile of L <= 8192 rows and u across; the shifted rows are rounded too
  f32_quality,  ///< 8 sqrt(L) v instead: what unbiased rounding of signed data gives; catches faults that f32 hides
};

/// Residual and orthogonality of an eigendecomposition of size n, relative to the norm (magma and slate test with 30
/// and 50 times the unit roundoff of their convention).
double eigenproblem(std::int64_t n);

/// Error of a column in the QR of row tiles, of its norm: the eps that docs/numerics.md states for route svd.
double qr_column(std::int64_t cols, std::int64_t tiles);

/// Error of a vector that n Householder reflectors turned, of its norm: sqrt(n) for independent roundings of each (a
/// dot product, its factor and the subtraction, in blocks whose factors round too).
double reflectors(std::int64_t n);

/// Error of a product sum of k rows on matrix tiles, of its sum of magnitudes: in a tile 16 pairs are added up and
/// their two sums added, then the tiles of six partial products, k / 32 of each; the parts that are left out are one v
/// more.
double split_product(std::int64_t k);

/// Bound on the spectral norm of the error of the Gram matrix about the model's origin, eigenvalue solver included.
/// Moments are taken about a pilot mean, so products round in proportion to the spread (twice, for a pilot that is not
/// the mean itself); putting the mean back costs fp64 roundings of the whole. With an intercept the mean never returns.
double gram_error(const Norms& norms, Products products, bool intercept);

/// Bound on the error of F'y over the norm of y, in the same way.
double moment_error(const Norms& norms, Products products, bool intercept);

/// First-order bound on the error of a target's evidence per row (style: evidence is stationary in m, alpha, beta):
/// |dG| (sum 1/(s + t) + gamma / t) / 2N + |m| |db| / E + dq / 2E + 16 u |terms|. `dimensions` is the order of the
/// matrix that is decomposed: cols, or rows of the dual. Infinite where the first order does not hold (|dG| above a
/// tenth of the least eigenvalue of G + t).
double evidence(const Norms& norms, Products products, bool intercept, const oracle::Spectrum& spectrum,
                std::size_t target, const oracle::Maximum& maximum, bool dual);

/// Mean and deviation of a prediction in units of the deviation, with the same alpha and beta, where F'F is benign: a
/// Gram matrix and its decomposition (30 D u and (N + 2) u) with a condition number of up to 100 at the ratio
/// alpha/beta.
double prediction(std::int64_t rows, std::int64_t cols);

/// Values of ln t of which the evidence is within `bound` of the maximum: sqrt(2 N bound / curvature). The maximum is
/// flat, so alpha and gamma are known less well than the evidence.
double ln_t(double bound, std::int64_t rows, const oracle::Maximum& maximum);

/// Evidence computed twice in fp64 from equal statistics in another order of the same terms.
double reordered(std::int64_t rows, std::int64_t cols, double evidence_scale);

/// LEEP in fp64: sums of positive terms keep their relative error, at most a unit roundoff for each addition, and so do
/// the likelihoods; the mean of the logarithms adds one for each row. `spread`: largest minus smallest logit of a row,
/// each of which exp takes with an error of its argument; 0 for probabilities.
double leep(std::int64_t rows, std::int64_t classes, std::int64_t source_classes, double value, double spread = 0);

/// NCE: as many terms of one sign as there are cells, from exact counts.
double nce(std::int64_t classes, std::int64_t source_classes, double value);

/// What docs/numerics.md promises for fp64 on benign data: agreement with the exact maximum.
inline constexpr double benign_agreement = 1e-10;
/// What docs/numerics.md promises for singular values up to sigma_1 / t = 1e16.
inline constexpr double singular_agreement = 1e-9;
/// Relative agreement with the published numbers on well-conditioned data.
inline constexpr double reference_agreement = 1e-9;
/// Default of ScoreOptions::accuracy.
inline constexpr double default_accuracy = 1e-5;

}  // namespace tolerance
