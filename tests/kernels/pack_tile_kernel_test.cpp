// Features are integers, exponents and pilots dyadic: packed values and class sums are exact in f32 and f64 alike.

#include <bit>
#include <cmath>
#include <limits>

#include "device_rows.hpp"

namespace {

using culogme::Scalar;
using culogme::detail::Products;
using culogme::kernels::PackTile;
using culogme::kernels::RawRows;
using culogme::kernels::SumsState;

constexpr std::int64_t first_row = 90;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Sums, and how they follow when the exponent rises.
struct Sums {
  std::vector<double> cross, gram, energy, sum, pilot;
};

class PackTileKernelTest : public device::KernelTest {
 protected:
  /// `exponent` is the state's, `raised` what the tile makes of it; classes 0: responses. Pilots are multiples of
  /// `pilot_unit`.
  template <class Out>
  SumsState check(const support::Data& data, Scalar scalar, std::int64_t classes, int exponent, int raised,
                  double pilot_unit, bool optional = true) {
    SCOPED_TRACE(std::to_string(data.rows) + " x " + std::to_string(data.cols) + ", " + std::to_string(classes) +
                 " classes, type " + std::to_string(static_cast<int>(scalar)) + ", " + std::to_string(sizeof(Out)) +
                 " bytes");
    const device::Matrix features(data, scalar);
    const auto d = static_cast<std::size_t>(data.cols), n = static_cast<std::size_t>(data.rows);
    RawRows rows = features.rows();
    rows.targets = classes > 0 ? classes : 4;
    rows.first_row = first_row;
    support::Random random(static_cast<std::uint64_t>(classes + 1));
    std::vector<std::int64_t> ids(n);
    for (std::int64_t& id : ids) id = random.integer(0, std::max<std::int64_t>(classes, 1) - 1);
    const device::Ids labels(ids, false);
    std::vector<std::int32_t> order(n), sorted_id;
    for (std::size_t i = 0; i < n; ++i) order[i] = static_cast<std::int32_t>(i);
    std::stable_sort(order.begin(), order.end(), [&](std::int32_t one, std::int32_t other) {
      return ids[static_cast<std::size_t>(one)] < ids[static_cast<std::size_t>(other)];
    });
    for (const std::int32_t row : order)
      sorted_id.push_back(static_cast<std::int32_t>(ids[static_cast<std::size_t>(row)]));
    if (classes > 0)
      labels.set(rows, classes);
    else
      rows.responses = features.data();  // not read: any address

    Sums sums{device::integer_values(rows.targets * data.cols, -9, 9, 1),
              device::integer_values(data.cols * data.cols, -9, 9, 2), device::integer_values(data.cols, 1, 9, 3),
              device::integer_values(data.cols, -9, 9, 4), device::integer_values(data.cols, -3, 3, 5)};
    for (double& pilot : sums.pilot) pilot *= pilot_unit;
    const device::Array<double> cross(sums.cross), gram(sums.gram), energy(sums.energy), sum(sums.sum),
        pilot(sums.pilot), partial(2 * d * ((n + 127) / 128));
    const device::Array<float> pilot_f32(std::vector<float>(sums.pilot.begin(), sums.pilot.end()));
    const device::Array<std::int32_t> sorted_id_there(sorted_id), sorted_row_there(order);
    const device::Array<Out> packed(n * d);
    const device::Array<SumsState> state(std::vector<SumsState>{device::state_with(exponent)});
    PackTile arguments{rows,
                       nullptr,
                       nullptr,
                       sizeof(Out) == 4 ? Products::f32 : Products::f64,
                       packed.data(),
                       cross.data(),
                       partial.data(),
                       gram.data(),
                       optional ? energy.data() : nullptr,
                       optional ? sum.data() : nullptr,
                       pilot.data(),
                       pilot_f32.data(),
                       state.data()};
    if (classes > 0) {
      arguments.sorted_id = sorted_id_there.data();
      arguments.sorted_row = sorted_row_there.data();
    }
    culogme::kernels::launch_pack_tile(arguments, stream_);
    synchronize();

    const SumsState after = state.host()[0];
    EXPECT_EQ(after.exponent, exponent);  // the tile itself; the next one takes over what was raised
    EXPECT_EQ(after.raised, raised);
    follow(sums, exponent - raised, d, optional);
    // Class sums that shrink below any number that is added to them are dropped.
    if (classes > 0 && exponent - raised < -900) sums.cross.assign(sums.cross.size(), 0);
    std::vector<Out> expected(n * d);
    double largest = 0;
    std::uint32_t digits = 0;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < d; ++j) {
        const double value = features.values().values[i * d + j];
        const double shifted = std::ldexp(value, -raised) - sums.pilot[j];
        expected[i * d + j] = static_cast<Out>(shifted);
        digits |= std::bit_cast<std::uint32_t>(
            static_cast<float>(std::ldexp(value, -exponent) - std::ldexp(sums.pilot[j], raised - exponent)));
        if (std::isfinite(value)) largest = std::max(largest, std::fabs(value));
        if (classes > 0) sums.cross[static_cast<std::size_t>(ids[i]) * d + j] += shifted;
      }
    device::expect_same(packed.host(), expected, "packed");
    device::expect_same(cross.host(), sums.cross, "class sums");
    device::expect_same(gram.host(), sums.gram, "Gram matrix");
    device::expect_same(energy.host(), sums.energy, "energy");
    device::expect_same(sum.host(), sums.sum, "sum");
    device::expect_same(pilot.host(), sums.pilot, "pilot");
    device::expect_same(pilot_f32.host(), std::vector<float>(sums.pilot.begin(), sums.pilot.end()), "pilot_f32");
    EXPECT_EQ(std::bit_cast<double>(after.largest), largest);
    // Neither the sign of a zero nor the bits of a NaN are digits that matter.
    if (sizeof(Out) == 4 && raised == exponent && after.bad_found == 0) {
      EXPECT_EQ(after.digits & 0x7fffffffU, digits & 0x7fffffffU);
    }
    EXPECT_TRUE(device::pads_are_whole(packed, cross, gram, energy, sum, pilot, pilot_f32, partial, state));
    return after;
  }

