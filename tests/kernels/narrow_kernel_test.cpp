// Rows of 11 significant bits, tf32 and half: packing against a plain loop, with the powers of two of half columns, and
// what undoes these in the sums.

#include <algorithm>
#include <cmath>
#include <limits>

#include "device_rows.hpp"
#include "kernels/launch_evidence.hpp"
#include "kernels/launch_spectrum.hpp"
#include "rounding.hpp"

namespace {

using culogme::Scalar;
using culogme::detail::Products;
using culogme::kernels::PackTile;
using culogme::kernels::RawRows;
using culogme::kernels::SumsState;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// The nearest number of 11 significant bits, ties to even.
double to_eleven_bits(double value) {
  if (value == 0) return 0;
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(fraction, 11)), exponent - 11);
}

/// What a tile is packed with.
struct Packing {
  Products products = Products::tf32;
  int exponent = 0;
  std::vector<double> pilot;
  std::vector<std::int32_t> column_exponent;  // of half
};

/// What came of it.
struct Packed {
  std::vector<double> values;  // in units of the frame
  std::vector<double> cross, rounding;
  std::vector<std::int32_t> column_exponent;
  SumsState state;
};

class NarrowKernelTest : public device::KernelTest {
 protected:
  Packed pack(const device::Matrix& features, const Packing& how, const std::vector<std::int64_t>& ids,
              std::int64_t classes) {
    const std::size_t n = at(features.values().rows), d = at(features.values().cols);
    RawRows rows = features.rows();
    const device::Ids labels(ids, true);
    labels.set(rows, classes);
    std::vector<std::int32_t> order(n), sorted;
    for (std::size_t i = 0; i < n; ++i) order[i] = static_cast<std::int32_t>(i);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::int32_t one, std::int32_t other) { return ids[at(one)] < ids[at(other)]; });
    for (const std::int32_t row : order) sorted.push_back(static_cast<std::int32_t>(ids[at(row)]));
    const std::size_t chunks = (n + 127) / 128;
    const device::Array<std::int32_t> sorted_id(sorted), sorted_row(order), column_exponent(how.column_exponent);
    const device::Array<double> cross(std::vector<double>(at(classes) * d, 0)), partial(2 * chunks * d),
        gram(std::vector<double>(d * d, 1)), energy(std::vector<double>(d, 1)), pilot(how.pilot),
        rounding(std::vector<double>(d, 0.5));
    const device::Array<float> pilot_f32(std::vector<float>(how.pilot.begin(), how.pilot.end())), lost(chunks * d),
        wide(n * d);
    const device::Array<std::uint16_t> half(n * d);
    const device::Array<SumsState> state(std::vector<SumsState>{device::state_with(how.exponent)});
    const bool is_half = how.products == Products::half;
    culogme::kernels::launch_pack_tile(
        {rows, sorted_id.data(), sorted_row.data(), how.products,
         is_half ? static_cast<void*>(half.data()) : static_cast<void*>(wide.data()), cross.data(), partial.data(),
         gram.data(), energy.data(), nullptr, pilot.data(), pilot_f32.data(), state.data(), lost.data(),
         rounding.data(), is_half ? column_exponent.data() : nullptr},
        stream_);
    synchronize();
    EXPECT_TRUE(device::pads_are_whole(cross, gram, energy, pilot, pilot_f32, rounding, state, column_exponent));
    EXPECT_TRUE(is_half ? half.pads_are_whole() : wide.pads_are_whole());
    Packed packed{{}, cross.host(), rounding.host(), column_exponent.host(), state.host()[0]};
    if (is_half) {
      const std::vector<std::uint16_t> bits = half.host();
      for (std::size_t i = 0; i < bits.size(); ++i)
        packed.values.push_back(std::ldexp(support::from_half(bits[i]), packed.column_exponent[i % d]));
    } else {
      for (const float value : wide.host()) packed.values.push_back(static_cast<double>(value));
    }
    return packed;
  }

  /// The tile of these rows; `raised`: the exponent that they lead to, `refitted`: columns whose power of two has to
  /// change.
  void check(const support::Data& data, Scalar scalar, Packing how, std::int64_t classes, int raised,
             const std::vector<bool>& refitted = {}) {
    SCOPED_TRACE(std::to_string(data.rows) + " x " + std::to_string(data.cols) + ", type " +
                 std::to_string(static_cast<int>(scalar)) + ", " + culogme::detail::products_name(how.products));
    const device::Matrix features(data, scalar);
    support::Random random(31);
    std::vector<std::int64_t> ids(at(data.rows));
    for (std::int64_t& id : ids) id = random.integer(0, classes - 1);
    const Packed found = pack(features, how, ids, classes);
    EXPECT_EQ(found.state.raised, raised);
    EXPECT_EQ(found.state.bad_key, ~0ull);
    const int power = how.exponent - raised;
    std::vector<double> cross(at(classes * data.cols), 0), size(cross.size(), 0);
    for (std::int64_t j = 0; j < data.cols; ++j) {
      double lost = std::ldexp(0.5, 2 * power), largest = 0;
      for (std::int64_t i = 0; i < data.rows; ++i) {
        const double value = std::ldexp(features.values()(i, j), -raised), pilot = std::ldexp(how.pilot[at(j)], power);
        const double shifted = scalar == Scalar::f64
                                   ? value - pilot
                                   : static_cast<double>(static_cast<float>(value) - static_cast<float>(pilot));
        const double kept = to_eleven_bits(static_cast<double>(static_cast<float>(shifted)));
        largest = std::max(largest, std::fabs(kept));
        double stored = kept;
        if (how.products == Products::half) {
          const int own = found.column_exponent[at(j)];
          stored = std::ldexp(support::from_half(support::to_half(std::ldexp(kept, -own))), own);
        }
        ASSERT_EQ(found.values[at(i * data.cols + j)], stored) << "row " << i << ", column " << j;
        lost += (shifted - stored) * (shifted - stored);
        cross[at(ids[at(i)] * data.cols + j)] += kept;
        size[at(ids[at(i)] * data.cols + j)] += std::fabs(kept);
      }
      EXPECT_NEAR(found.rounding[at(j)], lost, 1e-4 * lost) << "column " << j;
      if (how.products != Products::half) continue;
      const bool changed = found.column_exponent[at(j)] != how.column_exponent[at(j)];
      EXPECT_EQ(changed, !refitted.empty() && refitted[at(j)]) << "column " << j;
      if (changed) {
        const double top = std::ldexp(largest, -found.column_exponent[at(j)]);
        EXPECT_GE(top, 0x1p13);
        EXPECT_LT(top, 0x1p15);
      }
    }
    for (std::size_t k = 0; k < cross.size(); ++k)
      ASSERT_NEAR(found.cross[k], cross[k], static_cast<double>(data.rows) * 0x1p-52 * size[k]) << "class sum " << k;
  }

  static Packing packing(Products products, std::int64_t cols, int exponent, int column_exponent = -4) {
    std::vector<double> pilot = device::integer_values(cols, -3, 3, 5);
    for (double& value : pilot) value *= 0.25;
    return {products, exponent, pilot, std::vector<std::int32_t>(at(cols), column_exponent)};
  }
};

