// Content hashes (XXH3, 64 bits): checksums of files and identities of recipes. Not for security.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hasten {

uint64_t hash64(std::string_view bytes, uint64_t seed = 0);
std::string hex(uint64_t value);  // 16 digits

}  // namespace hasten