  static void follow(Sums& sums, int power, std::size_t d, bool optional) {
    for (double& value : sums.cross) value = std::ldexp(value, power);
    for (double& value : sums.pilot) value = std::ldexp(value, power);
    for (std::size_t j = 0; j < d; ++j)
      for (std::size_t i = j; i < d; ++i) sums.gram[j * d + i] = std::ldexp(sums.gram[j * d + i], 2 * power);
    if (!optional) return;
    for (double& value : sums.energy) value = std::ldexp(value, 2 * power);
    for (double& value : sums.sum) value = std::ldexp(value, power);
  }

  void check_both(const support::Data& data, Scalar scalar, std::int64_t classes, int exponent, int raised,
                  double pilot_unit, bool optional = true) {
    for (const std::uint64_t key :
         {check<float>(data, scalar, classes, exponent, raised, pilot_unit, optional).bad_key,
          check<double>(data, scalar, classes, exponent, raised, pilot_unit, optional).bad_key})
      EXPECT_EQ(key, ~0ull);
  }
};

TEST_F(PackTileKernelTest, RowsAndClassesAroundTheEdges) {
  for (const std::int64_t rows : {0, 1, 7, 8, 9, 127, 128, 129, 400})
    for (const std::int64_t classes : {0, 1, 2, 33, 1000})
      check_both(support::integers(rows, 33, 11), Scalar::f16, classes, 2, 2, 0.25);
}

TEST_F(PackTileKernelTest, ColumnsAndTypes) {
  for (const Scalar scalar : device::scalars)
    for (const std::int64_t cols : device::column_counts)
      for (const std::int64_t classes : {0, 3})
        check_both(support::integers(130, cols, 12), scalar, classes, 1, 1, 0.5);
}

TEST_F(PackTileKernelTest, MuchLargerRowsRaiseTheExponent) {
  for (const Scalar scalar : device::scalars)
    for (const std::int64_t classes : {0, 3})
      for (const bool optional : {false, true}) {
        support::Data data = support::integers(200, 129, 13);
        data(150, 128) = 16;                                                  // the largest, in the last column
        check_both(data, scalar, classes, 4 - 40, 4 - 40, 0x1p40, optional);  // the last exponent that does not
        check_both(data, scalar, classes, 4 - 41, 4, 0x1p41, optional);
      }
}

TEST_F(PackTileKernelTest, AfterRowsOfZeros) {
  // Whatever comes after zeros is larger by more than f32, and f64 sums, can hold: what was before is lost.
  for (const Scalar scalar : device::scalars)
    for (const std::int64_t classes : {0, 3}) {
      support::Data data = support::integers(150, 33, 14);
      data(149, 32) = 16;
      check_both(data, scalar, classes, -1000, 4, 0);
    }
}

TEST_F(PackTileKernelTest, TheFirstBadValueIsTold) {
  for (const Scalar scalar : device::scalars)
    for (const double bad : {nan, std::numeric_limits<double>::infinity()})
      for (const std::int64_t classes : {0, 3}) {
        support::Data data = support::integers(300, 129, 15);
        data(299, 0) = bad;
        data(200, 128) = bad;
        const std::int64_t places = 129 + (classes > 0 ? 1 : 4);
        const SumsState state = check<float>(data, scalar, classes, 4, 4, 0.5);
        EXPECT_EQ(state.bad_key, static_cast<unsigned long long>((first_row + 200) * places + 128));
        EXPECT_EQ(state.bad_found, 1U);
        EXPECT_TRUE(std::isnan(bad) ? std::isnan(state.bad_value) : state.bad_value == bad);
      }
}

}  // namespace
