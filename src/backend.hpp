#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <culogme/engine.hpp>
#include <culogme/matrix.hpp>
#include <culogme/score.hpp>

#include "moments.hpp"
#include "products.hpp"
#include "row_coordinates.hpp"
#include "source_sums.hpp"
#include "spectrum_scalars.hpp"

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
  Products products = Products::f64;
  std::int64_t expected_rows = 0;  ///< of a one-shot score, to cut even tiles; 0: unknown
};

/// Moments in the backend's memory.
class Sums {
 public:
  virtual ~Sums() = default;

  /// Adds a block of rows. `first_row` is the row number of the block's first row for messages. With `checked` the
  /// values were found finite and in range before (`check`), so nothing can fail half-way; without it the sums are
  /// unusable after a throw (but see checks_first). Throws NumericalError naming the first bad row and column.
  virtual void add(const MatrixView& features, const TargetView& targets, std::int64_t first_row, bool checked) = 0;

  /// Whether `add` without `checked` finds bad values before anything changes, so that `check` need not look before.
  virtual bool checks_first() const { return false; }

  /// Room for targets that have no rows yet.
  virtual void append_targets(const std::vector<std::string>& names) = 0;

  /// Copy of the sums on the host, rows waiting in an unfinished tile included; the tiles stay as they are.
  virtual Moments moments() const = 0;

  /// The same without the copy; the sums are of no use afterwards.
  virtual Moments take() = 0;

  /// Replaces everything by `moments`.
  virtual void set(Moments moments) = 0;

  /// this += sign * other without a copy of the matrices on the host, `other` staying as it is; returns the names of
  /// all targets then, and nothing, with nothing done, where the two have no memory in common or it is the host's.
  /// Throws InvalidArgument as plan_combination, OutOfMemory; nothing has changed then.
  virtual std::optional<std::vector<std::string>> combine(const Sums& /*other*/, int /*sign*/) { return std::nullopt; }

  /// The coarsest products that any of the rows had or, while they wait, will have.
  virtual Products products() const = 0;

  virtual std::int64_t rows() const = 0;

  /// Rows of a tile: blocks of whole tiles, one for each worker, are packed and multiplied side by side.
  virtual std::int64_t tile_rows() const = 0;
};

/// How the triangle of a feature matrix is made.
struct TriangleOptions {
  Task task = Task::classification;
  bool intercept = false;
  std::int64_t expected_rows = 0;
};

/// QR of row tiles of the features, with the targets beside them, in the backend's memory: the route `svd`.
class Triangle {
 public:
  virtual ~Triangle() = default;

  /// Takes in a block of rows; of no use after a throw. Throws BadData as Sums::add, or leaves what is bad to be found
  /// by `maximise`.
  virtual void add(const MatrixView& features, const TargetView& targets, std::int64_t first_row) = 0;

  /// Rows of a tile.
  virtual std::int64_t tile_rows() const = 0;
};

/// Eigenvalues of F'F (or FF') and squared projections of every target in the memory of the backend that made them:
/// what the evidence needs.
class AnySpectrum {
 public:
  virtual ~AnySpectrum() = default;
};

/// What a spectrum and a procedure give, in units of the original features and targets. Names are the caller's.
struct Fits {
  Route route = Route::gram_f64;
  std::int64_t rank = 0, features = 0;
  std::vector<TargetFit> targets;   ///< `rows` set
  std::optional<Seconds> measured;  ///< stages by the device's own clock, where work is asynchronous
};

struct SampledRows;

/// The spectrum of the CPU backend, in host memory.
struct Spectrum : SpectrumScalars {
  Route route = Route::gram_f64;
  std::int32_t exponent = 0;                  ///< features were multiplied by 2^-exponent
  std::vector<double> eigenvalues;            ///< [rank] sigma, increasing, all above the noise
  std::vector<double> projections;            ///< [targets][rank] x2 = (u_i'y)^2
  std::vector<TargetScalars> targets;         ///< [targets]
  std::vector<std::int32_t> target_exponent;  ///< [targets] or empty
  std::vector<std::int64_t> rows;             ///< [targets] rows of the class, all rows for the other tasks
  RowCoordinates sampled;                     ///< of the rows that were asked for
};

/// Eigenvalues as a score gives them: decreasing, of the features before they were multiplied by 2^-exponent.
std::vector<double> unscaled_eigenvalues(std::span<const double> increasing, std::int32_t exponent);