// Halves of neighbouring rows share a word where the columns are odd in number. Checks for races that follow whole
// words take two blocks that write one half each for a race, so such tiles are of one block here.
TEST_F(NarrowKernelTest, EveryTypeAndShape) {
  constexpr std::int64_t block = 128;
  for (const Products products : {Products::tf32, Products::half})
    for (const Scalar scalar : device::scalars) {
      for (const std::int64_t count : device::column_counts) {
        const bool shares = products == Products::half && count % 2 != 0;
        const std::int64_t cols = shares && count > block ? count + 1 : count;
        const std::int64_t rows = shares && count <= block ? block : block + 2;
        check(support::normal(rows, cols, 12), scalar, packing(products, cols, 1), 3, 1);
      }
      for (const std::int64_t rows : {1, 7, 8, 9, 127, 128, 129, 400})
        for (const std::int64_t classes : {1, 33})
          check(support::normal(rows, 34, 11), scalar, packing(products, 34, 2), classes, 2);
    }
}

TEST_F(NarrowKernelTest, NoRows) {
  const Packed found = pack(device::Matrix(support::Data(0, 5), Scalar::f32), packing(Products::half, 5, 0), {}, 2);
  EXPECT_EQ(found.rounding, std::vector<double>(5, 0.5));
}

TEST_F(NarrowKernelTest, ColumnsBeyondTheRangeOfHalfAreFittedAnew) {
  for (const Scalar scalar : {Scalar::bf16, Scalar::f32, Scalar::f64}) {
    support::Data data = support::normal(300, 140, 13);
    std::vector<bool> refitted(140, false);
    Packing how = packing(Products::half, 140, 0);
    how.pilot.assign(140, 0);
    for (const std::int64_t j : {0, 127, 128, 139}) {
      data(299 - j, j) = j % 2 == 0 ? 1e6 : -1e6;
      refitted[at(j)] = true;
    }
    how.column_exponent[5] = culogme::kernels::smallest_column_exponent;  // nothing was seen of this column yet
    refitted[5] = true;
    for (std::int64_t i = 0; i < 300; ++i) data(i, 6) = 0;  // and nothing of this one now either
    how.column_exponent[6] = culogme::kernels::smallest_column_exponent;
    check(data, scalar, how, 3, 0, refitted);
  }
}

