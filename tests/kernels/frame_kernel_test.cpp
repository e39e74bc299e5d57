// Exponent and pilot of the first rows, from their definition in docs/method.md by plain loops. Values are integers, so
// that means are the same however they are summed.

#include <cmath>

#include "device_rows.hpp"

namespace {

using culogme::Scalar;
using culogme::kernels::RawRows;
using culogme::kernels::SumsState;

/// The mean on a grid of 2^floor(log2 deviation) / 16, or the value of a column that does not vary.
double pilot_of(const std::vector<double>& column) {
  double sum = 0, square = 0, largest = 0;
  for (const double value : column) {
    sum += value;
    largest = std::max(largest, std::fabs(value));
  }
  const double rows = static_cast<double>(column.size()), mean = sum / rows;
  for (const double value : column) square += (value - mean) * (value - mean);
  const double deviation = std::sqrt(square / rows);
  if (deviation <= std::ldexp(largest, -40)) return column[0];
  const double grid = std::ldexp(1.0, static_cast<int>(std::floor(std::log2(deviation))) - 4);
  return std::nearbyint(mean / grid) * grid;
}

class FrameKernelTest : public device::KernelTest {
 protected:
  void check(const support::Data& data, Scalar scalar, int exponent, const support::Data* response_data = nullptr,
             Scalar response_scalar = Scalar::f64, bool binary = false) {
    SCOPED_TRACE(std::to_string(data.rows) + " x " + std::to_string(data.cols) + ", type " +
                 std::to_string(static_cast<int>(scalar)));
    const device::Matrix features(data, scalar);
    const device::Ids labels(std::vector<std::int64_t>(static_cast<std::size_t>(data.rows), 0), false);
    const support::Data none(data.rows, 1), &targets = response_data != nullptr ? *response_data : none;
    const device::Matrix responses(targets, response_scalar);
    RawRows head = features.rows();
    labels.set(head, 1);
    if (response_data != nullptr) {
      head.labels = nullptr;
      responses.set_responses(head, binary);
    }
    const auto k = static_cast<std::size_t>(targets.cols);
    const device::Array<double> pilot(static_cast<std::size_t>(data.cols)), target_pilot(std::vector<double>(k, 7));
    const device::Array<float> pilot_f32(static_cast<std::size_t>(data.cols));
    const device::Array<std::int32_t> target_exponent(std::vector<std::int32_t>(k, 7));
    const device::Array<unsigned long long> scratch(1);
    const device::Array<SumsState> state(std::vector<SumsState>{device::state_with(1)});
    culogme::kernels::launch_frame({head, pilot.data(), pilot_f32.data(), target_exponent.data(), target_pilot.data(),
                                    scratch.data(), state.data()},
                                   stream_);
    synchronize();
    EXPECT_EQ(state.host()[0].exponent, exponent);
    EXPECT_EQ(state.host()[0].raised, exponent);
    std::vector<float> expected;
    for (std::int64_t j = 0; j < data.cols; ++j)
      expected.push_back(static_cast<float>(pilot_of(column(features.values(), j, exponent))));
    device::expect_same(pilot_f32.host(), expected, "pilot_f32");
    device::expect_same(pilot.host(), std::vector<double>(expected.begin(), expected.end()), "pilot");
    std::vector<double> expected_target(k, 7);
    std::vector<std::int32_t> expected_exponent(k, 7);
    if (response_data != nullptr) {
      for (std::int64_t j = 0; j < targets.cols; ++j) {
        const auto at = static_cast<std::size_t>(j);
        double largest = 0;
        for (const double value : column(responses.values(), j, 0)) largest = std::max(largest, std::fabs(value));
        expected_exponent[at] = binary || !(largest > 0) ? 0 : static_cast<int>(std::floor(std::log2(largest)));
        expected_target[at] = binary ? 0 : pilot_of(column(responses.values(), j, expected_exponent[at]));
      }
    }
    device::expect_same(target_exponent.host(), expected_exponent, "target exponent");
    device::expect_same(target_pilot.host(), expected_target, "target pilot");
    EXPECT_TRUE(device::pads_are_whole(pilot, pilot_f32, target_pilot, target_exponent, scratch, state));
  }

  static std::vector<double> column(const support::Data& data, std::int64_t j, int exponent) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < data.rows; ++i) values.push_back(std::ldexp(data(i, j), -exponent));
    return values;
  }

  /// Integers about 40, the largest of all in the last place, and one column that does not vary.
  static support::Data features(std::int64_t rows, std::int64_t cols) {
    support::Data data = support::integers(rows, cols, static_cast<std::uint64_t>(17 * rows + cols));
    for (double& value : data.values) value += 40;
    for (std::int64_t i = 0; i < rows && cols > 2; ++i) data(i, 1) = 37;
    data(rows - 1, cols - 1) = -70;
    return data;
  }
};

TEST_F(FrameKernelTest, ShapesAroundTheEdges) {
  for (const std::int64_t cols : device::column_counts)
    for (const std::int64_t rows : {1, 2, 7, 8, 9, 127, 129}) check(features(rows, cols), Scalar::f32, 6);
  for (const std::int64_t rows : {255, 257, 1023, 1024}) check(features(rows, 5), Scalar::f32, 6);
}

TEST_F(FrameKernelTest, EveryType) {
  for (const Scalar scalar : device::scalars)
    for (const std::int64_t cols : {1, 33, 129}) check(features(100, cols), scalar, 6);
}

TEST_F(FrameKernelTest, MagnitudesAtTheEnds) {
  const auto scaled = [](double factor) { return support::scaled(features(50, 33), factor); };
  check(scaled(0), Scalar::f32, -1000);           // zeros: whatever comes later is larger
  check(scaled(0x1p-140), Scalar::f32, -120);     // f32's subnormals keep a factor that f32 can hold
  check(scaled(0x1p-300), Scalar::f64, 6 - 300);  // out of f32's reach
  check(scaled(0x1p-1010), Scalar::f64, -1000);   // the smallest one
  check(scaled(0x1p900), Scalar::f64, 906);
}

TEST_F(FrameKernelTest, Responses) {
  for (const std::int64_t targets : {1, 2, 31, 32, 33, 100})
    for (const Scalar scalar : device::scalars) {
      support::Data responses = features(90, targets);
      check(features(90, 3), Scalar::f32, 6, &responses, scalar);
      for (std::int64_t i = 0; i < 90; ++i) responses(i, targets - 1) = 0;  // zeros: no exponent
      check(features(90, 3), Scalar::f32, 6, &responses, scalar);
      const support::Data binary = support::binary(90, targets, 0.4, 3);
      check(features(90, 3), Scalar::f32, 6, &binary, scalar, true);
    }
}

}  // namespace