/// A backend: the stages of the method. One engine per thread; not thread-safe. Work may be asynchronous:
/// `Sums::moments`, `Sums::take`, `Sums::combine`, `maximise`, `reference`, `eigenvalues` and `synchronize` wait and
/// throw what was found meanwhile.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual culogme::Backend kind() const = 0;
  virtual std::string description() const = 0;
  virtual int threads() const = 0;
  virtual std::size_t workspace_limit() const = 0;

  /// Waits for everything submitted.
  virtual void synchronize() {}

  /// Whether f64 products cost so little more than f32 ones that nothing is gained by trying those first.
  virtual bool prefers_f64() const { return false; }

  /// Whether products of 16-bit rows are so much faster than others that they are worth a try.
  virtual bool has_tensor_cores() const { return false; }

  /// Throws BackendUnavailable where the device has no such products.
  virtual void require(Products) const {}

  /// Throws InvalidArgument, naming `what`, if the backend cannot read this memory or it is not what it is said to be.
  virtual void check_memory(const void* data, Memory memory, const std::string& what) const = 0;

  /// Throws OutOfMemory if sums of this size have no room.
  virtual void check_room(std::int64_t features, std::int64_t targets) const = 0;

  /// Copies `rows` pieces of `width` bytes, `pitch` bytes apart in the backend's device memory, to the host; waits.
  /// Throws InvalidArgument where there is none.
  virtual void read(const void* from, std::size_t pitch, std::size_t width, std::int64_t rows, void* to);

  /// First value that is NaN or infinite, first label out of range: throws BadData as Sums::add would. Values in device
  /// memory are checked where they are summed instead.
  virtual void check(const MatrixView& features, const TargetView& targets, std::int64_t target_count,
                     std::int64_t first_row) = 0;

  /// Throws OutOfMemory before anything is allocated.
  virtual std::unique_ptr<Sums> make_sums(std::int64_t features, std::vector<std::string> names,
                                          const SumsOptions& options) = 0;

  /// Joint sums of LEEP and NCE. Throws OutOfMemory before anything is allocated.
  virtual std::unique_ptr<SourceSums> make_source_sums(const SourceShape& shape) = 0;

  /// First value, row or label in host memory that cannot be used: throws BadSource as SourceSums::add would.
  virtual void check_source(const SourceShape& shape, const MatrixView& source, const LabelView& labels,
                            std::int64_t first_row) = 0;
  virtual void check_source(const SourceShape& shape, const LabelView& source_labels, const LabelView& labels,
                            std::int64_t first_row) = 0;

  /// Primal: eigenproblem of size D. With `keep` the sums stay as they are, else they are of no use afterwards.
  /// `sample`, here and below: rows that are projected too, or null.
  virtual std::unique_ptr<AnySpectrum> spectrum(Sums& sums, bool keep, bool intercept, const SampledRows* sample) = 0;

  /// Dual: eigenproblem of size N from all rows, for N < D.
  virtual std::unique_ptr<AnySpectrum> dual_spectrum(const MatrixView& features, const TargetView& targets,
                                                     const std::vector<std::string>& names, Task task,
                                                     bool f32_products, bool intercept, const SampledRows* sample) = 0;

  /// Throws OutOfMemory before anything is allocated.
  virtual std::unique_ptr<Triangle> make_triangle(std::int64_t features, std::vector<std::string> names,
                                                  const TriangleOptions& options) = 0;

  /// Singular values of the triangle, which is of no use afterwards.
  virtual std::unique_ptr<AnySpectrum> triangle_spectrum(Triangle& triangle, const SampledRows* sample) = 0;

  /// The same from all rows, for N < D: QR of tiles of columns.
  virtual std::unique_ptr<AnySpectrum> dual_triangle_spectrum(const MatrixView& features, const TargetView& targets,
                                                              const std::vector<std::string>& names, Task task,
                                                              bool intercept, const SampledRows* sample) = 0;

  /// Maximum of the evidence of every target; evidence, null evidence, alpha, beta, gamma, bound, iterations and status
  /// are set.
  virtual Fits maximise(const AnySpectrum& spectrum) = 0;

  /// What a spectrum says of the rows it was made with; waits. After `maximise`.
  virtual RowCoordinates coordinates(AnySpectrum& spectrum) = 0;

  /// The published procedure on the same spectrum.
  virtual Fits reference(const AnySpectrum& spectrum, const ReferenceOptions& options) = 0;

  /// [rank], decreasing, in units of the original features.
  virtual std::vector<double> eigenvalues(const AnySpectrum& spectrum) = 0;
};

/// Throws NumericalError when the BLAS kernel is wrong.
std::shared_ptr<Backend> make_cpu_backend(const EngineOptions& options);
BackendInfo cpu_backend_info();

#ifdef CULOGME_HAS_CUDA
/// Throws BackendUnavailable with the reason where the device cannot be used.
std::shared_ptr<Backend> make_cuda_backend(const EngineOptions& options);
#endif

}  // namespace culogme::detail
