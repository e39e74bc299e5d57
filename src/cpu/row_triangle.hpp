#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend.hpp"
#include "cpu/tile.hpp"
#include "cpu/triangle.hpp"

namespace culogme::detail {

/// Packs rows into tiles and takes these into triangles. With an intercept the first column is one of ones and the rest
/// stands about the pilot: R without its first row and column is then the triangle of the centred features, and nothing
/// as large as the mean was ever rounded.
class RowTriangle final : public Triangle {
 public:
  RowTriangle(std::int64_t features, std::vector<std::string> names, const TriangleOptions& options, int workers,
              std::int64_t tile_rows, int threads);

  void add(const MatrixView& features, const TargetView& targets, std::int64_t first_row) override;
  std::int64_t tile_rows() const override { return tile_rows_; }

  /// One triangle of all rows; the others are destroyed.
  TriangleFactor& finish();

  const Frame& frame() const { return frame_; }
  Task task() const { return options_.task; }
  bool intercept() const { return options_.intercept; }
  int threads() const { return threads_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t features() const { return features_; }
  std::int64_t targets() const { return static_cast<std::int64_t>(names_.size()); }
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<std::int64_t>& class_rows() const { return class_rows_; }  ///< empty for the other tasks
  std::int64_t steps() const { return steps_; }  ///< tiles and triangles that the result took in

 private:
  /// A worker's triangle and the tile that it fills.
  struct Slot {
    TriangleFactor factor;
    AlignedVector<double> tile, targets;  ///< [cols][tile_rows], [targets][tile_rows]
    std::int64_t filled = 0;
  };

  void begin(const MatrixView& features, const TargetView& targets);
  void check_targets(const TargetView& targets, std::int64_t rows, std::int64_t first_row);
  void fill(Slot& slot, const MatrixView& features, const TargetView& targets, std::int64_t first, std::int64_t count,
            std::int64_t first_row) const;
  void absorb(Slot& slot) const;

  std::int64_t features_, lead_;
  std::vector<std::string> names_;
  TriangleOptions options_;
  std::int64_t tile_rows_;
  int threads_;
  Frame frame_;
  std::vector<double> pilot_;  ///< the frame's, or zeros without an intercept
  std::vector<Slot> slots_;
  std::size_t current_ = 0;
  std::int64_t rows_ = 0, steps_ = 0;
  std::vector<std::int64_t> class_rows_;
};

}  // namespace culogme::detail
