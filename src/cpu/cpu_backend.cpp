#include <algorithm>
#include <utility>

#include <culogme/error.hpp>

#include "backend.hpp"
#include "cpu/blas.hpp"
#include "cpu/check.hpp"
#include "cpu/evidence.hpp"
#include "cpu/parallel.hpp"
#include "cpu/source.hpp"
#include "cpu/spectrum.hpp"
#include "cpu/split_product.hpp"
#include "cpu/sums.hpp"
#include "cpu/triangle_spectrum.hpp"
#include "memory.hpp"

namespace culogme::detail {
namespace {

std::string describe(int threads, bool tiles) {
  return "cpu: " + blas_name() + " " + blas_kernel() + (tiles ? " + AMX, " : ", ") + std::to_string(threads) +
         (threads == 1 ? " thread" : " threads");
}

struct CpuSpectrum final : AnySpectrum {
  explicit CpuSpectrum(Spectrum spectrum) : values(std::move(spectrum)) {}
  Spectrum values;
};

Fits fits_of(const Spectrum& s, std::vector<TargetFit> targets) {
  Fits fits{s.route, s.rank, s.features, std::move(targets), {}};
  for (std::size_t k = 0; k < fits.targets.size(); ++k) fits.targets[k].rows = s.rows[k];
  return fits;
}

class CpuBackend final : public Backend {
 public:
  explicit CpuBackend(const EngineOptions& options)
      : threads_(options.threads > 0 ? options.threads : usable_threads()),
        workspace_limit_(options.workspace_limit > 0 ? options.workspace_limit
                                                     : static_cast<std::size_t>(available_memory() / 4)) {
    check_blas_kernel();
  }

  culogme::Backend kind() const override { return culogme::Backend::cpu; }
  std::string description() const override { return describe(threads_, has_split_products()); }
  int threads() const override { return threads_; }
  std::size_t workspace_limit() const override { return workspace_limit_; }

  void check_memory(const void*, Memory memory, const std::string& what) const override {
    if (memory != Memory::host) throw InvalidArgument(what + " are in device memory, the engine is on the CPU");
  }

  void check_room(std::int64_t features, std::int64_t targets) const override {
    require_memory(moments_bytes(features, targets), "statistics of " + std::to_string(features) + " columns and " +
                                                         std::to_string(targets) + " targets");
  }

  void check(const MatrixView& features, const TargetView& targets, std::int64_t target_count,
             std::int64_t first_row) override {
    check_host_values(features, targets, target_count, first_row, threads_);
  }

  std::unique_ptr<Sums> make_sums(std::int64_t features, std::vector<std::string> names,
                                  const SumsOptions& options) override {
    return make_cpu_sums(features, std::move(names), options, threads_, workspace_limit_);
  }

  std::unique_ptr<SourceSums> make_source_sums(const SourceShape& shape) override {
    require_memory(table_bytes(shape), table_text(shape));
    return make_cpu_source_sums(shape, threads_);
  }

  void check_source(const SourceShape& shape, const MatrixView& source, const LabelView& labels,
                    std::int64_t first_row) override {
    check_host_source(shape, source, labels, first_row, threads_);
  }
  void check_source(const SourceShape& shape, const LabelView& source_labels, const LabelView& labels,
                    std::int64_t first_row) override {
    check_host_source(shape, source_labels, labels, first_row);
  }

  std::unique_ptr<AnySpectrum> spectrum(Sums& sums, bool keep, bool intercept, const SampledRows* sample) override {
    return std::make_unique<CpuSpectrum>(
        primal_spectrum(keep ? sums.moments() : sums.take(), intercept, threads_, sample));
  }

  std::unique_ptr<AnySpectrum> dual_spectrum(const MatrixView& features, const TargetView& targets,
                                             const std::vector<std::string>& names, Task task, bool f32_products,
                                             bool intercept, const SampledRows* sample) override {
    return std::make_unique<CpuSpectrum>(
        detail::dual_spectrum(features, targets, names, task, f32_products, intercept, threads_, sample));
  }

  std::unique_ptr<Triangle> make_triangle(std::int64_t features, std::vector<std::string> names,
                                          const TriangleOptions& options) override {
    return make_cpu_triangle(features, std::move(names), options, threads_, workspace_limit_);
  }

  std::unique_ptr<AnySpectrum> triangle_spectrum(Triangle& triangle, const SampledRows* sample) override {
    return std::make_unique<CpuSpectrum>(detail::triangle_spectrum(triangle, sample));
  }

  std::unique_ptr<AnySpectrum> dual_triangle_spectrum(const MatrixView& features, const TargetView& targets,
                                                      const std::vector<std::string>& names, Task task, bool intercept,
                                                      const SampledRows* sample) override {
    return std::make_unique<CpuSpectrum>(
        detail::dual_triangle_spectrum(features, targets, names, task, intercept, threads_, sample));
  }

  Fits maximise(const AnySpectrum& spectrum) override {
    const Spectrum& s = static_cast<const CpuSpectrum&>(spectrum).values;
    return fits_of(s, maximise_evidence(s, threads_));
  }
  RowCoordinates coordinates(AnySpectrum& spectrum) override {
    return std::move(static_cast<CpuSpectrum&>(spectrum).values.sampled);
  }
  Fits reference(const AnySpectrum& spectrum, const ReferenceOptions& options) override {
    const Spectrum& s = static_cast<const CpuSpectrum&>(spectrum).values;
    return fits_of(s, reference_evidence(s, options));
  }
  std::vector<double> eigenvalues(const AnySpectrum& spectrum) override {
    const Spectrum& s = static_cast<const CpuSpectrum&>(spectrum).values;
    return unscaled_eigenvalues(s.eigenvalues, s.exponent);
  }

 private:
  int threads_;
  std::size_t workspace_limit_;
};

}  // namespace

std::shared_ptr<Backend> make_cpu_backend(const EngineOptions& options) {
  return std::make_shared<CpuBackend>(options);
}

BackendInfo cpu_backend_info() {
  const std::string better = better_kernel();
  return {culogme::Backend::cpu,
          true,
          "",
          describe(usable_threads(), processor_has_matrix_tiles()),
          blas_name(),
          blas_kernel(),
          {},
          better.empty() ? ""
                         : "OpenBLAS does not know this processor and took an old kernel: OPENBLAS_CORETYPE=" + better +
                               " makes programs several times faster (commands of culogme set it themselves)"};
}

}  // namespace culogme::detail
