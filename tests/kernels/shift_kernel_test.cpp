// The mean put back or taken out. Rows are a power of two and sums integers, so that every operation is exact; above
// the diagonal lies NaN that must stay.

#include <cmath>
#include <limits>

#include "device_rows.hpp"
#include "kernels/launch_spectrum.hpp"

namespace {

using culogme::kernels::Shift;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Case {
  std::int64_t cols, targets;
  bool classes, intercept;
  bool energy = true;
  double history = 0;
  bool target_history = true;
};

class ShiftKernelTest : public device::KernelTest {
 protected:
  void check(const Case& c) {
    SCOPED_TRACE(std::to_string(c.cols) + " columns, " + std::to_string(c.targets) + " targets, classes " +
                 std::to_string(c.classes) + ", intercept " + std::to_string(c.intercept));
    constexpr double rows = 64;
    const auto d = static_cast<std::size_t>(c.cols), count = static_cast<std::size_t>(c.targets);
    std::vector<double> gram = device::integer_values(c.cols * c.cols, 1, 99, 1);
    for (std::size_t j = 0; j < d; ++j) std::fill_n(gram.begin() + static_cast<std::ptrdiff_t>(j * d), j, nan);
    std::vector<double> cross = device::integer_values(c.targets * c.cols, -50, 50, 2);
    const std::vector<double> sum = device::integer_values(c.cols, -90, 90, 3),
                              pilot = device::integer_values(c.cols, -5, 5, 4),
                              target_pilot = device::integer_values(c.targets, -5, 5, 5),
                              target_sum = device::integer_values(c.targets, -90, 90, 6),
                              energy = device::integer_values(c.cols, 1, 99, 7),
                              target_history = device::integer_values(c.targets, 0, 2000, 8),
                              rounding = device::integer_values(c.cols, 0, 9, 11);
    std::vector<double> target_square = device::integer_values(c.targets, 1000, 3000, 9);
    // The last target does not vary: what its square leaves is rounding noise, no spread.
    target_square[count - 1] = target_sum[count - 1] * target_sum[count - 1] / rows * (1 + 0x1p-48);
    std::vector<unsigned long long> counts;
    for (const double value : device::integer_values(c.targets, 0, 64, 10))
      counts.push_back(static_cast<unsigned long long>(value));

    const device::Array<double> gram_there(gram), cross_there(cross), sum_there(sum), pilot_there(pilot),
        target_pilot_there(target_pilot), target_sum_there(target_sum), target_square_there(target_square),
        target_history_there(target_history), energy_there(energy), square_there(count), scale_there(count),
        traces_there(5), rounding_there(rounding);
    const device::Array<unsigned long long> counts_there(counts);
    Shift a{};
    a.gram = gram_there.data();
    a.cross = cross_there.data();
    a.sum = sum_there.data();
    a.pilot = pilot_there.data();
    if (c.classes) {
      a.counts = counts_there.data();
    } else {
      a.target_pilot = target_pilot_there.data();
      a.target_sum = target_sum_there.data();
      a.target_square = target_square_there.data();
      if (c.target_history) a.target_history = target_history_there.data();
    }
    if (c.energy) a.energy = energy_there.data();
    a.rounding = rounding_there.data();
    a.square = square_there.data();
    a.square_scale = scale_there.data();
    a.traces = traces_there.data();
    a.cols = c.cols;
    a.targets = c.targets;
    a.rows = rows;
    a.history = c.history;
    a.intercept = c.intercept;
    culogme::kernels::launch_shift(a, stream_);
    synchronize();

    // sum (x + p)(x' + p') = sum x x' + p sum x' + p' sum x + N p p', or less the product of the means.
    const auto moved = [&](double moment, double sum_i, double pilot_i, double sum_j, double pilot_j) {
      if (c.intercept) return moment - sum_i * sum_j / rows;
      return moment + pilot_i * sum_j + pilot_j * sum_i + rows * pilot_i * pilot_j;
    };
    std::vector<double> traces(5, 0), square(count), scale(count);
    for (std::size_t j = 0; j < d; ++j) {
      traces[0] += gram[j * d + j];
      for (std::size_t i = j; i < d; ++i) gram[j * d + i] = moved(gram[j * d + i], sum[i], pilot[i], sum[j], pilot[j]);
      traces[1] += gram[j * d + j];
      traces[4] += rounding[j];
      if (!c.energy) continue;
      traces[2] += energy[j];
      traces[3] = std::max(traces[3], energy[j]);
    }
    traces[0] = std::max(traces[0], c.history);
    for (std::size_t k = 0; k < count; ++k) {
      const double total = c.classes ? static_cast<double>(counts[k]) : target_sum[k];
      const double shift = c.classes ? 0 : target_pilot[k], before = c.classes ? total : target_square[k];
      for (std::size_t i = 0; i < d; ++i) cross[k * d + i] = moved(cross[k * d + i], sum[i], pilot[i], total, shift);
      square[k] = moved(before, total, shift, total, shift);
      if (!c.classes && c.intercept && k == count - 1) square[k] = 0;
      scale[k] = c.classes ? square[k] : std::max(square[k], before);
      if (!c.classes && c.target_history) scale[k] = std::max(scale[k], target_history[k]);
    }
    device::expect_same(gram_there.host(), gram, "Gram matrix");
    device::expect_same(cross_there.host(), cross, "F'Y");
    device::expect_same(traces_there.host(), traces, "traces");
    const std::vector<double> found_square = square_there.host(), found_scale = scale_there.host();
    for (std::size_t k = 0; k < count; ++k) {
      // The square of the constant target is no dyadic number of few digits; the others are exact.
      const double slack = k == count - 1 && !c.classes ? 4 * 0x1p-53 * scale[k] : 0;
      EXPECT_NEAR(found_square[k], square[k], slack) << "y'y of target " << k;
      EXPECT_NEAR(found_scale[k], scale[k], slack) << "its scale, of target " << k;
    }
    EXPECT_TRUE(device::pads_are_whole(gram_there, cross_there, square_there, scale_there, traces_there));
  }
};

TEST_F(ShiftKernelTest, Shapes) {
  for (const std::int64_t cols : {1, 2, 31, 32, 33, 127, 255, 256, 257})
    for (const std::int64_t targets : {1, 2, 33})
      for (const bool classes : {false, true})
        for (const bool intercept : {false, true}) check({cols, targets, classes, intercept});
}

TEST_F(ShiftKernelTest, ManyColumnsOrTargets) {
  for (const bool classes : {false, true})
    for (const bool intercept : {false, true}) {
      check({1000, 2, classes, intercept});
      check({3, 32771, classes, intercept});  // more targets than blocks
    }
}

TEST_F(ShiftKernelTest, WhatMayBeLeftOut) {
  for (const bool classes : {false, true})
    for (const bool intercept : {false, true}) {
      check({33, 5, classes, intercept, false});
      check({33, 5, classes, intercept, true, 1e6});
      check({33, 5, classes, intercept, true, 0, false});
    }
}

TEST_F(ShiftKernelTest, ClassTotal) {
  for (const std::int64_t cols : {1, 31, 33, 255, 256, 257, 1000})
    for (const std::int64_t classes : {1, 2, 33}) {
      const std::vector<double> cross = device::integer_values(classes * cols, -99, 99, 3);
      std::vector<double> expected(static_cast<std::size_t>(cols), 0);
      for (std::size_t i = 0; i < cross.size(); ++i) expected[i % expected.size()] += cross[i];
      const device::Array<double> cross_there(cross), sum(expected.size());
      culogme::kernels::launch_class_total({cross_there.data(), sum.data(), cols, classes}, stream_);
      synchronize();
      device::expect_same(sum.host(), expected, "sum");
      EXPECT_TRUE(sum.pads_are_whole());
    }
}

}  // namespace
