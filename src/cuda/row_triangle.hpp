#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend.hpp"
#include "cuda/stage.hpp"
#include "cuda/sums.hpp"
#include "cuda/triangle.hpp"

namespace culogme::detail {

/// Packs rows into tiles on the device and takes these into a triangle, with a first column of ones where there is an
/// intercept (cpu/row_triangle.hpp says why). Rows in device memory are packed where they lie; others come through two
/// stages in turn. Nothing waits for the device; bad values are found with the results.
class CudaTriangle final : public Triangle {
 public:
  CudaTriangle(std::shared_ptr<CudaContext> context, std::int64_t features, std::vector<std::string> names,
               const TriangleOptions& options, std::int64_t tile_rows);
  ~CudaTriangle() override;

  void add(const MatrixView& features, const TargetView& targets, std::int64_t first_row) override;
  std::int64_t tile_rows() const override { return triangle_.tile_rows(); }

  /// One triangle of all rows.
  DeviceTriangle& finish();

  const std::shared_ptr<CudaContext>& context() const { return context_; }
  Task task() const { return options_.task; }
  bool intercept() const { return options_.intercept; }
  std::int64_t rows() const { return rows_; }
  std::int64_t features() const { return features_; }
  std::int64_t targets() const { return static_cast<std::int64_t>(names_.size()); }
  const std::vector<std::string>& names() const { return names_; }

  const Buffer<double>& pilot() const { return pilot_; }
  const Buffer<double>& target_pilot() const { return target_pilot_; }  ///< of responses

  // What the spectrum takes over; the triangle is of no use afterwards.
  Buffer<unsigned long long> take_counts() { return std::move(counts_); }
  Buffer<std::int32_t> take_target_exponent() { return std::move(target_exponent_); }
  Buffer<kernels::SumsState> take_state() { return std::move(state_); }
  RowOrigins take_origins() { return std::move(origins_); }
  Event take_started() { return std::move(started_); }
  void release_rows();  ///< the stages' memory, in stream order

 private:
  void add_rows(const MatrixView& features, const TargetView& targets);
  void pack_stage();
  void pack(kernels::RawRows rows);
  void open(const kernels::RawRows& rows);

  std::shared_ptr<CudaContext> context_;
  std::int64_t features_, lead_;
  std::vector<std::string> names_;
  TriangleOptions options_;
  DeviceTriangle triangle_;
  Buffer<double> pilot_, target_pilot_;
  Buffer<float> pilot_f32_;
  Buffer<std::int32_t> target_exponent_;
  Buffer<unsigned long long> counts_, word_;
  Buffer<kernels::SumsState> state_;
  std::unique_ptr<Stage> stages_[2];
  int current_ = 0;
  bool opened_ = false;
  std::int64_t filled_ = 0;  // rows of the tile
  std::int64_t rows_ = 0;
  RowOrigins origins_;
  Event started_;
};

/// Rows of a tile: several times as many as there are columns, since geqrf does not see that R above them is a triangle
/// (at four times as many that costs a sixth). Fewer where the rows are few (`expected_rows`; 0: unknown) or the stacks
/// would be larger than `limit` bytes.
std::int64_t triangle_tile_rows(std::int64_t cols, std::int64_t targets, std::int64_t expected_rows, std::size_t limit);

/// Throws OutOfMemory before anything is allocated. `limit`: bytes for the stacks.
std::unique_ptr<Triangle> make_cuda_triangle(std::shared_ptr<CudaContext> context, std::int64_t features,
                                             std::vector<std::string> names, const TriangleOptions& options,
                                             std::size_t limit);

}  // namespace culogme::detail
