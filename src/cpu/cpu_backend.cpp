#include <sched.h>

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>

#include <culogme/error.hpp>

#include "backend.hpp"
#include "bad_value.hpp"
#include "cpu/blas.hpp"
#include "cpu/evidence.hpp"
#include "cpu/pack.hpp"
#include "cpu/parallel.hpp"
#include "cpu/spectrum.hpp"
#include "cpu/sums.hpp"
#include "cpu/tile.hpp"
#include "memory.hpp"

namespace culogme::detail {
namespace {

int usable_threads() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::string describe(int threads) {
  return "cpu: " + blas_name() + " " + blas_kernel() + ", " + std::to_string(threads) +
         (threads == 1 ? " thread" : " threads");
}

/// The smallest of several workers' findings: what a reader from the top would meet first.
class FirstBad {
 public:
  void note(const BadData& bad) {
    const std::lock_guard lock(mutex_);
    if (!found_ || bad.row < bad_.row) bad_ = bad;
    found_ = true;
  }
  void raise() const {
    if (found_) throw bad_;
  }

 private:
  std::mutex mutex_;
  bool found_ = false;
  BadData bad_;
};

constexpr std::int64_t checked_elements = std::int64_t{1} << 20;  // per piece of work

class CpuBackend final : public Backend {
 public:
  explicit CpuBackend(const EngineOptions& options)
      : threads_(options.threads > 0 ? options.threads : usable_threads()),
        workspace_limit_(options.workspace_limit > 0 ? options.workspace_limit
                                                     : static_cast<std::size_t>(available_memory() / 4)) {
    check_blas_kernel();
  }

  culogme::Backend kind() const override { return culogme::Backend::cpu; }
  std::string description() const override { return describe(threads_); }
  int threads() const override { return threads_; }
  std::size_t workspace_limit() const override { return workspace_limit_; }

  void check(const MatrixView& features, const TargetView& targets, std::int64_t target_count,
             std::int64_t first_row) override {
    FirstBad first;
    const std::int64_t grain = std::max<std::int64_t>(1, checked_elements / features.cols);
    parallel_for(threads_, features.rows, grain, [&](std::int64_t begin, std::int64_t end) {
      const BadValue bad = find_not_finite(features, begin, end - begin);
      if (bad.row >= 0)
        first.note({BadData::Kind::feature, first_row + bad.row, bad.column, bad.value, 0, 0, features.scalar});
    });
    first.raise();
    if (targets.labels == nullptr) {
      for (std::int64_t row = 0; row < features.rows; ++row)
        for (std::int64_t k = 0; k < target_count; ++k)
          if (const double value = element(*targets.responses, row, k); is_bad_response(value, targets.binary))
            throw BadData{BadData::Kind::response, first_row + row, k, value, 0, target_count};
      return;
    }
    for (std::int64_t row = 0; row < features.rows; ++row)
      if (const std::int64_t id = label_at(*targets.labels, row); id < 0 || id >= target_count)
        throw BadData{BadData::Kind::label, first_row + row, 0, 0, id, target_count};
  }

  std::unique_ptr<Sums> make_sums(std::int64_t features, std::vector<std::string> names,
                                  const SumsOptions& options) override {
    return make_cpu_sums(features, std::move(names), options, threads_, workspace_limit_);
  }

  Spectrum spectrum(Moments moments, bool intercept) override {
    return primal_spectrum(std::move(moments), intercept, threads_);
  }

  Spectrum dual_spectrum(const MatrixView& features, const TargetView& targets, const std::vector<std::string>& names,
                         Task task, bool f32_products, bool intercept) override {
    return detail::dual_spectrum(features, targets, names, task, f32_products, intercept, threads_);
  }

  std::vector<TargetFit> maximise(const Spectrum& spectrum) override { return maximise_evidence(spectrum, threads_); }
  std::vector<TargetFit> reference(const Spectrum& spectrum) override { return reference_evidence(spectrum); }

 private:
  int threads_;
  std::size_t workspace_limit_;
};

}  // namespace

std::shared_ptr<Backend> make_cpu_backend(const EngineOptions& options) {
  return std::make_shared<CpuBackend>(options);
}

BackendInfo cpu_backend_info() {
  return {culogme::Backend::cpu, true, "", describe(usable_threads()), blas_name(), blas_kernel()};
}

}  // namespace culogme::detail