TEST_F(NarrowKernelTest, MuchLargerRowsRaiseTheExponent) {
  for (const Products products : {Products::tf32, Products::half})
    for (const Scalar scalar : {Scalar::bf16, Scalar::f32, Scalar::f64}) {
      support::Data data = support::normal(200, 130, 14);
      data(150, 129) = 0x1p45;
      check(data, scalar, packing(products, 130, 0), 3, 45, std::vector<bool>(130, true));
    }
}

TEST_F(NarrowKernelTest, BadValuesAreTold) {
  for (const Products products : {Products::tf32, Products::half})
    for (const double bad : {nan, std::numeric_limits<double>::infinity()}) {
      support::Data data = support::normal(300, 130, 15);
      data(200, 128) = bad;
      const std::vector<std::int64_t> ids(300, 1);
      const Packed found = pack(device::Matrix(data, Scalar::f32), packing(products, 130, 2), ids, 2);
      EXPECT_EQ(found.state.bad_key, static_cast<unsigned long long>(200 * 131 + 128));
      EXPECT_EQ(found.state.bad_found, 1U);
    }
}

TEST_F(NarrowKernelTest, ColumnExponentsOfTheFrame) {
  for (const std::int64_t rows : {1, 2, 100, 1024})
    for (const std::int64_t cols : {1, 33}) {
      support::Data data = support::normal(rows, cols, 16);
      for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < cols; ++j)
          data(i, j) = j == 2 ? 3 : std::ldexp(data(i, j), static_cast<int>(2 * j - 30));
      const device::Matrix features(data, Scalar::f64);
      RawRows head = features.rows();
      const device::Ids labels(std::vector<std::int64_t>(at(rows), 0), false);
      labels.set(head, 1);
      const device::Array<double> pilot(at(cols)), target_pilot(1);
      const device::Array<float> pilot_f32(at(cols));
      const device::Array<std::int32_t> target_exponent(1), column_exponent(at(cols));
      const device::Array<unsigned long long> scratch(1);
      const device::Array<SumsState> state(std::vector<SumsState>{device::state_with(1)});
      culogme::kernels::launch_frame({head, pilot.data(), pilot_f32.data(), target_exponent.data(), target_pilot.data(),
                                      scratch.data(), state.data(), column_exponent.data()},
                                     stream_);
      synchronize();
      const std::vector<std::int32_t> found = column_exponent.host();
      for (std::int64_t j = 0; j < cols; ++j) {
        if (rows == 1 || j == 2) {
          EXPECT_EQ(found[at(j)], culogme::kernels::smallest_column_exponent);
          continue;
        }
        double mean = 0, square = 0;
        for (std::int64_t i = 0; i < rows; ++i) mean += data(i, j) / static_cast<double>(rows);
        for (std::int64_t i = 0; i < rows; ++i) square += (data(i, j) - mean) * (data(i, j) - mean);
        const double deviation =
            std::ldexp(std::sqrt(square / static_cast<double>(rows)), -state.host()[0].exponent - found[at(j)]);
        EXPECT_GE(deviation, 32 * (1 - 1e-12));
        EXPECT_LT(deviation, 64 * (1 + 1e-12));
      }
      EXPECT_TRUE(device::pads_are_whole(column_exponent, pilot, pilot_f32));
    }
}

