#pragma once

#include <cfloat>
#include <cmath>
#include <cstdint>

#include "host_device.hpp"
#include "minmax.hpp"
#include "rounding.hpp"

namespace culogme::detail {

/// What is known of a spectrum beside its eigenvalues: sizes and bounds on errors, in the scaled units of the features.
struct SpectrumScalars {
  double dof = 0;                             ///< N, or N - 1 with an intercept
  std::int64_t rank = 0;                      ///< eigenvalues above the noise, the last ones
  std::int64_t cut = 0;                       ///< eigenvalues left out as noise, the first ones
  std::int64_t doubtful = 0;                  ///< those, and the next ones that are no larger than their error
  std::int64_t rows_total = 0, features = 0;  ///< N and D
  bool dual = false;                          ///< of FF' instead of F'F
  double square_error = 0;                    ///< relative rounding error of y'y - sum x2, of y'y
  double gram_error = 0;                      ///< bound on the spectral norm of the error of the Gram matrix, fp64 part
  double trace_error = 0;                     ///< f32 products: eta tr G' (docs/numerics.md)
  double entry_error = 0;                     ///< f32 products: eta max G'_ii
  double row_error = 0;                       ///< rows of 11 bits: |dF|_F, what their rounding changed
  double drift = 0;                           ///< the same: sums may have shrunk by this (narrow_drift)
  double rounded_row = 0;      ///< f32 products: u32 sqrt(max G'_ii), the rounding of a row times unit weights
  double norm_error = 0;       ///< both together as a spectral norm: nothing is known of the evidence at t below this
  double cut_error = 0;        ///< largest eigenvalue that was left out as noise
  double factor_error = 0;     ///< route svd: bound on |dF|_F of roundings; norm_error is its square, the others are 0
  double column_error = 0;     ///< route svd: bound on |dF m| / |m| of these, and of what was left out and seen
  double target_error = 0;     ///< route svd: bound on |dy| / |y|; 0 on the other routes
  double unexpected = 0;       ///< route svd: |U'dF|_F of what test vectors see of dF beyond factor_error, kept rows
  double unexpected_part = 0;  ///< route svd: |S^-1 U'dF|_F of the same
};

/// Where the bounds come from: how the matrix was summed.
struct SpectrumSource {
  std::int64_t rows_total = 0, features = 0;
  double dof = 0;
  bool dual = false;
  double trace_before = 0;    ///< of the Gram matrix before its mean was put back or taken out; the largest it ever was
  double trace_after = 0;     ///< of the matrix that was decomposed
  bool f32 = false;           ///< products in f32, then the next five count
  std::int64_t rows_f32 = 0;  ///< products in a sum: rows (primal) or columns (dual)
  std::int64_t chain = cpu_f32_chain;
  double energy_weight = 1;   ///< what the energies must still be multiplied by (short_digits_weight, the dual's)
  bool narrow = false;        ///< some rows were rounded to 11 bits, then the next one counts
  double rounding_trace = 0;  ///< squares of what that changed
  double energy_trace = 0, energy_entry = 0;  ///< sum and largest of the diagonal of the shifted rows' Gram matrix
};

/// Size of the matrix that was decomposed.
CULOGME_HOST_DEVICE inline std::int64_t gram_size(const SpectrumScalars& s) {
  return s.dual ? s.rows_total : s.features;
}

/// The scalars but rank and cut, and the noise: eigenvalues at or below it are left out.
CULOGME_HOST_DEVICE inline SpectrumScalars spectrum_scalars(const SpectrumSource& source, double largest_eigenvalue,
                                                            double& noise) {
  SpectrumScalars s;
  s.dof = source.dof;
  s.rows_total = source.rows_total;
  s.features = source.features;
  s.dual = source.dual;
  const std::int64_t n = gram_size(s);
  s.square_error = s.dual ? 8 * u64 * std::sqrt(static_cast<double>(s.rows_total)) : 8 * u64 * (4 + std::sqrt(s.dof));
  // What cancels in the corrections, or cancelled when shards were subtracted, leaves its rounding errors behind.
  const double cancelled = larger_of(1.0, source.trace_before / larger_of(source.trace_after, DBL_MIN));
  const double largest = larger_of(largest_eigenvalue, 0.0);
  s.gram_error = f64_gram_error(n) * largest * cancelled;
  noise = noise_fraction(n) * largest * cancelled;
  if (source.f32) {
    const double eta = f32_entry_error(source.rows_f32, source.chain) * source.energy_weight;
    s.trace_error = eta * source.energy_trace;
    s.entry_error = eta * source.energy_entry;
    s.rounded_row = u32 * std::sqrt(source.energy_entry);
    noise = larger_of(noise, f32_cut * independent_norm(n, s.entry_error));
  }
  s.cut_error = noise;
  s.norm_error = s.gram_error + independent_norm(n, s.entry_error);
  if (source.narrow) {
    // A narrow row's energy has its weight; that of other rows only makes the drift too large.
    s.drift = narrow_drift(source.rows_f32);
    s.trace_error += s.drift * source.energy_trace / narrow_weight;
    s.row_error = std::sqrt(source.rounding_trace);
    s.norm_error += s.drift * source.energy_entry / narrow_weight + source.rounding_trace;
  }
  return s;
}

/// Sets the counts from those of the eigenvalues up to `noise`, of centred features at least one, and up to norm_error.
CULOGME_HOST_DEVICE inline void set_rank(SpectrumScalars& s, std::int64_t noisy, std::int64_t below_error) {
  const std::int64_t n = gram_size(s);
  s.cut = larger_of(noisy, n - static_cast<std::int64_t>(s.dof));
  s.doubtful = larger_of(s.cut, below_error);
  s.rank = n - s.cut;
}

// One target: `projected` are u_i'y (dual and svd) or u_i'F'y (primal) with the eigenvectors u_i.

/// The projected values are u_i'y.
CULOGME_HOST_DEVICE inline bool projects_targets(const SpectrumScalars& s) { return s.dual || s.factor_error > 0; }

/// x2 of a kept direction.
CULOGME_HOST_DEVICE inline double projection_square(bool of_targets, double projected, double sigma) {
  return of_targets ? projected * projected : projected * projected / sigma;
}

/// What a doubtful direction, the `index`th, adds to ProjectionSums::doubtful: if left out, what it holds of y'y
/// (dual and svd); else what it may explain of it. Its eigenvalue is noise, and may be much larger than the true one;
/// the smallest one that sums can tell from nothing is taken instead.
CULOGME_HOST_DEVICE inline double doubtful_square(const SpectrumScalars& s, std::int64_t index, double projected,
                                                  double largest) {
  if (projects_targets(s)) return index < s.cut ? projected * projected : 0;
  return projected * projected / (u64 * larger_of(largest, DBL_MIN));
}

/// Part of y'y below which E is lost in rounding. Where u_i'y are at hand E is a sum of squares of numbers that are
/// each off by a multiple of |y| at most, so nothing cancels.
CULOGME_HOST_DEVICE inline double lost_fraction(const SpectrumScalars& s) {
  return s.factor_error > 0 ? s.target_error * s.target_error
         : s.dual           ? s.square_error * s.square_error
                            : s.square_error;
}

/// Largest norm of a column over the Frobenius norm, from their squares; 1 where they say nothing.
CULOGME_HOST_DEVICE inline double column_share(double largest_square, double total_square) {
  return total_square > 0 && total_square <= DBL_MAX ? std::sqrt(largest_square / total_square) : 1;
}

/// The scalars of singular values of F (or of FF's, `dual`) but rank and cut, and the noise: singular values at or
/// below it are left out. `frobenius`: |F|_F; `column`: the largest norm of a column of F (|F|_F, `dual`); `steps`:
/// tiles that one triangle took in.
CULOGME_HOST_DEVICE inline SpectrumScalars singular_scalars(std::int64_t rows, std::int64_t features, double dof,
                                                            bool dual, double frobenius, double column,
                                                            std::int64_t steps, double& noise) {
  SpectrumScalars s;
  s.dof = dof;
  s.rows_total = rows;
  s.features = features;
  s.dual = dual;
  // The columns of F' are as long as F has columns, and where these are alike their roundings are.
  s.target_error = svd_error(gram_size(s), dual ? steps + features : steps);
  // Not 0 for features that are all zero: it tells the route.
  s.factor_error = larger_of(s.target_error * frobenius, DBL_MIN);
  s.column_error = larger_of(s.target_error * column, DBL_MIN);
  s.norm_error = s.factor_error * s.factor_error;
  noise = s.factor_error;
  return s;
}

/// What the test vectors see of a row of U'F V - S, squared, beyond its share of factor_error. Roundings meet all rows
/// alike; what LAPACK's iterations leave off, up to 100 u of the elements beside it, does not.
CULOGME_HOST_DEVICE inline double unexpected_square(const SpectrumScalars& s, double residual) {
  return larger_of(0.0, residual * residual - s.factor_error * s.factor_error / static_cast<double>(gram_size(s)));
}

/// Sums of unexpected_square over the kept directions, of the same divided by sigma, and over the others. Where sigma
/// underflows the second is no number and the first one counts.
CULOGME_HOST_DEVICE inline void set_unexpected(SpectrumScalars& s, double kept, double kept_part, double left_out) {
  s.unexpected = std::sqrt(kept);
  s.unexpected_part = std::sqrt(kept_part);
  s.column_error = std::sqrt(s.column_error * s.column_error + left_out);
}

/// Sums over the directions of one target.
struct ProjectionSums {
  double explained = 0;  ///< sum x2
  double weights = 0;    ///< sum x2 / sigma
  double doubtful = 0;   ///< sum of doubtful_square over the doubtful directions; of singular values, those left out
};

/// What is known of a target beside its x2.
struct TargetScalars {
  double square = 0;          ///< y'y (about the mean with an intercept)
  double square_scale = 0;    ///< y'y, or the larger numbers that it came from
  double residual = 0;        ///< r0, the part of y'y outside the span
  double residual_noise = 0;  ///< bound on the rounding error of r0
  bool hidden = false;        ///< part of y may lie in directions whose eigenvalues are noise
  double lost = 0;            ///< dual or svd, rank = n: part of y'y outside the kept directions, which hold all of it
};

/// Doubtful directions that need not have an eigenvalue of 0.
CULOGME_HOST_DEVICE inline double left_out(const SpectrumScalars& s) {
  return static_cast<double>(s.doubtful) - larger_of(static_cast<double>(gram_size(s)) - s.dof, 0.0);
}

/// Whether the doubtful directions may explain more of the residual than is no worry. `doubtful`: of ProjectionSums;
/// `unexplained`: the residual, or its noise.
CULOGME_HOST_DEVICE inline bool may_hide(const SpectrumScalars& s, double doubtful, double square_scale,
                                         double unexplained) {
  const double known = static_cast<double>(gram_size(s) - s.doubtful);
  if (left_out(s) <= 0 || 2 * left_out(s) < s.dof - known)
    return doubtful > (hidden_fraction + 4 * static_cast<double>(s.doubtful) / s.dof) * unexplained;
  // Half of what the known directions leave of n, and more: they may explain all of the residual, so that what random
  // ones would explain is no measure. The rounding of F'y hides signals too.
  return doubtful + 16 * u64 * left_out(s) * square_scale > hidden_fraction * unexplained;
}

/// `smallest`: the first kept eigenvalue; unused where rank is 0.
CULOGME_HOST_DEVICE inline TargetScalars target_scalars(const SpectrumScalars& s, double smallest,
                                                        const ProjectionSums& sums, double square,
                                                        double square_scale) {
  TargetScalars target;
  target.square = square;
  target.square_scale = square_scale;
  if (s.dual) {
    // r0 is what lies outside the span: for FF' the null space is part of the model, so nothing hides in it. It turns
    // by at most the error of the matrix over the gap to the kept eigenvalues.
    const double turn = s.rank > 0 ? smaller_of(1.0, (s.gram_error + s.trace_error) / smallest) : 0;
    (static_cast<double>(s.rank) >= s.dof ? target.lost : target.residual) = sums.doubtful;
    target.residual_noise = (turn + s.square_error) * (turn + s.square_error) * square;
    // Where f32 products leave nothing but noise of an eigenvalue, the true one may be any number of times smaller, and
    // with it the determinant.
    target.hidden = s.entry_error > 0 && left_out(s) > 0;
    return target;
  }
  target.residual = square - sums.explained;
  target.residual_noise =
      s.square_error * square_scale + (s.gram_error + s.trace_error + s.row_error * s.row_error) * sums.weights;
  const double unexplained = larger_of(target.residual, target.residual_noise);
  // What rows lost to 11 bits is in no sum: a direction that they flattened may have held all of y. Of rows that were
  // subtracted again nobody knows what they lost, so that row_error tells nothing here.
  const bool flattened = s.drift > 0 && left_out(s) > 0;
  target.hidden = flattened || may_hide(s, sums.doubtful, square_scale, unexplained);
  return target;
}

/// Largest noise of r0, of y'y, with which a target that leaves nothing above it is called an exact linear function of
/// the features. Of singular values it is the rounding of y itself: below it no other claim would be any better.
CULOGME_HOST_DEVICE inline double exact_fraction(const SpectrumScalars& s) {
  return s.factor_error > 0 ? 64 * s.target_error * (64 * s.target_error) : 0x1.6a09e667f3bcdp-27;  // sqrt(u64)
}

/// Of singular values. `outside`: the part of y'y beside all directions. Nothing hides in the directions that were left
/// out: with a singular value of 0 what they hold of y is residual. r0 is the square of a distance that is known to
/// |dy| + |dF| |m|, where |m|^2 = sum x2 / sigma.
CULOGME_HOST_DEVICE inline TargetScalars singular_target(const SpectrumScalars& s, const ProjectionSums& sums,
                                                         double square, double outside) {
  TargetScalars target;
  target.square = square;
  target.square_scale = square;
  (static_cast<double>(s.rank) >= s.dof ? target.lost : target.residual) = outside + sums.doubtful;
  const double distance = s.target_error * std::sqrt(square) + s.factor_error * std::sqrt(sums.weights);
  target.residual_noise = distance * distance;
  return target;
}

}  // namespace culogme::detail
