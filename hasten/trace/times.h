// Times as traces write them: decimal microseconds, kept as integer nanoseconds.
#pragma once

#include <cstdint>
#include <string_view>

namespace hasten::trace {

enum class TimeText : uint8_t {
  kOk,
  kRounded,  // digits below a nanosecond were rounded (half up)
  kBad,      // not a number, or outside the range of 64 bits
};

struct ParsedTime {
  int64_t ns = 0;
  TimeText status = TimeText::kBad;
  bool fractional = false;  // had a decimal point or an exponent
};

// "1730156791096.090" (microseconds) -> 1730156791096090. Exact: no floating point unless there is an exponent.
ParsedTime parse_microseconds(std::string_view text);

// The double nearest to ns / 1000: what a reader sees that keeps microseconds as doubles.
double microseconds_as_double(int64_t ns);

}  // namespace hasten::trace
