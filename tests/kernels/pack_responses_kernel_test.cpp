// Responses are integers and pilots are dyadic, so every sum is exact.

#include <cmath>
#include <limits>

#include "device_rows.hpp"
#include "kernels/launch_spectrum.hpp"

namespace {

using culogme::Scalar;
using culogme::kernels::RawRows;
using culogme::kernels::SumsState;

constexpr std::int64_t cols = 5, first_row = 40;

class PackResponsesKernelTest : public device::KernelTest {
 protected:
  SumsState check(const support::Data& data, Scalar scalar, bool binary) {
    SCOPED_TRACE(std::to_string(data.rows) + " rows, " + std::to_string(data.cols) + " targets");
    const device::Matrix responses(data, scalar);
    RawRows rows;
    rows.rows = data.rows;
    rows.cols = cols;
    rows.responses = responses.data();
    rows.response_stride = responses.stride();
    rows.response_scalar = scalar;
    rows.targets = data.cols;
    rows.binary = binary;
    rows.first_row = first_row;
    const auto targets = static_cast<std::size_t>(data.cols);
    std::vector<std::int32_t> exponent(targets);
    std::vector<double> pilot(targets), sum(targets, 3), square(targets, 5);
    for (std::size_t k = 0; k < targets; ++k) {
      exponent[k] = static_cast<std::int32_t>(k % 5) - 2;
      pilot[k] = 0.25 * static_cast<double>(k % 7) - 0.5;
    }
    const device::Array<std::int32_t> exponent_there(exponent);
    const device::Array<double> pilot_there(pilot), sum_there(sum), square_there(square),
        shifted_there(static_cast<std::size_t>(data.rows) * (targets + 1));
    const device::Array<SumsState> state(std::vector<SumsState>{device::state_with(0)});
    culogme::kernels::launch_pack_responses({rows, exponent_there.data(), pilot_there.data(), shifted_there.data(),
                                             sum_there.data(), square_there.data(), state.data()},
                                            stream_);
    culogme::kernels::launch_read_bad(rows, state.data(), stream_);
    synchronize();
    std::vector<double> shifted;
    for (std::int64_t i = 0; i < data.rows; ++i) {
      for (std::size_t k = 0; k < targets; ++k) {
        const double value = std::ldexp(data(i, static_cast<std::int64_t>(k)), -exponent[k]) - pilot[k];
        shifted.push_back(value);
        sum[k] += value;
        square[k] += value * value;
      }
      shifted.push_back(1);
    }
    device::expect_same(shifted_there.host(), shifted, "shifted");
    device::expect_same(sum_there.host(), sum, "sum");
    device::expect_same(square_there.host(), square, "square");
    EXPECT_TRUE(device::pads_are_whole(shifted_there, sum_there, square_there));
    return state.host()[0];
  }
};

TEST_F(PackResponsesKernelTest, ShapesAroundTheEdges) {
  for (const std::int64_t rows : {0, 1, 7, 8, 9, 255, 257})
    for (const std::int64_t targets : {1, 2, 15, 16, 31, 32, 33, 200})
      EXPECT_EQ(check(support::integers(rows, targets, 3), Scalar::f64, false).bad_key, ~0ull);
}

TEST_F(PackResponsesKernelTest, EveryType) {
  for (const Scalar scalar : device::scalars)
    for (const std::int64_t targets : {1, 33}) {
      EXPECT_EQ(check(support::integers(129, targets, 4), scalar, false).bad_key, ~0ull);
      EXPECT_EQ(check(support::binary(129, targets, 0.3, 4), scalar, true).bad_key, ~0ull);
    }
}

TEST_F(PackResponsesKernelTest, TheFirstBadValueIsTold) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {nan, infinity, -infinity, 2.0, 0.5, -1.0}) {
    const bool binary = std::isfinite(bad);
    support::Data data = support::binary(70, 33, 0.5, 8);
    data(69, 0) = bad;
    data(61, 32) = bad;
    const SumsState state = check(data, Scalar::f32, binary);
    EXPECT_EQ(state.bad_key, static_cast<unsigned long long>((first_row + 61) * (cols + 33) + cols + 32));
    EXPECT_EQ(state.bad_found, 1U);
    EXPECT_TRUE(std::isnan(bad) ? std::isnan(state.bad_value) : state.bad_value == bad);
    if (binary) {
      EXPECT_EQ(check(data, Scalar::f32, false).bad_key, ~0ull);  // any finite number is a response
    }
  }
}

}  // namespace
