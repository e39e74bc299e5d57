#include <algorithm>
#include <utility>

#include <culogme/error.hpp>

#include "backend.hpp"
#include "cpu/check.hpp"
#include "cpu/evidence.hpp"
#include "cpu/fold.hpp"
#include "cpu/parallel.hpp"
#include "cpu/source.hpp"
#include "cuda/check.hpp"
#include "cuda/context.hpp"
#include "cuda/device.hpp"
#include "cuda/row_coordinates.hpp"
#include "cuda/row_triangle.hpp"
#include "cuda/source.hpp"
#include "cuda/spectrum.hpp"
#include "cuda/sums.hpp"
#include "cuda/triangle_spectrum.hpp"
#include "memory.hpp"

namespace culogme::detail {
namespace {

/// Rows of a tile: as many as one block sorts, fewer where columns are many, the rows are few or the limit is small:
/// the packed tile and two stages, in eight bytes an element.
std::int64_t device_tile_rows(std::int64_t features, bool classes, std::int64_t targets, std::int64_t expected_rows,
                              std::size_t limit) {
  std::int64_t rows = std::min(tile_rows(features, 0), kernels::most_tile_rows);
  if (expected_rows > 0)
    rows = std::min(
        rows, (expected_rows + kernels::pack_chunk_rows - 1) / kernels::pack_chunk_rows * kernels::pack_chunk_rows);
  const double row = 3.0 * 8 * static_cast<double>(features + (classes ? 1 : targets));
  while (rows > kernels::pack_chunk_rows && static_cast<double>(rows) * row > static_cast<double>(limit))
    rows = std::max(rows / 2 / kernels::pack_chunk_rows * kernels::pack_chunk_rows, kernels::pack_chunk_rows);
  return rows;
}

class CudaBackend final : public Backend {
 public:
  CudaBackend(const EngineOptions& options, DeviceInfo device)
      : device_(std::move(device)),
        threads_(options.threads > 0 ? options.threads : usable_threads()),
        context_(std::make_shared<CudaContext>(device_.number, options.stream, device_.memory_pools, threads_)),
        workspace_limit_(options.workspace_limit > 0 ? options.workspace_limit : device_.memory_total / 4) {}

  culogme::Backend kind() const override { return culogme::Backend::cuda; }
  std::string description() const override { return device_text(device_); }
  int threads() const override { return threads_; }
  std::size_t workspace_limit() const override { return workspace_limit_; }
  bool prefers_f64() const override { return device_.fast_f64; }
  bool has_tensor_cores() const override { return has_products(device_, Products::half); }
  void require(Products products) const override { require_products(device_, products); }

  void synchronize() override {
    const DeviceScope scope = context_->enter();
    context_->synchronize();
  }

  void check_memory(const void* data, Memory memory, const std::string& what) const override {
    const DeviceScope scope = context_->enter();
    cudaPointerAttributes attributes{};
    CULOGME_CHECK(cudaPointerGetAttributes(&attributes, data));
    const bool on_device = attributes.type == cudaMemoryTypeDevice, managed = attributes.type == cudaMemoryTypeManaged;
    if (memory == Memory::host && on_device)
      throw InvalidArgument(what + " are said to be in host memory, but the pointer is to memory of CUDA device " +
                            std::to_string(attributes.device));
    if (memory == Memory::host) return;
    if (!on_device && !managed)
      throw InvalidArgument(what + " are said to be in device memory, but the pointer is to host memory");
    if (on_device && attributes.device != device_.number)
      throw InvalidArgument(what + " are in memory of CUDA device " + std::to_string(attributes.device) +
                            ", the engine is on device " + std::to_string(device_.number));
  }

  void check_room(std::int64_t features, std::int64_t targets) const override {
    const DeviceScope scope = context_->enter();
    const double bytes = moments_bytes(features, targets);
    const auto free = static_cast<double>(context_->free_memory());
    if (bytes > free)
      throw OutOfMemory("statistics of " + std::to_string(features) + " columns and " + std::to_string(targets) +
                        " targets need " + byte_text(bytes) + " of device memory, " + byte_text(free) + " are free");
  }