TEST_F(NarrowKernelTest, ColumnExponentsAreUndone) {
  for (const std::int64_t cols : {1, 33, 257}) {
    std::vector<std::int32_t> exponents(at(cols));
    for (std::int64_t j = 0; j < cols; ++j)
      exponents[at(j)] = j == 0 ? culogme::kernels::smallest_column_exponent : static_cast<std::int32_t>(j % 50) - 20;
    const std::vector<double> values = device::integer_values(cols * cols, -99, 99, 17);
    std::vector<double> gram(at(cols * cols), 0.25), energies(at(cols), 2);
    const device::Array<float> tile(std::vector<float>(values.begin(), values.end()));
    const device::Array<double> gram_there(gram), energy_there(energies);
    const device::Array<std::int32_t> exponents_there(exponents);
    for (std::int64_t j = 0; j < cols; ++j)
      for (std::int64_t i = j; i < cols; ++i) {
        const double value = std::ldexp(values[at(j * cols + i)], exponents[at(i)] + exponents[at(j)]);
        gram[at(j * cols + i)] += value;
        if (i == j) energies[at(j)] += value * culogme::detail::narrow_weight;
      }
    culogme::kernels::launch_add_gram(
        {tile.data(), gram_there.data(), energy_there.data(), cols, true, nullptr, true, exponents_there.data()},
        stream_);
    const device::Matrix rows(support::coarse(20, cols, 18), Scalar::f16);
    const device::Array<double> wide(at(20 * cols));
    const RawRows raw = rows.rows();
    culogme::kernels::launch_convert(
        {raw.features, raw.stride, raw.scalar, 20, cols, wide.data(), false, exponents_there.data()}, stream_);
    synchronize();
    device::expect_same(gram_there.host(), gram, "Gram matrix");
    device::expect_same(energy_there.host(), energies, "energy");
    std::vector<double> expected = rows.values().values;
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = std::ldexp(expected[i], exponents[i % at(cols)]);
    device::expect_same(wide.host(), expected, "converted");
    EXPECT_TRUE(device::pads_are_whole(gram_there, energy_there, wide));
  }
}

// The scalars of a spectrum are the CPU's, from the traces on the device.
TEST_F(NarrowKernelTest, ScalarsOfTheSpectrum) {
  constexpr std::int64_t size = 40;
  culogme::detail::SpectrumSource source;
  source.rows_total = source.rows_f32 = 900;
  source.features = size;
  source.dof = 900;
  source.f32 = source.narrow = true;
  source.chain = 1024;
  std::vector<double> eigenvalues(size);
  for (std::size_t i = 0; i < eigenvalues.size(); ++i) eigenvalues[i] = 1 + static_cast<double>(i);
  const device::Array<double> eigenvalues_there(eigenvalues), traces({820.0, 820.0, 3280.0, 160.0, 0.001});
  const device::Array<culogme::kernels::DeviceSpectrum> out(1);
  culogme::kernels::launch_spectrum_scalars(
      {eigenvalues_there.data(), source, traces.data(), nullptr, nullptr, nullptr, size, out.data()}, stream_);
  synchronize();
  source.trace_before = source.trace_after = 820;
  source.energy_trace = 3280;
  source.energy_entry = 160;
  source.rounding_trace = 0.001;
  double noise = 0;
  const culogme::detail::SpectrumScalars expected = culogme::detail::spectrum_scalars(source, size, noise),
                                         found = out.host()[0].scalars;
  EXPECT_GT(found.drift, 0);
  EXPECT_EQ(found.drift, expected.drift);
  EXPECT_DOUBLE_EQ(found.row_error, std::sqrt(0.001));
  EXPECT_DOUBLE_EQ(found.trace_error, expected.trace_error);
  EXPECT_DOUBLE_EQ(found.norm_error, expected.norm_error);
}

}  // namespace
