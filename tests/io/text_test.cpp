#include "io/text.hpp"

#include "io/support.hpp"

#include <cmath>
#include <cstdint>

namespace culogme::io_test {
namespace {

TEST(Text, OrdersRunsOfDigitsAsNumbers) {
  const std::vector<std::string> sorted = {"a", "a1", "a2", "a10", "a10b", "a_1", "b0", "b00", "b1"};
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    for (std::size_t j = 0; j < sorted.size(); ++j) {
      EXPECT_EQ(detail::natural_less(sorted[i], sorted[j]), i < j) << sorted[i] << " " << sorted[j];
    }
  }
}

TEST(Text, ParsesWholeTextsOnly) {
  EXPECT_EQ(detail::parse_integer("18446744073709551615"), (detail::Integer{false, UINT64_MAX}));
  EXPECT_EQ(detail::parse_integer("-0"), (detail::Integer{false, 0}));
  EXPECT_EQ(detail::parse_integer("+7"), (detail::Integer{false, 7}));
  for (const char* text : {"", "-", "+-1", "1x", " 1", "1.0", "18446744073709551616"}) {
    EXPECT_FALSE(detail::parse_integer(text).has_value()) << text;
  }
  EXPECT_EQ(detail::parse_number("1e400"), HUGE_VAL);
  EXPECT_EQ(detail::parse_number("+.5"), 0.5);
  for (const char* text : {"", "+", "+-1", "1,5", "1 ", "0x10"})
    EXPECT_FALSE(detail::parse_number(text).has_value()) << text;
}

TEST(Text, ShowsNamesInOneLine) {
  EXPECT_EQ(detail::shown("a\nb\x01\xFF"), "a?b??");
  EXPECT_EQ(detail::shown("\xF0\x9F\x8C\xB2"), "\xF0\x9F\x8C\xB2");
  EXPECT_LT(detail::shown(std::string(1000, 'x')).size(), 130U);
  EXPECT_FALSE(detail::valid_utf8("\xC0\x80")) << "overlong";
  EXPECT_FALSE(detail::valid_utf8("\xED\xA0\x80")) << "surrogate";
  EXPECT_FALSE(detail::valid_utf8("\xF4\x90\x80\x80")) << "beyond U+10FFFF";
  EXPECT_FALSE(detail::valid_utf8("\xE2\x82")) << "cut";
}

}  // namespace
}  // namespace culogme::io_test