  void read(const void* from, std::size_t pitch, std::size_t width, std::int64_t rows, void* to) override {
    const DeviceScope scope = context_->enter();
    CULOGME_CHECK(cudaMemcpy2DAsync(to, width, from, pitch, width, static_cast<std::size_t>(rows),
                                    cudaMemcpyDeviceToHost, context_->stream()));
    context_->synchronize();
  }

  void check(const MatrixView& features, const TargetView& targets, std::int64_t target_count,
             std::int64_t first_row) override {
    check_host_values(features, targets, target_count, first_row, threads_);
  }

  std::unique_ptr<Sums> make_sums(std::int64_t features, std::vector<std::string> names,
                                  const SumsOptions& options) override {
    require(options.products);
    const DeviceScope scope = context_->enter();
    check_room(features, static_cast<std::int64_t>(names.size()));
    const std::int64_t rows =
        device_tile_rows(features, options.task == Task::classification, static_cast<std::int64_t>(names.size()),
                         options.expected_rows, workspace_limit_);
    return std::make_unique<CudaSums>(context_, features, std::move(names), options, rows);
  }

  std::unique_ptr<SourceSums> make_source_sums(const SourceShape& shape) override {
    const DeviceScope scope = context_->enter();
    const auto free = static_cast<double>(context_->free_memory());
    if (table_bytes(shape) > free)
      throw OutOfMemory(table_text(shape) + " need " + byte_text(table_bytes(shape)) + " of device memory, " +
                        byte_text(free) + " are free");
    return make_cuda_source_sums(context_, shape, workspace_limit_);
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
    return primal_device_spectrum(static_cast<const CudaSums&>(sums), keep, intercept, sample);
  }

  std::unique_ptr<AnySpectrum> dual_spectrum(const MatrixView& features, const TargetView& targets,
                                             const std::vector<std::string>& names, Task task, bool f32_products,
                                             bool intercept, const SampledRows* sample) override {
    return dual_device_spectrum(context_, features, targets, names, task, f32_products, intercept, workspace_limit_,
                                sample);
  }

  std::unique_ptr<Triangle> make_triangle(std::int64_t features, std::vector<std::string> names,
                                          const TriangleOptions& options) override {
    return make_cuda_triangle(context_, features, std::move(names), options, workspace_limit_);
  }

  std::unique_ptr<AnySpectrum> triangle_spectrum(Triangle& triangle, const SampledRows* sample) override {
    return triangle_device_spectrum(static_cast<CudaTriangle&>(triangle), sample);
  }

  std::unique_ptr<AnySpectrum> dual_triangle_spectrum(const MatrixView& features, const TargetView& targets,
                                                      const std::vector<std::string>& names, Task task, bool intercept,
                                                      const SampledRows* sample) override {
    return dual_triangle_device_spectrum(context_, features, targets, names, task, intercept, workspace_limit_, sample);
  }

  Fits maximise(const AnySpectrum& spectrum) override {
    return maximise_on_device(static_cast<const CudaSpectrum&>(spectrum), device_.shared_optin);
  }

  RowCoordinates coordinates(AnySpectrum& spectrum) override {
    return coordinates_on_host(static_cast<CudaSpectrum&>(spectrum));
  }

  /// On the host: for comparison with published numbers, not for speed.
  Fits reference(const AnySpectrum& spectrum, const ReferenceOptions& options) override {
    const Spectrum s = to_host(static_cast<const CudaSpectrum&>(spectrum));
    Fits fits{s.route, s.rank, s.features, reference_evidence(s, options), {}};
    for (std::size_t k = 0; k < fits.targets.size(); ++k) fits.targets[k].rows = s.rows[k];
    return fits;
  }

  std::vector<double> eigenvalues(const AnySpectrum& spectrum) override {
    return eigenvalues_on_host(static_cast<const CudaSpectrum&>(spectrum));
  }

 private:
  DeviceInfo device_;
  int threads_;
  std::shared_ptr<CudaContext> context_;
  std::size_t workspace_limit_;
};

}  // namespace

std::shared_ptr<Backend> make_cuda_backend(const EngineOptions& options) {
  return std::make_shared<CudaBackend>(options, usable_device(options.device));
}

}  // namespace culogme::detail
