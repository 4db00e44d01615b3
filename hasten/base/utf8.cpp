#include "hasten/base/utf8.h"

namespace hasten {

Utf8Character first_character(std::span<const uint8_t> text) {
  constexpr uint32_t kLastCodePoint = 0x10ffff;
  if (text.empty()) return {};
  const uint8_t lead = text[0];
  if (lead < 0x80) return {lead, 1};
  const uint32_t bytes = lead >= 0xc2 && lead < 0xe0   ? 2
                         : (lead & 0xf0) == 0xe0       ? 3
                         : lead >= 0xf0 && lead < 0xf5 ? 4
                                                       : 0;
  if (bytes == 0 || text.size() < bytes) return {};
  uint32_t code_point = lead & (0x7fU >> bytes);
  for (uint32_t i = 1; i < bytes; ++i) {
    if ((text[i] & 0xc0) != 0x80) return {};
    code_point = code_point << 6 | (text[i] & 0x3fU);
  }
  const bool too_short = (bytes == 3 && code_point < 0x800) || (bytes == 4 && code_point < 0x10000);
  const bool surrogate = code_point >= 0xd800 && code_point < 0xe000;
  if (too_short || surrogate || code_point > kLastCodePoint) return {};
  return {code_point, bytes};
}

}  // namespace hasten
