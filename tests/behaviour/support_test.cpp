// Test data is what it says it is: conversions, padding, spectra.

#include <cmath>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

TEST(Storage, HalfBitsAreTheStandards) {
  const std::pair<double, std::uint16_t> known[] = {
      {0, 0x0000},         {1, 0x3c00},       {-2, 0xc000},        {65504, 0x7bff},         {65520, 0x7c00},
      {0x1p-14, 0x0400},   {0x1p-24, 0x0001}, {0x1p-25, 0x0000},   {1 + 0x1p-11, 0x3c00},   {1 + 3 * 0x1p-11, 0x3c02},
      {1.0 / 3.0, 0x3555}, {-0.0, 0x8000},    {0x1.8p-24, 0x0002}, {1023 * 0x1p-24, 0x03ff}};
  for (const auto& [value, bits] : known) EXPECT_EQ(support::to_half(value), bits) << value;
  for (int bits = 0; bits < 65536; ++bits) {
    const double value = support::from_half(static_cast<std::uint16_t>(bits));
    if (!std::isnan(value)) {
      EXPECT_EQ(support::to_half(value), bits);
    }
  }
}

TEST(Storage, BfloatBitsAreTheUpperHalfOfFloat) {
  EXPECT_EQ(support::to_bfloat16(1), 0x3f80);
  EXPECT_EQ(support::to_bfloat16(1 + 0x1p-8), 0x3f80);      // tie to even
  EXPECT_EQ(support::to_bfloat16(1 + 3 * 0x1p-8), 0x3f82);  // tie to even
  EXPECT_EQ(support::to_bfloat16(-1.0 / 3.0), 0xbeab);
  for (int bits = 0; bits < 65536; ++bits) {
    const double value = support::from_bfloat16(static_cast<std::uint16_t>(bits));
    if (!std::isnan(value)) {
      EXPECT_EQ(support::to_bfloat16(value), bits);
    }
  }
}

TEST(Storage, CoarseValuesAreExactInEveryType) {
  const support::Data data = support::coarse(7, 5, 3);
  for (const culogme::Scalar scalar :
       {culogme::Scalar::f16, culogme::Scalar::bf16, culogme::Scalar::f32, culogme::Scalar::f64})
    EXPECT_EQ(support::Stored(data, scalar).rounded().values, data.values) << culogme::scalar_name(scalar);
}

TEST(Storage, PaddingIsNanAndTheStartIsMisaligned) {
  const support::Stored stored(support::integers(3, 2, 1), culogme::Scalar::f32, {3, 12});
  const culogme::MatrixView view = stored.view();
  EXPECT_EQ(view.row_stride, 5);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view.data) % 64, 12U);
  float behind = 0;
  std::memcpy(&behind, static_cast<const char*>(view.data) + 2 * sizeof(float), sizeof behind);
  EXPECT_TRUE(std::isnan(behind));
}

TEST(Data, NamedSpectraHaveTheirCondition) {
  using support::SpectrumKind;
  const double condition = 1e6;
  for (const SpectrumKind kind :
       {SpectrumKind::geometric, SpectrumKind::one_large, SpectrumKind::one_small, SpectrumKind::clusters}) {
    const support::Data data = support::with_spectrum(40, 8, kind, condition, 5);
    const oracle::Spectrum spectrum = oracle::decompose(support::problem_of(data, data));
    ASSERT_EQ(spectrum.rank(), 8U);
    const double ratio = static_cast<double>(std::sqrt(spectrum.eigenvalues.front() / spectrum.eigenvalues.back()));
    // Entries are rounded to double once: an error of u times the norm beside the smallest value.
    EXPECT_NEAR(ratio / condition, 1, 40 * condition * tolerance::unit_f64) << support::spectrum_kind_name(kind);
  }
}

TEST(Data, RotationKeepsTheSpectrum) {
  const support::Data data = support::normal(20, 6, 9);
  const oracle::Spectrum before = oracle::decompose(support::problem_of(data, data));
  const oracle::Spectrum after = oracle::decompose(support::problem_of(support::rotated(data, 4), data));
  for (std::size_t i = 0; i < 6; ++i)
    EXPECT_NEAR(static_cast<double>(after.eigenvalues[i] / before.eigenvalues[i]), 1, 200 * tolerance::unit_f64);
}

}  // namespace
