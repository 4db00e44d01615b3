// Times as traces write them: exact nanoseconds, and the nearest doubles.
#include "hasten/trace/times.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "hasten/base/text.h"

namespace hasten::trace {
namespace {

TEST(Times, AreExactNanoseconds) {
  EXPECT_EQ(parse_microseconds("1730156791096090.123").ns, 1730156791096090123);
  EXPECT_EQ(parse_microseconds("12").ns, 12000);
  EXPECT_FALSE(parse_microseconds("12").fractional);
  EXPECT_EQ(parse_microseconds("0.001").ns, 1);
  EXPECT_EQ(parse_microseconds("-3.5").ns, -3500);
  EXPECT_EQ(parse_microseconds("1.0005").ns, 1001);
  EXPECT_EQ(parse_microseconds("1.0005").status, TimeText::kRounded);
  EXPECT_EQ(parse_microseconds("1.7e3").ns, 1700000);
  for (const char* bad : {"", "-", "abc", "1.", "1x", "nan", "99999999999999999999", "1e300"}) {
    EXPECT_EQ(parse_microseconds(bad).status, TimeText::kBad) << bad;
  }
}

// The nearest double, as strtod finds it in the text. Short times, where a fraction rounded first could make a tie, and
// Unix times, which have more digits than a double.
TEST(Times, DoublesRoundOnce) {
  auto nearest = [](int64_t ns) {
    std::string fraction = std::to_string(1000 + ns % 1000).substr(1);
    return std::strtod(cat(ns / 1000, ".", fraction).c_str(), nullptr);
  };
  for (int64_t first : {int64_t{0}, int64_t{30'000}, int64_t{4458676526501099}, int64_t{9007199254740000},
                        int64_t{1730156791096090123}}) {
    for (int64_t ns = first; ns < first + 2000; ++ns) {
      ASSERT_EQ(microseconds_as_double(ns), nearest(ns)) << ns;
      ASSERT_EQ(microseconds_as_double(-ns), -nearest(ns)) << ns;
    }
  }
}

}  // namespace
}  // namespace hasten::trace
