// Tiles that a QR takes into a triangle, and what is read off it. Integers and powers of two make every operation
// exact.

#include <algorithm>
#include <cmath>
#include <limits>

#include "device_rows.hpp"
#include "kernels/launch_triangle.hpp"

namespace {

using culogme::Scalar;
using culogme::kernels::RawRows;
using culogme::kernels::SumsState;

constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t first_row = 20;

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

class TriangleKernelTest : public device::KernelTest {
 protected:
  SumsState check_rows(const support::Data& data, Scalar scalar, std::int64_t lead) {
    SCOPED_TRACE(std::to_string(data.rows) + " rows, " + std::to_string(data.cols) + " columns, lead " +
                 std::to_string(lead) + ", type " + std::to_string(static_cast<int>(scalar)));
    const device::Matrix features(data, scalar);
    RawRows rows = features.rows();
    rows.responses = features.data();  // not read: any address
    rows.targets = 2;
    rows.first_row = first_row;
    const std::int64_t at = 5, stride = at + data.rows + 2;
    std::vector<double> pilot = device::integer_values(data.cols, -8, 8, 3),
                        stack(size_of((lead + data.cols) * stride), nan);
    for (double& value : pilot) value /= 4;
    // As of a column whose first rows are not finite.
    if (!std::isfinite(data(data.rows - 1, data.cols - 1))) pilot.back() = nan;
    const device::Array<double> pilot_there(pilot), stack_there(stack);
    const device::Array<SumsState> state(std::vector<SumsState>{device::state_with(1)});
    culogme::kernels::launch_pack_rows({rows, stack_there.data(), stride, at, lead, pilot_there.data(), state.data()},
                                       stream_);
    synchronize();
    for (std::int64_t i = 0; i < data.rows; ++i) {
      if (lead > 0) stack[size_of(at + i)] = 1;
      for (std::int64_t j = 0; j < data.cols; ++j) {
        const double packed = data(i, j) / 2 - pilot[size_of(j)];
        stack[size_of((lead + j) * stride + at + i)] = std::isfinite(packed) ? packed : 0;
      }
    }
    device::expect_same(stack_there.host(), stack, "stack");
    EXPECT_TRUE(device::pads_are_whole(stack_there, state));
    return state.host()[0];
  }

  SumsState check_labels(const std::vector<std::int64_t>& ids, std::int64_t classes, bool wide) {
    SCOPED_TRACE(std::to_string(ids.size()) + " rows, " + std::to_string(classes) + " classes");
    const device::Ids labels(ids, wide);
    RawRows rows;
    rows.rows = static_cast<std::int64_t>(ids.size());
    rows.cols = 6;
    rows.first_row = first_row;
    labels.set(rows, classes);
    const std::int64_t at = 3, stride = at + rows.rows + 1;
    std::vector<double> stack(size_of(classes * stride), nan);
    std::vector<unsigned long long> counts(size_of(classes), 2);
    const device::Array<double> stack_there(stack);
    const device::Array<unsigned long long> counts_there(counts);
    const device::Array<SumsState> state(std::vector<SumsState>{device::state_with(0)});
    culogme::kernels::launch_pack_targets(
        {rows, stack_there.data(), stride, at, nullptr, nullptr, true, counts_there.data(), state.data()}, stream_);
    synchronize();
    for (std::int64_t i = 0; i < rows.rows; ++i) {
      const std::int64_t id = ids[size_of(i)];
      for (std::int64_t k = 0; k < classes; ++k) stack[size_of(k * stride + at + i)] = id == k ? 1 : 0;
      if (id >= 0 && id < classes) ++counts[size_of(id)];
    }
    device::expect_same(stack_there.host(), stack, "stack");
    device::expect_same(counts_there.host(), counts, "counts");
    EXPECT_TRUE(device::pads_are_whole(stack_there, counts_there, state));
    return state.host()[0];
  }

