#pragma once

#include <memory>
#include <string>
#include <vector>

#include <culogme/statistics.hpp>

#include "backend.hpp"

namespace culogme::detail {

/// What a Statistics holds. The sums are made at the first rows: only then is the element type known.
class StatisticsState {
 public:
  StatisticsState(std::shared_ptr<Backend> backend, std::int64_t features, const StatisticsOptions& options,
                  std::vector<std::string> names);

  void add(const MatrixView& features, const TargetView& targets);
  void append_targets(const std::vector<std::string>& names);
  Moments moments() const;
  Score score(const ScoreOptions& options);
  void set(Moments moments);
  /// this += sign * other (combination.hpp); where both are on one device that is where they stay.
  void combine(const StatisticsState& other, int sign);
  std::int64_t rows() const { return sums_ == nullptr ? 0 : sums_->rows(); }

  std::shared_ptr<Backend> backend;
  std::int64_t features;
  Task task;
  Precision precision;
  std::vector<std::string> names;

 private:
  Products products_for(Scalar scalar) const;
  void use_products(Scalar scalar);

  std::unique_ptr<Sums> sums_;
  Products products_ = Products::f64;
};

/// The bytes of a statistics file (docs/file-format.md) and back. The parser takes nothing on trust: FileError, with
/// `name` in front, for anything that is not exactly such a file.
std::string encode_statistics(const Moments& moments, Precision precision);
Moments decode_statistics(const std::string& bytes, const std::string& name, Precision& precision);

/// The checks of Statistics::add, also for one-shot scores. Throw InvalidArgument.
void check_view(const Backend& backend, const MatrixView& view, const char* what);
void check_ids(const Backend& backend, const LabelView& labels, const char* what);
void check_labels(const Backend& backend, const LabelView& labels, std::int64_t rows);
void check_responses(const Backend& backend, const MatrixView& responses, std::int64_t rows, std::int64_t targets);

}  // namespace culogme::detail
