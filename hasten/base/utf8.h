// Characters of UTF-8 text, one at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace hasten {

// The code point at the front of a text and its bytes; 0 bytes where it is not UTF-8.
struct Utf8Character {
  uint32_t code_point = 0;
  uint32_t bytes = 0;
};
Utf8Character first_character(std::span<const uint8_t> text);
inline Utf8Character first_character(std::string_view text) {
  return first_character(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

}  // namespace hasten