  SumsState check_responses(const support::Data& data, Scalar scalar, bool binary, bool shifted) {
    SCOPED_TRACE(std::to_string(data.rows) + " rows, " + std::to_string(data.cols) + " responses");
    const device::Matrix responses(data, scalar);
    RawRows rows;
    rows.rows = data.rows;
    rows.cols = 6;
    rows.first_row = first_row;
    responses.set_responses(rows, binary);
    const std::int64_t at = 2, stride = at + data.rows + 3;
    std::vector<std::int32_t> exponent;
    std::vector<double> pilot, stack(size_of(data.cols * stride), nan);
    for (std::int64_t k = 0; k < data.cols; ++k) {
      exponent.push_back(static_cast<std::int32_t>(k % 3) - 1);
      pilot.push_back(static_cast<double>(k % 5));
      for (std::int64_t i = 0; i < data.rows; ++i) {
        const double value = data(i, k);
        const bool bad = !std::isfinite(value) || (binary && value != 0 && value != 1);
        stack[size_of(k * stride + at + i)] =
            bad ? 0 : std::ldexp(value, -exponent.back()) - (shifted ? pilot.back() : 0);
      }
    }
    const device::Array<std::int32_t> exponent_there(exponent);
    const device::Array<double> pilot_there(pilot), stack_there(std::vector<double>(size_of(data.cols * stride), nan));
    const device::Array<SumsState> state(std::vector<SumsState>{device::state_with(0)});
    culogme::kernels::launch_pack_targets({rows, stack_there.data(), stride, at, exponent_there.data(),
                                           pilot_there.data(), shifted, nullptr, state.data()},
                                          stream_);
    synchronize();
    device::expect_same(stack_there.host(), stack, "stack");
    EXPECT_TRUE(device::pads_are_whole(stack_there, state));
    return state.host()[0];
  }

