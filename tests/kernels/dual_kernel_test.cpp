// The dual route's targets, columns and products. Integers and powers of two make every operation exact.

#include <cmath>
#include <limits>

#include "device_rows.hpp"
#include "kernels/launch_spectrum.hpp"

namespace {

using culogme::Scalar;
using culogme::kernels::RawRows;
using culogme::kernels::SumsState;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t first_row = 20;

class DualKernelTest : public device::KernelTest {
 protected:
  /// Columns about their mean where the intercept takes it, and y'y.
  static void centre(std::vector<double>& dense, std::vector<double>& square, std::int64_t rows, bool intercept) {
    const auto n = static_cast<std::size_t>(rows);
    for (std::size_t k = 0; k < square.size(); ++k) {
      double sum = 0;
      square[k] = 0;
      for (std::size_t i = 0; i < n; ++i) sum += dense[k * n + i];
      for (std::size_t i = 0; i < n; ++i) {
        if (intercept) dense[k * n + i] -= sum / static_cast<double>(rows);
        square[k] += dense[k * n + i] * dense[k * n + i];
      }
    }
  }

  SumsState check_labels(const std::vector<std::int64_t>& ids, std::int64_t classes, bool wide, bool intercept) {
    SCOPED_TRACE(std::to_string(ids.size()) + " rows, " + std::to_string(classes) + " classes");
    const auto n = ids.size(), count = static_cast<std::size_t>(classes);
    const device::Ids labels(ids, wide);
    RawRows rows;
    rows.rows = static_cast<std::int64_t>(n);
    rows.cols = 6;
    rows.first_row = first_row;
    labels.set(rows, classes);
    std::vector<double> expected(n * count, 0), expected_square(count);
    std::vector<unsigned long long> expected_counts(count, 2);
    for (std::size_t i = 0; i < n; ++i) {
      if (ids[i] < 0 || ids[i] >= classes) continue;
      expected[static_cast<std::size_t>(ids[i]) * n + i] = 1;
      ++expected_counts[static_cast<std::size_t>(ids[i])];
    }
    const device::Array<double> dense(n * count), square(count);
    const device::Array<unsigned long long> counts(std::vector<unsigned long long>(count, 2));
    const device::Array<SumsState> state(std::vector<SumsState>{device::state_with(0)});
    culogme::kernels::launch_dense_targets(
        {rows, nullptr, nullptr, dense.data(), square.data(), counts.data(), state.data(), intercept}, stream_);
    culogme::kernels::launch_read_bad(rows, state.data(), stream_);
    synchronize();
    centre(expected, expected_square, rows.rows, intercept);
    device::expect_same(dense.host(), expected, "dense");
    device::expect_same(square.host(), expected_square, "square");
    device::expect_same(counts.host(), expected_counts, "counts");
    EXPECT_TRUE(device::pads_are_whole(dense, square, counts, state));
    return state.host()[0];
  }

  SumsState check_responses(const support::Data& data, Scalar scalar, bool binary, bool intercept) {
    SCOPED_TRACE(std::to_string(data.rows) + " rows, " + std::to_string(data.cols) + " responses");
    const device::Matrix responses(data, scalar);
    const auto n = static_cast<std::size_t>(data.rows), count = static_cast<std::size_t>(data.cols);
    RawRows rows;
    rows.rows = data.rows;
    rows.cols = 6;
    rows.first_row = first_row;
    responses.set_responses(rows, binary);
    std::vector<std::int32_t> exponent(count);
    std::vector<double> pilot(count), expected(n * count), expected_square(count);
    for (std::size_t k = 0; k < count; ++k) {
      exponent[k] = static_cast<std::int32_t>(k % 3) - 1;
      pilot[k] = static_cast<double>(k % 5);
      // The pilot is taken off only where the mean goes too.
      for (std::size_t i = 0; i < n; ++i)
        expected[k * n + i] = std::ldexp(data.values[i * count + k], -exponent[k]) - (intercept ? pilot[k] : 0);
    }
    const device::Array<std::int32_t> exponent_there(exponent);
    const device::Array<double> pilot_there(pilot), dense(n * count), square(count);
    const device::Array<SumsState> state(std::vector<SumsState>{device::state_with(0)});
    culogme::kernels::launch_dense_targets({rows, exponent_there.data(), pilot_there.data(), dense.data(),
                                            square.data(), nullptr, state.data(), intercept},
                                           stream_);
    culogme::kernels::launch_read_bad(rows, state.data(), stream_);
    synchronize();
    centre(expected, expected_square, rows.rows, intercept);
    device::expect_same(dense.host(), expected, "dense");
    device::expect_same(square.host(), expected_square, "square");
    EXPECT_TRUE(device::pads_are_whole(dense, square, state));
    return state.host()[0];
  }

