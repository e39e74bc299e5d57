// Sums of integers are exact, so the oracle is a loop. What lies above the diagonal is NaN in the tile and must stay as
// it is in the sums.

#include <limits>

#include "device_rows.hpp"
#include "rounding.hpp"

namespace {

using culogme::kernels::SumsState;

class AddGramKernelTest : public device::KernelTest {
 protected:
  enum class Energy { none, no_state, of_state };

  void check(std::int64_t cols, Energy energy, bool short_digits, std::uint32_t digits, std::int64_t products = 1) {
    SCOPED_TRACE(std::to_string(cols) + " columns, digits " + std::to_string(digits) + ", " + std::to_string(products) +
                 " products");
    const auto count = static_cast<std::size_t>(cols * cols);
    const std::vector<double> values = device::integer_values(cols * cols * products, 1, 1000, 5);
    std::vector<float> tile(values.size(), std::numeric_limits<float>::quiet_NaN());
    std::vector<double> gram = device::integer_values(cols * cols, -9, 9, 6), energies(static_cast<std::size_t>(cols));
    for (std::size_t j = 0; j < energies.size(); ++j) energies[j] = static_cast<double>(j);
    const device::Array<double> gram_there(gram), energy_there(energies);
    // Few significant bits: the last eight of an f32 are zero in every packed value.
    const bool few = short_digits || (energy == Energy::of_state && (digits & 0xffU) == 0);
    const auto d = static_cast<std::size_t>(cols);
    for (std::size_t j = 0; j < d; ++j)
      for (std::size_t i = j; i < d; ++i) {
        double value = 0;
        for (std::size_t place = j * d + i; place < tile.size(); place += count) {
          tile[place] = static_cast<float>(values[place]);
          value += values[place];
        }
        gram[j * d + i] += value;
        if (i == j && energy != Energy::none) energies[j] += value * (few ? culogme::detail::short_digits_weight : 1);
      }
    SumsState state = device::state_with(0);
    state.digits = digits;
    const device::Array<float> tile_there(tile);
    const device::Array<SumsState> state_there(std::vector<SumsState>{state});
    culogme::kernels::launch_add_gram(
        {tile_there.data(), gram_there.data(), energy == Energy::none ? nullptr : energy_there.data(), cols,
         short_digits, energy == Energy::of_state ? state_there.data() : nullptr, false, nullptr, products},
        stream_);
    synchronize();
    device::expect_same(gram_there.host(), gram, "Gram matrix");
    device::expect_same(energy_there.host(), energies, "energy");
    EXPECT_TRUE(device::pads_are_whole(gram_there, energy_there, tile_there));
  }
};

TEST_F(AddGramKernelTest, Shapes) {
  for (const std::int64_t cols : {1, 2, 31, 32, 33, 127, 255, 256, 257, 1000})
    check(cols, Energy::of_state, false, ~0U);
}

TEST_F(AddGramKernelTest, ProductsSideBySide) {
  for (const std::int64_t cols : {1, 33, 257})
    for (const std::int64_t products : {2, 3, 8}) check(cols, Energy::of_state, false, ~0U, products);
}

TEST_F(AddGramKernelTest, DigitsAndEnergy) {
  for (const std::int64_t cols : {1, 33, 300}) {
    check(cols, Energy::none, false, 0);
    check(cols, Energy::no_state, true, 0);
    for (const bool short_digits : {false, true})
      for (const std::uint32_t digits : {0U, 0x100U, 0xffffff00U, 0x80U, 1U})
        check(cols, Energy::of_state, short_digits, digits);
  }
}

}  // namespace
