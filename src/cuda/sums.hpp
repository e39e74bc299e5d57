#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backend.hpp"
#include "bad_value.hpp"
#include "cuda/fold.hpp"
#include "cuda/stage.hpp"

namespace culogme::detail {

/// Where rows of the sums came from: places in the stream of added rows to the caller's row numbers and types.
class RowOrigins {
 public:
  void note(std::int64_t place, std::int64_t first_row, Scalar scalar);
  /// The first bad value as the caller calls it.
  BadData find(const kernels::SumsState& state, std::int64_t cols, bool classes, std::int64_t targets) const;

 private:
  struct Run {
    std::int64_t place, row;
    Scalar scalar;
  };
  std::vector<Run> runs_;
};

/// Sums in device memory. Rows in device memory that fill a tile, or are the last ones of a known number, are folded
/// where they lie; others wait in a stage. Nothing waits for the device but moments(), take() and combine(); bad values
/// in device memory are found there, and the sums are of no use then.
class CudaSums final : public Sums {
 public:
  CudaSums(std::shared_ptr<CudaContext> context, std::int64_t features, std::vector<std::string> names,
           const SumsOptions& options, std::int64_t tile_rows);
  ~CudaSums() override;

  void add(const MatrixView& features, const TargetView& targets, std::int64_t first_row, bool checked) override;
  void append_targets(const std::vector<std::string>& names) override;
  Moments moments() const override { return to_host(true); }
  Moments take() override { return to_host(false); }
  void set(Moments moments) override;
  std::optional<std::vector<std::string>> combine(const Sums& other, int sign) override;
  Products products() const override;
  std::int64_t rows() const override { return rows_; }
  std::int64_t tile_rows() const override { return tile_rows_; }

  /// The moments with the rows that wait; the sums stay as they are with `keep`, else they are of no use afterwards.
  DeviceMoments complete(bool keep) const;

  /// Throws BadData and marks the sums as of no use if the kernels found a bad value.
  void check(const kernels::SumsState& state) const;

  const std::vector<std::string>& names() const { return names_; }
  const std::shared_ptr<CudaContext>& context() const { return context_; }
  const Event& started() const { return started_; }

 private:
  void check_usable() const;
  Moments to_host(bool keep) const;
  DeviceMoments& whole(std::optional<DeviceMoments>& copy) const;
  MomentSides sides(const DeviceMoments& moments) const;
  void replace(DeviceMoments moments, std::vector<std::string> names) noexcept;
  void prepare(const MatrixView& features, const TargetView& targets);
  std::int64_t rows_in_place(const MatrixView& features, const TargetView& targets, std::int64_t row) const;
  void add_rows(const MatrixView& features, const TargetView& targets);
  void fold_stage();
  void fold_in_place(const MatrixView& features, const TargetView& targets, std::int64_t row, std::int64_t count);

  std::shared_ptr<CudaContext> context_;
  std::vector<std::string> names_;
  Task task_;
  std::int64_t features_, tile_rows_, expected_rows_, rows_ = 0;
  Products products_;
  mutable bool broken_ = false;
  mutable DeviceMoments moments_;
  mutable DeviceFolder folder_;
  std::unique_ptr<Stage> stages_[2];
  int current_ = 0;
  RowOrigins origins_;
  Event started_;
};

}  // namespace culogme::detail
