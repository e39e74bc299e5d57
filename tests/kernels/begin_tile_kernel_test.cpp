// Labels of a tile in order: the oracle is std::stable_sort.

#include <numeric>

#include "device_rows.hpp"
#include "kernels/launch_spectrum.hpp"

namespace {

using culogme::kernels::RawRows;
using culogme::kernels::SumsState;

constexpr std::int64_t cols = 7, first_row = 1000;

class BeginTileKernelTest : public device::KernelTest {
 protected:
  static RawRows rows_of(const std::vector<std::int64_t>& ids) {
    RawRows rows;
    rows.rows = static_cast<std::int64_t>(ids.size());
    rows.cols = cols;
    rows.first_row = first_row;
    return rows;
  }

  /// The kernel must not look at the features: none are there.
  SumsState check(const std::vector<std::int64_t>& ids, std::int64_t classes, bool wide) {
    SCOPED_TRACE(std::to_string(ids.size()) + " rows, " + std::to_string(classes) + " classes");
    const device::Ids labels(ids, wide);
    RawRows rows = rows_of(ids);
    labels.set(rows, classes);
    SumsState before = device::state_with(3);
    before.raised = 5;
    before.largest = before.digits = 77;
    const device::Array<SumsState> state(std::vector<SumsState>{before});
    const device::Array<std::int32_t> sorted_id(ids.size()), sorted_row(ids.size());
    const device::Array<unsigned long long> counts(
        std::vector<unsigned long long>(static_cast<std::size_t>(classes), 2));
    culogme::kernels::launch_begin_tile({rows, sorted_id.data(), sorted_row.data(), counts.data(), state.data()},
                                        stream_);
    synchronize();
    EXPECT_TRUE(device::pads_are_whole(sorted_id, sorted_row, counts, state));
    const SumsState after = state.host()[0];
    EXPECT_EQ(after.exponent, 5);
    EXPECT_EQ(after.raised, 5);
    EXPECT_EQ(after.largest, 0U);
    EXPECT_EQ(after.digits, 0U);

    std::vector<std::int32_t> order(ids.size()), expected_ids;
    std::iota(order.begin(), order.end(), 0);
    const auto id_of = [&](std::int32_t row) {
      const std::int64_t id = ids[static_cast<std::size_t>(row)];
      return id < 0 || id >= classes ? 0 : id;  // sums are of no use then, but indices stay inside
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::int32_t one, std::int32_t other) { return id_of(one) < id_of(other); });
    std::vector<unsigned long long> expected_counts(static_cast<std::size_t>(classes), 2);
    for (const std::int32_t row : order) expected_ids.push_back(static_cast<std::int32_t>(id_of(row)));
    for (const std::int64_t id : ids)
      if (id >= 0 && id < classes) ++expected_counts[static_cast<std::size_t>(id)];
    device::expect_same(sorted_row.host(), order, "row");
    device::expect_same(sorted_id.host(), expected_ids, "id");
    device::expect_same(counts.host(), expected_counts, "count");
    return after;
  }

  static std::vector<std::int64_t> random_ids(std::int64_t rows, std::int64_t classes) {
    support::Random random(static_cast<std::uint64_t>(rows * 31 + classes));
    std::vector<std::int64_t> ids(static_cast<std::size_t>(rows));
    for (std::int64_t& id : ids) id = random.integer(0, classes - 1);
    return ids;
  }
};

TEST_F(BeginTileKernelTest, ShapesAroundTheEdges) {
  for (const std::int64_t rows : {0, 1, 2, 15, 16, 17, 511, 513, 8191, 8192})
    for (const std::int64_t classes : {1, 2, 3, 33, 1000})
      for (const bool wide : {false, true}) EXPECT_EQ(check(random_ids(rows, classes), classes, wide).bad_key, ~0ull);
}

TEST_F(BeginTileKernelTest, ClassesThatNeedEveryBit) {
  for (const std::int64_t classes : {127, 128, 129, 65535, 65536, 65537}) {
    std::vector<std::int64_t> ids = random_ids(100, classes);
    ids[3] = classes - 1;
    ids[50] = 0;
    check(ids, classes, false);
  }
}

TEST_F(BeginTileKernelTest, TheFirstBadLabelIsTold) {
  const std::int64_t beyond = std::int64_t{1} << 40;
  for (const std::int64_t bad : {std::int64_t{-1}, std::int64_t{33}, beyond, -beyond}) {
    std::vector<std::int64_t> ids = random_ids(700, 33);
    ids[611] = bad;
    ids[699] = -5;
    const bool wide = bad == beyond || bad == -beyond;
    // Places of a row: its columns, then its label.
    const auto key = static_cast<unsigned long long>((first_row + 611) * (cols + 1) + cols);
    EXPECT_EQ(check(ids, 33, wide).bad_key, key);

    const device::Ids labels(ids, wide);
    RawRows rows = rows_of(ids);
    labels.set(rows, 33);
    const device::Array<SumsState> state(std::vector<SumsState>{device::state_with(0)});
    culogme::kernels::launch_check_labels(rows, state.data(), stream_);
    culogme::kernels::launch_read_bad(rows, state.data(), stream_);
    synchronize();
    EXPECT_EQ(state.host()[0].bad_key, key);
    EXPECT_EQ(state.host()[0].bad_found, 1U);
    EXPECT_EQ(state.host()[0].bad_id, bad);
  }
}

TEST_F(BeginTileKernelTest, ResponsesHaveNothingToSort) {
  SumsState before = device::state_with(-4);
  before.raised = 9;
  before.largest = before.digits = 1;
  const device::Array<SumsState> state(std::vector<SumsState>{before});
  culogme::kernels::launch_begin_tile({RawRows{}, nullptr, nullptr, nullptr, state.data()}, stream_);
  synchronize();
  EXPECT_EQ(state.host()[0].exponent, 9);
  EXPECT_EQ(state.host()[0].largest, 0U);
  EXPECT_EQ(state.host()[0].digits, 0U);
  culogme::kernels::launch_reset_sums(state.data(), stream_);
  synchronize();
  EXPECT_EQ(state.host()[0].exponent, 0);
  EXPECT_EQ(state.host()[0].raised, 0);
  EXPECT_EQ(state.host()[0].bad_key, ~0ull);
}

}  // namespace
