// Standard errors of rows that come from a reader: the same sample as of the same rows in memory.

#include <algorithm>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include <culogme/io.hpp>
#include <culogme/score.hpp>

#include "support/backends.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"
#include "support/tolerance.hpp"

namespace {

using culogme::Scalar;
using culogme::Score;
using culogme::ScoreOptions;
using support::Data;

/// Rows in memory, given in the blocks that were asked for.
class MemoryReader final : public culogme::FeatureReader {
 public:
  explicit MemoryReader(const support::Stored& stored) : stored_(stored) {}
  const std::string& name() const override { return name_; }
  std::int64_t rows() const override { return stored_.view().rows; }
  std::int64_t cols() const override { return stored_.view().cols; }
  Scalar scalar() const override { return stored_.view().scalar; }
  culogme::MatrixView next(std::int64_t most) override {
    const std::int64_t first = row_;
    row_ = std::min(row_ + most, rows());
    return stored_.view(first, row_ - first);
  }
  bool rewind() override {
    row_ = 0;
    return true;
  }
  std::int64_t bytes_read() const override { return 0; }
  std::string place(std::int64_t row) const override { return std::to_string(row); }

 private:
  const support::Stored& stored_;
  std::string name_ = "memory";
  std::int64_t row_ = 0;
};

class StandardErrorReaderTest : public support::BackendTest {};
CULOGME_OVER_BACKENDS(StandardErrorReaderTest);

TEST_P(StandardErrorReaderTest, IgnoredRowsAreNoRows) {
  for (const std::int64_t cols : {5, 700}) {
    Data features = support::coarse(600, cols, 30), kept(0, cols);
    culogme::Labels labels;
    labels.rows = 600;
    labels.target_names = {"a", "b"};
    support::Labels ids;
    for (std::int64_t i = 0; i < 600; ++i) {
      labels.ids.push_back(i % 7 == 3 ? -1 : static_cast<std::int32_t>(features(i, 0) > 0));
      if (labels.ids.back() < 0) {
        ++labels.ignored;
        continue;
      }
      ids.push_back(labels.ids.back());
      kept = support::above(kept, support::slice(features, i, 1));
    }
    const support::Stored stored(features, Scalar::f32);
    MemoryReader reader(stored);
    ScoreOptions options;
    options.standard_error = true;
    const support::Stored rest(kept, Scalar::f32);
    const Score streamed = culogme::score(engine, reader, labels, options),
                direct = culogme::score(engine, rest.view(), support::view(ids), 2, options);
    EXPECT_EQ(streamed.row_evidence.rows, direct.row_evidence.rows);
    EXPECT_NEAR(streamed.standard_error, direct.standard_error,
                tolerance::prediction(kept.rows, cols) * direct.standard_error);
    EXPECT_GT(direct.standard_error, 0);
  }
}

}  // namespace
