// Numbers as text that goes from a log into a record as it is: tables of gigabytes are mostly numbers, and reading and
// printing each one would cost more than all else.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace hasten::evaluate {

// The longest number that is copied; longer ones are read and printed.
constexpr size_t kLongestNumber = 39;

namespace number_text {

// The top bit of every byte that is no digit.
inline uint64_t not_digits(uint64_t bytes) {
  constexpr uint64_t kTop = 0x8080808080808080;
  bytes ^= 0x3030303030303030;  // digits become 0 to 9
  return (((bytes & ~kTop) + 0x7676767676767676) | bytes) & kTop;
}

inline uint64_t load8(const char* at) {
  uint64_t bytes;
  std::memcpy(&bytes, at, 8);
  return bytes;
}

// Up to 7 bytes, without touching others.
inline uint64_t load_few(const char* at, size_t count) {
  if (count >= 4) {
    uint32_t first, last;
    std::memcpy(&first, at, 4);
    std::memcpy(&last, at + count - 4, 4);
    return first | static_cast<uint64_t>(last) << (8 * (count - 4));
  }
  uint64_t bytes = 0;
  for (size_t i = 0; i < count; ++i) bytes |= static_cast<uint64_t>(static_cast<unsigned char>(at[i])) << (8 * i);
  return bytes;
}

// The whole grammar: -1.5e-07.
inline bool is_any_json_number(const char* at, const char* end) {
  auto digits = [&at, end] {
    const char* begin = at;
    while (at < end && static_cast<unsigned char>(*at - '0') < 10) ++at;
    return at - begin;
  };
  if (at < end && *at == '-') ++at;
  const char* lead = at;
  auto whole = digits();
  if (whole == 0 || (whole > 1 && *lead == '0')) return false;
  if (at < end && *at == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at < end && (*at == '+' || *at == '-')) ++at;
    // Three digits of exponent may be infinite; reading and printing says so.
    auto exponent = digits();
    if (exponent == 0 || exponent > 2) return false;
  }
  return at == end;
}

}  // namespace number_text

// Whether text is a finite number as JSON writes it. Digits with at most one point among them, which most are, are seen
// eight at a time: a loop over single digits would guess its end wrongly for every number.
inline bool is_json_number(std::string_view text) {
  namespace n = number_text;
  static_assert(std::endian::native == std::endian::little);
  if (text.empty() || text.size() > kLongestNumber) return false;
  const char* const whole = text.data();
  const char* digits = whole + (*whole == '-' ? 1 : 0);
  auto count = static_cast<size_t>(whole + text.size() - digits);
  size_t point = count, at = 0;
  auto sees = [&](uint64_t odd) {
    if (odd == 0) return true;
    if (point != count || (odd & (odd - 1)) != 0) return false;
    point = at + static_cast<size_t>(std::countr_zero(odd)) / 8;
    return digits[point] == '.';
  };
  bool simple = count > 0;
  for (; simple && at + 8 <= count; at += 8) simple = sees(n::not_digits(n::load8(digits + at)));
  if (simple && at < count) {
    size_t rest = count - at;
    uint64_t odd = count >= 8 ? n::not_digits(n::load8(digits + count - 8)) >> (8 * (8 - rest))
                              : n::not_digits(n::load_few(digits, count)) & (~uint64_t{0} >> (8 * (8 - rest)));
    simple = sees(odd);
  }
  if (!simple) return n::is_any_json_number(whole, whole + text.size());
  // A point stands between digits; a zero leads only when nothing else stands before the point.
  return point > 0 && point + 1 != count && (*digits != '0' || point == 1);
}

// Copies a few bytes without a call: most texts here are shorter than what a call of memcpy costs. Returns the end.
[[gnu::always_inline]] inline char* copy_short(char* to, const char* from, size_t count) {
  if (count >= 16) {
    for (size_t at = 0; at + 16 <= count; at += 16) std::memcpy(to + at, from + at, 16);
    std::memcpy(to + count - 16, from + count - 16, 16);
  } else if (count >= 8) {
    std::memcpy(to, from, 8);
    std::memcpy(to + count - 8, from + count - 8, 8);
  } else if (count >= 4) {
    std::memcpy(to, from, 4);
    std::memcpy(to + count - 4, from + count - 4, 4);
  } else {
    for (size_t at = 0; at < count; ++at) to[at] = from[at];
  }
  return to + count;
}

[[gnu::always_inline]] inline char* copy_short(char* to, std::string_view text) {
  return copy_short(to, text.data(), text.size());
}

}  // namespace hasten::evaluate