  template <class Out>
  SumsState check_columns(const support::Data& data, Scalar scalar, std::int64_t begin, std::int64_t width) {
    SCOPED_TRACE(std::to_string(data.rows) + " rows, columns " + std::to_string(begin) + " + " + std::to_string(width) +
                 ", type " + std::to_string(static_cast<int>(scalar)));
    const device::Matrix features(data, scalar);
    RawRows rows = features.rows();
    rows.responses = features.data();  // not read: any address
    rows.targets = 2;
    rows.first_row = first_row;
    const auto n = static_cast<std::size_t>(data.rows), w = static_cast<std::size_t>(width);
    std::vector<double> pilot = device::integer_values(width, -8, 8, 3),
                        along = device::integer_values(data.rows, -9, 9, 4);
    for (double& value : pilot) value /= 4;
    const device::Array<double> pilot_there(pilot), along_there(along);
    const device::Array<float> pilot_f32(std::vector<float>(pilot.begin(), pilot.end()));
    const device::Array<Out> packed(n * w);
    const device::Array<SumsState> state(std::vector<SumsState>{device::state_with(1)});
    culogme::kernels::launch_pack_columns({rows, begin, width, sizeof(Out) == 4, packed.data(), pilot_there.data(),
                                           pilot_f32.data(), along_there.data(), state.data()},
                                          stream_);
    culogme::kernels::launch_read_bad(rows, state.data(), stream_);
    synchronize();
    std::vector<Out> expected;
    for (std::int64_t i = 0; i < data.rows; ++i)
      for (std::size_t j = 0; j < w; ++j) {
        const double value = data(i, begin + static_cast<std::int64_t>(j)) / 2 - pilot[j];
        expected.push_back(static_cast<Out>(value));
        along[static_cast<std::size_t>(i)] += value * pilot[j];
      }
    device::expect_same(packed.host(), expected, "packed");
    device::expect_same(along_there.host(), along, "along");
    EXPECT_TRUE(device::pads_are_whole(packed, along_there, state));
    return state.host()[0];
  }

  void check_shift(std::int64_t size, std::int64_t cols, bool intercept, bool f32) {
    SCOPED_TRACE(std::to_string(size) + " rows, " + std::to_string(cols) + " columns");
    const auto n = static_cast<std::size_t>(size);
    std::vector<double> gram = device::integer_values(size * size, 1, 99, 1);
    for (std::size_t j = 0; j < n; ++j) std::fill_n(gram.begin() + static_cast<std::ptrdiff_t>(j * n), j, nan);
    const std::vector<double> along = device::integer_values(size, -50, 50, 2),
                              pilot = device::integer_values(cols, -5, 5, 3);
    const device::Array<double> gram_there(gram), along_there(along), pilot_there(pilot), mean_there(n + 1), traces(4);
    culogme::kernels::launch_shift_dual({gram_there.data(), along_there.data(), pilot_there.data(), mean_there.data(),
                                         traces.data(), size, cols, intercept, f32},
                                        stream_);
    synchronize();
    double trace = 0, largest = 0, square = 0, grand = 0;
    std::vector<double> mean(n, 0);
    for (const double value : pilot) square += value * value;
    for (std::size_t j = 0; j < n; ++j) {
      trace += gram[j * n + j];
      largest = std::max(largest, gram[j * n + j]);
      for (std::size_t i = 0; i < n; ++i)
        mean[j] += (i < j ? gram[i * n + j] : gram[j * n + i]) / static_cast<double>(n);
      grand += mean[j] / static_cast<double>(n);
    }
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t i = j; i < n; ++i)
        gram[j * n + i] += intercept ? grand - mean[i] - mean[j] : along[i] + along[j] + square;
    device::expect_same(gram_there.host(), gram, "Gram matrix");
    device::expect_same(traces.host(), {trace, trace, f32 ? trace : 0, f32 ? largest : 0}, "traces");
    EXPECT_TRUE(device::pads_are_whole(gram_there, mean_there, traces));
  }
};

std::vector<std::int64_t> some_ids(std::int64_t rows, std::int64_t classes) {
  support::Random random(static_cast<std::uint64_t>(rows + classes));
  std::vector<std::int64_t> ids(static_cast<std::size_t>(rows));
  for (std::int64_t& id : ids) id = random.integer(0, classes - 1);
  return ids;
}

TEST_F(DualKernelTest, Labels) {
  for (const std::int64_t classes : {1, 2, 33, 1000})
    for (const bool wide : {false, true}) {
      for (const std::int64_t rows : {1, 127, 128, 129})
        EXPECT_EQ(check_labels(some_ids(rows, classes), classes, wide, false).bad_key, ~0ull);
      for (const std::int64_t rows : {1, 2, 64, 128, 256})
        EXPECT_EQ(check_labels(some_ids(rows, classes), classes, wide, true).bad_key, ~0ull);
    }
}