  SumsState check_transposed(const support::Data& data, Scalar scalar, std::int64_t begin, std::int64_t width,
                             bool centred) {
    SCOPED_TRACE(std::to_string(data.rows) + " rows, columns " + std::to_string(begin) + " + " + std::to_string(width));
    const device::Matrix features(data, scalar);
    RawRows rows = features.rows();
    rows.responses = features.data();
    rows.targets = 2;
    rows.first_row = first_row;
    const std::int64_t at = data.rows, stride = at + width + 1;
    std::vector<double> pilot = device::integer_values(width, -8, 8, 3), stack(size_of(data.rows * stride), nan);
    if (!std::isfinite(data(data.rows - 1, begin + width - 1))) pilot.back() = nan;
    const device::Array<double> pilot_there(pilot), stack_there(stack);
    const device::Array<SumsState> state(std::vector<SumsState>{device::state_with(1)});
    culogme::kernels::launch_pack_transposed({rows, begin, width, stack_there.data(), stride, at,
                                              centred ? pilot_there.data() : nullptr, centred, state.data()},
                                             stream_);
    synchronize();
    for (std::int64_t j = 0; j < width; ++j) {
      double sum = 0;
      for (std::int64_t i = 0; i < data.rows; ++i) {
        const double value = data(i, begin + j) / 2 - (centred ? pilot[size_of(j)] : 0);
        double& packed = stack[size_of(i * stride + at + j)];
        packed = std::isfinite(value) ? value : 0;
        sum += packed;
      }
      for (std::int64_t i = 0; centred && i < data.rows; ++i)
        stack[size_of(i * stride + at + j)] -= sum / static_cast<double>(data.rows);
    }
    device::expect_same(stack_there.host(), stack, "stack");
    EXPECT_TRUE(device::pads_are_whole(stack_there, state));
    return state.host()[0];
  }
};

TEST_F(TriangleKernelTest, Rows) {
  for (const Scalar scalar : device::scalars)
    for (const std::int64_t cols : device::column_counts)
      for (const std::int64_t rows : {1, 31, 32, 33, 70})
        for (const std::int64_t lead : {0, 1})
          EXPECT_EQ(check_rows(support::integers(rows, cols, 11), scalar, lead).bad_key, ~0ull);
}

TEST_F(TriangleKernelTest, WhatIsNotFiniteIsNotedAndPackedAsZero) {
  for (const Scalar scalar : device::scalars) {
    support::Data data = support::integers(70, 130, 12);
    data(69, 4) = nan;
    data(33, 129) = infinity;
    data(33, 7) = -infinity;
    EXPECT_EQ(check_rows(data, scalar, 1).bad_key, static_cast<unsigned long long>((first_row + 33) * 132 + 7));
    EXPECT_EQ(check_transposed(data, scalar, 0, 130, false).bad_key,
              static_cast<unsigned long long>((first_row + 33) * 132 + 7));
    support::Data last = support::integers(64, 130, 12);  // as many rows as make exact means
    last(63, 129) = nan;
    for (const std::int64_t lead : {0, 1})
      EXPECT_EQ(check_rows(last, scalar, lead).bad_key, static_cast<unsigned long long>((first_row + 63) * 132 + 129));
    EXPECT_EQ(check_transposed(last, scalar, 0, 130, true).bad_key,
              static_cast<unsigned long long>((first_row + 63) * 132 + 129));
  }
}

TEST_F(TriangleKernelTest, Labels) {
  for (const std::int64_t classes : {1, 2, 33, 1000})
    for (const bool wide : {false, true})
      for (const std::int64_t rows : {1, 127, 128, 129}) {
        support::Random random(static_cast<std::uint64_t>(rows + classes));
        std::vector<std::int64_t> ids(size_of(rows));
        for (std::int64_t& id : ids) id = random.integer(0, classes - 1);
        EXPECT_EQ(check_labels(ids, classes, wide).bad_key, ~0ull);
        ids.back() = classes;
        EXPECT_EQ(check_labels(ids, classes, wide).bad_key,
                  static_cast<unsigned long long>((first_row + rows - 1) * 7 + 6));
      }
}

TEST_F(TriangleKernelTest, Responses) {
  for (const Scalar scalar : device::scalars)
    for (const std::int64_t targets : {1, 2, 33})
      for (const std::int64_t rows : {1, 127, 128, 129})
        for (const bool shifted : {false, true})
          EXPECT_EQ(check_responses(support::integers(rows, targets, 6), scalar, false, shifted).bad_key, ~0ull);
  support::Data data = support::binary(200, 3, 0.4, 9);
  data(199, 0) = 2;
  data(150, 2) = nan;
  EXPECT_EQ(check_responses(data, Scalar::f32, true, false).bad_key,
            static_cast<unsigned long long>((first_row + 150) * 9 + 8));
}

TEST_F(TriangleKernelTest, Transposed) {
  for (const Scalar scalar : device::scalars)
    for (const std::int64_t cols : {1, 31, 32, 33, 130})
      for (const std::int64_t rows : {1, 2, 8, 64})  // powers of two: means are exact
        for (const std::int64_t begin : {std::int64_t{0}, cols / 3})
          for (const bool centred : {false, true})
            EXPECT_EQ(check_transposed(support::integers(rows, cols, 14), scalar, begin, cols - begin, centred).bad_key,
                      ~0ull);
}

TEST_F(TriangleKernelTest, LargerRowsRaiseWhatTheStackHolds) {
  for (const Scalar scalar : device::scalars)
    for (const std::int64_t cols : {1, 33, 129})
      for (const std::int64_t lead : {0, 1})
        for (const int exponent : {-3, 5, 6, 7}) {
          SCOPED_TRACE(std::to_string(cols) + " columns, exponent " + std::to_string(exponent));
          support::Data data = support::integers(40, cols, 13);
          data(39, cols - 1) = -64;
          data(38, cols - 1) = infinity;  // is told elsewhere and hides nothing
          const device::Matrix features(data, scalar);
          const std::int64_t stride = 140, held = 135;
          std::vector<double> pilot = device::integer_values(cols, -9, 9, 2),
                              stack = device::integer_values((lead + cols) * stride, -99, 99, 3);
          const device::Array<double> pilot_there(pilot), stack_there(stack);
          const device::Array<unsigned long long> scratch(1);
          const device::Array<SumsState> state(std::vector<SumsState>{device::state_with(exponent)});
          culogme::kernels::launch_raise_stack({features.rows(), stack_there.data(), stride, held, lead,
                                                pilot_there.data(), scratch.data(), state.data()},
                                               stream_);
          synchronize();
          const int raised = std::max(exponent, 6);
          for (double& value : pilot) value = std::ldexp(value, exponent - raised);
          for (std::int64_t j = lead; j < lead + cols; ++j)
            for (std::int64_t i = 0; i < held; ++i) {
              double& value = stack[size_of(j * stride + i)];
              value = std::ldexp(value, exponent - raised);
            }
          EXPECT_EQ(state.host()[0].exponent, raised);
          device::expect_same(pilot_there.host(), pilot, "pilot");
          device::expect_same(stack_there.host(), stack, "stack");
          EXPECT_TRUE(device::pads_are_whole(pilot_there, stack_there, scratch, state));
        }
}

TEST_F(TriangleKernelTest, EndOfATile) {
  for (const std::int64_t cols : {1, 2, 33, 129})
    for (const std::int64_t rows : {1, 130})
      for (const std::int64_t count : {0, 1, 5}) {
        SCOPED_TRACE(std::to_string(cols) + " columns, " + std::to_string(rows) + " rows");
        const std::int64_t held = cols + rows, stride = held + 3;
        std::vector<double> stack = device::integer_values(cols * stride, 1, 9, 4),
                            outside = device::integer_values(count, 0, 9, 5);
        const std::vector<double> targets = device::integer_values(count * stride, -9, 9, 6);
        const device::Array<double> stack_there(stack), outside_there(outside), targets_there(targets);
        const device::Array<int> info(std::vector<int>{3, -2, 0, 7});
        culogme::kernels::launch_end_tile(
            {stack_there.data(), stride, cols, held, targets_there.data(), count, outside_there.data(), info.data()},
            stream_);
        synchronize();
        for (std::int64_t j = 0; j < cols; ++j)
          for (std::int64_t i = j + 1; i < cols; ++i) stack[size_of(j * stride + i)] = 0;
        for (std::int64_t k = 0; k < count; ++k)
          for (std::int64_t i = cols; i < held; ++i)
            outside[size_of(k)] += targets[size_of(k * stride + i)] * targets[size_of(k * stride + i)];
        device::expect_same(stack_there.host(), stack, "stack");
        device::expect_same(outside_there.host(), outside, "outside");
        // The first answer that is not zero stays.
        EXPECT_EQ(info.host(), (std::vector<int>{3, -2, 3, 7}));
        EXPECT_TRUE(device::pads_are_whole(stack_there, outside_there, info));
      }
}

TEST_F(TriangleKernelTest, MatrixAndTargets) {
  for (const std::int64_t size : {1, 2, 33, 129})
    for (const std::int64_t lead : {0, 1})
      for (const bool transposed : {false, true}) {
        SCOPED_TRACE(std::to_string(size) + ", lead " + std::to_string(lead));
        const std::int64_t stride = lead + size + 4, count = 3;
        const std::vector<double> stack = device::integer_values((lead + size) * stride, 1, 9, 7),
                                  targets = device::integer_values(count * stride, -9, 9, 8);
        const std::vector<unsigned long long> counts = {0, 16, 64};
        const device::Array<double> stack_there(stack), targets_there(targets), matrix(size_of(size * size)),
            column_square(size_of(size)), outside(std::vector<double>{1, 2, 3}), along(size_of(count * size)),
            square(size_of(count)), of_counts(size_of(count));
        const device::Array<unsigned long long> counts_there(counts);
        culogme::kernels::launch_triangle_matrix(
            {stack_there.data(), stride, lead, size, transposed, matrix.data(), column_square.data()}, stream_);
        culogme::kernels::launch_triangle_targets({targets_there.data(), stride, lead, size, count, outside.data(),
                                                   nullptr, 64, 0x1p-50, along.data(), square.data()},
                                                  stream_);
        culogme::kernels::launch_triangle_targets({targets_there.data(), stride, lead, size, count, outside.data(),
                                                   counts_there.data(), 64, 0x1p-50, along.data(), of_counts.data()},
                                                  stream_);
        synchronize();
        std::vector<double> expected(size_of(size * size), 0), norms(size_of(size), 0), coordinates, squares;
        for (std::int64_t j = 0; j < size; ++j)
          for (std::int64_t i = 0; i <= j; ++i) {
            const double value = stack[size_of((lead + j) * stride + lead + i)];
            expected[size_of(transposed ? i * size + j : j * size + i)] = value;
            norms[size_of(j)] += value * value;
          }
        for (std::int64_t k = 0; k < count; ++k) {
          squares.push_back(static_cast<double>(k) + 1);
          for (std::int64_t i = 0; i < size; ++i) {
            coordinates.push_back(targets[size_of(k * stride + lead + i)]);
            squares.back() += coordinates.back() * coordinates.back();
          }
        }
        device::expect_same(matrix.host(), expected, "matrix");
        device::expect_same(column_square.host(), norms, "columns");
        device::expect_same(along.host(), coordinates, "along");
        device::expect_same(square.host(), squares, "square");
        device::expect_same(of_counts.host(), lead > 0 ? std::vector<double>{0, 12, 0} : std::vector<double>{0, 16, 64},
                            "counted");
        EXPECT_TRUE(device::pads_are_whole(matrix, column_square, along, square, of_counts));
      }
}

// A constant target leaves nothing but rounding of its mean.
TEST_F(TriangleKernelTest, ASpreadOfRoundingIsNone) {
  const double mean = 1e8, left = 1e-9;
  const device::Array<double> targets(std::vector<double>{mean, left, left}), outside(std::vector<double>{0}), along(2),
      square(1);
  for (const double error : {1e-18, 1e-16}) {
    culogme::kernels::launch_triangle_targets(
        {targets.data(), 3, 1, 2, 1, outside.data(), nullptr, 9, error, along.data(), square.data()}, stream_);
    synchronize();
    EXPECT_EQ(square.host()[0] > 0, error < 1e-17) << error;
  }
}

}  // namespace
