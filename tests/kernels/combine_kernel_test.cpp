// Sums that are added or taken out. Values are integers and factors powers of two, so that every operation is exact;
// above the diagonal lies NaN that must stay.

#include <cmath>
#include <limits>

#include "device_rows.hpp"
#include "kernels/launch_combine.hpp"

namespace {

using culogme::kernels::Combine;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Case {
  std::int64_t cols, targets, added;  ///< targets before, and classes that only the others have
  bool classes, moved;
  int power = 0, from_power = 0;
  double sign = 1;
  bool in_place = true;
};

std::vector<double> triangle(std::int64_t cols, std::uint64_t seed) {
  std::vector<double> gram = device::integer_values(cols * cols, 1, 99, seed);
  for (std::int64_t j = 0; j < cols; ++j) std::fill_n(gram.begin() + j * cols, j, nan);
  return gram;
}

std::vector<std::int32_t> powers(std::int64_t count, std::uint64_t seed) {
  const std::vector<double> values = device::integer_values(count, -3, 0, seed);
  return {values.begin(), values.end()};
}

class CombineKernelTest : public device::KernelTest {
 protected:
  void check(const Case& c) {
    SCOPED_TRACE(std::to_string(c.cols) + " columns, " + std::to_string(c.targets) + " + " + std::to_string(c.added) +
                 " targets, classes " + std::to_string(c.classes) + ", moved " + std::to_string(c.moved) + ", powers " +
                 std::to_string(c.power) + " " + std::to_string(c.from_power) + ", sign " + std::to_string(c.sign));
    constexpr double rows = 48;
    const std::int64_t targets = c.targets + c.added;
    const auto d = static_cast<std::size_t>(c.cols), count = static_cast<std::size_t>(targets);
    // Of the classes before every third is not among the others; the order of those is the reverse.
    std::vector<std::int64_t> source(count);
    for (std::int64_t k = 0; k < targets; ++k)
      source[static_cast<std::size_t>(k)] = !c.classes ? k : k < c.targets && k % 3 == 0 ? -1 : targets - 1 - k;
    std::vector<double> gram = triangle(c.cols, 1),
                        cross = device::integer_values((c.targets + 1) * c.cols, -50, 50, 2);
    const std::vector<double> from_gram = triangle(c.cols, 3),
                              from_cross = device::integer_values(targets * c.cols, -50, 50, 4),
                              shift = device::integer_values(c.cols, -9, 9, 5),
                              sum = device::integer_values(c.cols, -90, 90, 6),
                              moved_sum = device::integer_values(c.cols, -90, 90, 7),
                              weight = device::integer_values(targets, -40, 40, 8),
                              target_shift = device::integer_values(targets, -5, 5, 9),
                              total = device::integer_values(c.cols, -99, 99, 10);
    const std::vector<std::int32_t> power = powers(targets, 11), from_power = powers(targets, 12);

    const device::Array<double> gram_there(gram), cross_there(cross), from_gram_there(from_gram),
        from_cross_there(from_cross), shift_there(shift), sum_there(sum), moved_sum_there(moved_sum),
        weight_there(weight), target_shift_there(target_shift), total_there(total), longer((count + 1) * d);
    const device::Array<std::int32_t> power_there(power), from_power_there(from_power);
    const device::Array<std::int64_t> source_there(source);
    const device::Array<double>& combined = c.in_place ? cross_there : longer;
    Combine a{};
    a.elements.sign = c.sign;
    a.elements.power = c.power;
    a.elements.from_power = c.from_power;
    a.elements.rows = rows;
    if (c.moved) a.elements.shift = shift_there.data();
    a.elements.sum = sum_there.data();
    a.elements.weight = weight_there.data();
    if (!c.classes) {
      a.elements.target_power = power_there.data();
      a.elements.from_target_power = from_power_there.data();
      a.elements.target_shift = target_shift_there.data();
      a.elements.moved_sum = moved_sum_there.data();
    }
    a.gram = gram_there.data();
    a.from_gram = from_gram_there.data();
    a.cross = cross_there.data();
    a.from_cross = from_cross_there.data();
    a.combined = combined.data();
    a.source = source_there.data();
    a.sum = total_there.data();
    a.cols = c.cols;
    a.cross_targets = c.targets;
    a.targets = targets;
    culogme::kernels::launch_combine(a, stream_);
    synchronize();

    // sum (x + s)(x' + s') = sum x x' + s' sum x + s sum x' + N s s'.
    for (std::size_t j = 0; j < d; ++j)
      for (std::size_t i = j; i < d; ++i) {
        double value = std::ldexp(from_gram[j * d + i], 2 * c.from_power);
        if (c.moved) value += sum[i] * shift[j] + shift[i] * sum[j] + rows * shift[i] * shift[j];
        gram[j * d + i] = std::ldexp(gram[j * d + i], 2 * c.power) + c.sign * value;
      }
    cross.resize(count * d);
    for (std::size_t k = 0; k < count; ++k)
      for (std::size_t i = 0; i < d; ++i) {
        double& into = cross[k * d + i];
        if (static_cast<std::int64_t>(k) >= c.targets) into = 0;
        into = std::ldexp(into, c.classes ? c.power : c.power + power[k]);
        if (source[k] < 0) continue;
        const auto from = static_cast<std::size_t>(source[k]);
        double value = std::ldexp(from_cross[from * d + i], c.from_power);
        if (c.moved) value += weight[from] * shift[i];
        if (!c.classes) value = std::ldexp(value, from_power[from]) + target_shift[from] * moved_sum[i];
        into += c.sign * value;
      }
    cross.insert(cross.end(), total.begin(), total.end());
    device::expect_same(gram_there.host(), gram, "Gram matrix");
    device::expect_same(combined.host(), cross, "F'Y and the sums");
    device::expect_same(from_gram_there.host(), from_gram, "Gram matrix of the others");
    EXPECT_TRUE(device::pads_are_whole(gram_there, cross_there, from_gram_there, from_cross_there, longer));
  }
};

TEST_F(CombineKernelTest, Shapes) {
  for (const std::int64_t cols : {1, 2, 31, 33, 255, 256, 257})
    for (const std::int64_t targets : {1, 2, 33})
      for (const bool classes : {false, true})
        for (const bool moved : {false, true}) check({cols, targets, 0, classes, moved});
}

TEST_F(CombineKernelTest, ManyColumnsOrTargets) {
  for (const bool classes : {false, true}) {
    check({600, 2, 0, classes, true});
    check({3, 32771, 0, classes, true});  // more targets than blocks
  }
}

TEST_F(CombineKernelTest, ExponentsAndSigns) {
  for (const bool classes : {false, true})
    for (const bool moved : {false, true})
      for (const double sign : {1.0, -1.0}) {
        check({33, 5, 0, classes, moved, -3, 0, sign});
        check({33, 5, 0, classes, moved, 0, -2, sign});
      }
}

TEST_F(CombineKernelTest, NewClasses) {
  for (const std::int64_t added : {1, 2, 40})
    for (const bool moved : {false, true}) check({33, 5, added, true, moved, -1, 0, 1, false});
}

TEST_F(CombineKernelTest, WithItself) {
  std::vector<double> gram = triangle(40, 1), cross = device::integer_values(4 * 40, -50, 50, 2);
  const std::vector<double> weight = {1, 2, 3}, sum(40, 7);
  const std::vector<std::int64_t> source = {0, 1, 2};
  const device::Array<double> gram_there(gram), cross_there(cross), weight_there(weight), sum_there(sum);
  const device::Array<std::int64_t> source_there(source);
  Combine a{};
  a.elements.sum = sum_there.data();
  a.elements.weight = weight_there.data();
  a.from_gram = a.gram = gram_there.data();
  a.cross = a.from_cross = a.combined = cross_there.data();
  a.source = source_there.data();
  a.sum = sum_there.data();
  a.cols = 40;
  a.cross_targets = a.targets = 3;
  culogme::kernels::launch_combine(a, stream_);
  synchronize();
  for (double& value : gram) value *= 2;
  for (std::size_t i = 0; i < cross.size(); ++i) cross[i] = i < 3 * 40 ? 2 * cross[i] : 7;
  device::expect_same(gram_there.host(), gram, "Gram matrix");
  device::expect_same(cross_there.host(), cross, "F'Y and the sums");
}

}  // namespace
