// Numbers as they stand in files, whatever the machine's own order.
#pragma once

#include <cstdint>

namespace hasten {

constexpr uint16_t le16(const uint8_t* bytes) { return static_cast<uint16_t>(bytes[0] | bytes[1] << 8); }
constexpr uint32_t le32(const uint8_t* bytes) {
  return uint32_t{bytes[0]} | uint32_t{bytes[1]} << 8 | uint32_t{bytes[2]} << 16 | uint32_t{bytes[3]} << 24;
}
constexpr uint64_t le64(const uint8_t* bytes) { return le32(bytes) | uint64_t{le32(bytes + 4)} << 32; }
constexpr uint32_t be32(const uint8_t* bytes) {
  return uint32_t{bytes[3]} | uint32_t{bytes[2]} << 8 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[0]} << 24;
}

}  // namespace hasten