TEST_F(DualKernelTest, TheFirstBadLabelIsTold) {
  std::vector<std::int64_t> ids = some_ids(256, 33);
  ids[255] = -1;
  ids[130] = 33;
  const SumsState state = check_labels(ids, 33, true, false);
  EXPECT_EQ(state.bad_key, static_cast<unsigned long long>((first_row + 130) * 7 + 6));
  EXPECT_EQ(state.bad_id, 33);
}

TEST_F(DualKernelTest, Responses) {
  for (const Scalar scalar : device::scalars)
    for (const std::int64_t targets : {1, 2, 33}) {
      for (const std::int64_t rows : {1, 127, 128, 129})
        EXPECT_EQ(check_responses(support::integers(rows, targets, 6), scalar, false, false).bad_key, ~0ull);
      for (const std::int64_t rows : {2, 64, 128, 256})
        EXPECT_EQ(check_responses(support::integers(rows, targets, 7), scalar, false, true).bad_key, ~0ull);
      EXPECT_EQ(check_responses(support::binary(128, targets, 0.4, 8), scalar, true, true).bad_key, ~0ull);
    }
}

TEST_F(DualKernelTest, TheFirstBadResponseIsTold) {
  support::Data data = support::binary(200, 3, 0.4, 9);
  data(199, 0) = 2;
  data(150, 2) = 3;
  const SumsState state = check_responses(data, Scalar::f16, true, false);
  EXPECT_EQ(state.bad_key, static_cast<unsigned long long>((first_row + 150) * 9 + 8));
  EXPECT_EQ(state.bad_value, 3);
  EXPECT_EQ(check_responses(data, Scalar::f16, false, false).bad_key, ~0ull);
}

TEST_F(DualKernelTest, Columns) {
  for (const Scalar scalar : device::scalars)
    for (const std::int64_t cols : device::column_counts)
      for (const std::int64_t begin : {std::int64_t{0}, cols / 3, cols - 1})
        for (const std::int64_t rows : {0, 1, 33}) {
          const support::Data data = support::integers(rows, cols, 11);
          EXPECT_EQ(check_columns<float>(data, scalar, begin, cols - begin).bad_key, ~0ull);
          EXPECT_EQ(check_columns<double>(data, scalar, begin, (cols - begin + 1) / 2).bad_key, ~0ull);
        }
}

TEST_F(DualKernelTest, TheFirstBadFeatureIsTold) {
  for (const Scalar scalar : device::scalars) {
    support::Data data = support::integers(70, 130, 12);
    data(69, 4) = nan;
    data(33, 129) = nan;
    const SumsState state = check_columns<double>(data, scalar, 2, 128);
    EXPECT_EQ(state.bad_key, static_cast<unsigned long long>((first_row + 33) * 132 + 129));
    EXPECT_TRUE(std::isnan(state.bad_value));
    EXPECT_EQ(check_columns<double>(data, scalar, 5, 124).bad_key, ~0ull);
  }
}

TEST_F(DualKernelTest, RaiseAll) {
  for (const Scalar scalar : device::scalars)
    for (const std::int64_t cols : {1, 33, 127, 129, 1000})
      for (const int exponent : {-3, 5, 6, 7}) {
        SCOPED_TRACE(std::to_string(cols) + " columns, exponent " + std::to_string(exponent));
        support::Data data = support::integers(40, cols, 13);
        data(39, cols - 1) = -64;
        const device::Matrix features(data, scalar);
        std::vector<double> pilot = device::integer_values(cols, -9, 9, 2);
        const device::Array<double> pilot_there(pilot);
        const device::Array<float> pilot_f32(std::vector<float>(pilot.begin(), pilot.end()));
        const device::Array<unsigned long long> scratch(1);
        const device::Array<SumsState> state(std::vector<SumsState>{device::state_with(exponent)});
        culogme::kernels::launch_raise_all(
            {features.rows(), pilot_there.data(), pilot_f32.data(), scratch.data(), state.data()}, stream_);
        synchronize();
        const int raised = std::max(exponent, 6);
        for (double& value : pilot) value = std::ldexp(value, exponent - raised);
        EXPECT_EQ(state.host()[0].exponent, raised);
        EXPECT_EQ(state.host()[0].raised, raised);
        device::expect_same(pilot_there.host(), pilot, "pilot");
        device::expect_same(pilot_f32.host(), std::vector<float>(pilot.begin(), pilot.end()), "pilot_f32");
        EXPECT_TRUE(device::pads_are_whole(pilot_there, pilot_f32, scratch, state));
      }
}

TEST_F(DualKernelTest, ShiftedProducts) {
  for (const bool f32 : {false, true})
    for (const std::int64_t cols : {1, 127, 129, 1000}) {
      for (const std::int64_t size : {1, 2, 31, 33, 127, 129}) check_shift(size, cols, false, f32);
      for (const std::int64_t size : {1, 2, 32, 128, 256}) check_shift(size, cols, true, f32);
    }
}

}  // namespace
