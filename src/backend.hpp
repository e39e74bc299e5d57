#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <culogme/engine.hpp>
#include <culogme/matrix.hpp>
#include <culogme/score.hpp>

#include "moments.hpp"

namespace culogme::detail {

/// Targets of a block of rows, exactly one kind.
struct TargetView {
  const LabelView* labels = nullptr;      ///< rows ids in [0, targets)
  const MatrixView* responses = nullptr;  ///< rows x targets, any element type
  bool binary = false;                    ///< multi-label: values must be 0 or 1
};

/// How the moments of a feature matrix are summed.
struct SumsOptions {
  Task task = Task::classification;
  bool f32_products = false;       ///< products inside a tile in f32, else f64
  std::int64_t expected_rows = 0;  ///< of a one-shot score, to cut even tiles; 0: unknown
};

/// Moments in the backend's memory.
class Sums {
 public:
  virtual ~Sums() = default;

  /// Adds a block of rows. `first_row` is the row number of the block's first row for messages. With `checked` the
  /// values were found finite and in range before (`check`), so nothing can fail half-way; without it the sums are
  /// unusable after a throw. Throws NumericalError naming the first bad row and column.
  virtual void add(const MatrixView& features, const TargetView& targets, std::int64_t first_row, bool checked) = 0;

  /// Room for targets that have no rows yet.
  virtual void append_targets(const std::vector<std::string>& names) = 0;

  /// Copy of the sums on the host, rows waiting in an unfinished tile included; the tiles stay as they are.
  virtual Moments moments() const = 0;

  /// The same without the copy; the sums are of no use afterwards.
  virtual Moments take() = 0;

  /// Replaces everything by `moments`.
  virtual void set(Moments moments) = 0;

  virtual std::int64_t rows() const = 0;

  /// Rows of a tile: blocks of whole tiles, one for each worker, are packed and multiplied side by side.
  virtual std::int64_t tile_rows() const = 0;
};

/// Eigenvalues of F'F (or FF') and squared projections of every target, what the evidence needs. Host memory of the CPU
/// backend; another backend derives its own.
struct Spectrum {
  Route route = Route::gram_f64;
  double dof = 0;  ///< N, or N - 1 with an intercept
  std::int64_t rank = 0;
  std::int64_t rows_total = 0, features = 0;  ///< N and D
  std::int32_t exponent = 0;                  ///< features were multiplied by 2^-exponent
  std::vector<double> eigenvalues;            ///< [rank] sigma, increasing, all above the noise
  std::vector<double> projections;            ///< [targets][rank] x2 = (u_i'y)^2
  std::vector<double> residual;               ///< [targets] r0, the part of y'y outside the span
  std::vector<double> residual_noise;         ///< [targets] bound on the rounding error of r0
  std::vector<double> square;                 ///< [targets] y'y (about the mean with an intercept)
  std::vector<std::int32_t> target_exponent;  ///< [targets] or empty
  std::vector<std::int64_t> rows;             ///< [targets] rows of the class, all rows for the other tasks
  std::vector<double> square_scale;           ///< [targets] y'y, or the larger numbers that it came from
  std::vector<char> hidden;                   ///< [targets] part of y lies in directions that were left out as noise
  double square_error = 0;                    ///< relative rounding error of y'y - sum x2, of y'y
  double gram_error = 0;                      ///< bound on the spectral norm of the error of the Gram matrix, fp64 part
  double trace_error = 0;                     ///< f32 products: eta tr G' (docs/numerics.md)
  double entry_error = 0;                     ///< f32 products: eta max G'_ii
  double rounded_row = 0;  ///< f32 products: u32 sqrt(max G'_ii), the rounding of a row times unit weights
  double norm_error = 0;   ///< both together as a spectral norm: nothing is known of the evidence at t below this
};

/// A backend: the stages of the method. One engine per thread; not thread-safe.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual culogme::Backend kind() const = 0;
  virtual std::string description() const = 0;
  virtual int threads() const = 0;
  virtual std::size_t workspace_limit() const = 0;

  /// First value that is NaN or infinite, first label out of range: throws NumericalError as Sums::add would.
  virtual void check(const MatrixView& features, const TargetView& targets, std::int64_t target_count,
                     std::int64_t first_row) = 0;

  /// Throws OutOfMemory before anything is allocated.
  virtual std::unique_ptr<Sums> make_sums(std::int64_t features, std::vector<std::string> names,
                                          const SumsOptions& options) = 0;

  /// Primal: eigenproblem of size D from the moments.
  virtual Spectrum spectrum(Moments moments, bool intercept) = 0;

  /// Dual: eigenproblem of size N from all rows, for N < D.
  virtual Spectrum dual_spectrum(const MatrixView& features, const TargetView& targets,
                                 const std::vector<std::string>& names, Task task, bool f32_products,
                                 bool intercept) = 0;

  /// Maximum of the evidence of every target; evidence, null evidence, alpha, beta, gamma, bound, iterations and status
  /// are set, in units of the original features and targets.
  virtual std::vector<TargetFit> maximise(const Spectrum& spectrum) = 0;

  /// The published procedure on the same spectrum.
  virtual std::vector<TargetFit> reference(const Spectrum& spectrum) = 0;
};

/// Throws NumericalError when the BLAS kernel is wrong.
std::shared_ptr<Backend> make_cpu_backend(const EngineOptions& options);
BackendInfo cpu_backend_info();

}  // namespace culogme::detail
