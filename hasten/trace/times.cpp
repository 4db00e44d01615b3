// Times as traces write them: exact decimal to integer nanoseconds.
#include "hasten/trace/times.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace hasten::trace {
namespace {

constexpr uint64_t kLimit = uint64_t{std::numeric_limits<int64_t>::max()} / 1000 - 1;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Numbers in exponent form are written by programs that keep times as doubles; no more than that is in them.
ParsedTime parse_exponent(std::string_view text) {
  std::string copy(text);
  char* end = nullptr;
  long double value = std::strtold(copy.c_str(), &end) * 1000.0L;
  ParsedTime time;
  time.fractional = true;
  if (end != copy.c_str() + copy.size() || !(std::fabs(value) < 9.2e18L)) return time;
  time.ns = static_cast<int64_t>(std::floor(value + 0.5L));
  time.status = static_cast<long double>(time.ns) == value ? TimeText::kOk : TimeText::kRounded;
  return time;
}

}  // namespace

ParsedTime parse_microseconds(std::string_view text) {
  size_t i = 0;
  bool negative = !text.empty() && text[0] == '-';
  if (negative) ++i;
  size_t first = i;
  uint64_t whole = 0;
  for (; i < text.size() && is_digit(text[i]); ++i) {
    whole = whole * 10 + static_cast<uint64_t>(text[i] - '0');
    if (whole > kLimit) return {};
  }
  if (i == first) return {};
  ParsedTime time;
  uint64_t ns = whole * 1000;
  bool rounded = false;
  if (i < text.size() && text[i] == '.') {
    time.fractional = true;
    uint64_t scale = 100;
    size_t digits = 0;
    bool up = false;
    for (++i; i < text.size() && is_digit(text[i]); ++i, ++digits) {
      if (digits < 3) {
        ns += static_cast<uint64_t>(text[i] - '0') * scale;
        scale /= 10;
      } else {
        if (digits == 3) up = text[i] >= '5';
        rounded = rounded || text[i] != '0';
      }
    }
    if (digits == 0) return {};
    if (up) ++ns;
  }
  if (i < text.size()) {
    if (text[i] == 'e' || text[i] == 'E') return parse_exponent(text);
    return {};
  }
  time.ns = negative ? -static_cast<int64_t>(ns) : static_cast<int64_t>(ns);
  time.status = rounded ? TimeText::kRounded : TimeText::kOk;
  return time;
}

double microseconds_as_double(int64_t ns) {
  constexpr int64_t kExact = int64_t{1} << 53;  // whole numbers up to here are doubles: one division, one rounding
  if (ns <= kExact && ns >= -kExact) return static_cast<double>(ns) / 1000.0;
  // Above, a whole part of 43 bits or more leaves no room for the fraction's own rounding to turn a tie.
  return static_cast<double>(ns / 1000) + static_cast<double>(ns % 1000) / 1000.0;
}

}  // namespace hasten::trace
