// What samples there are and where their bytes lie.
#include "hasten/loader/sample_index.h"

#include <array>

namespace hasten {

std::string_view name_of(Codec codec) {
  constexpr std::array<std::string_view, 8> kNames{"raw",  "planar", "jpeg",     "png",
                                                   "webp", "text",   "tokens16", "tokens32"};
  return kNames.at(static_cast<size_t>(codec));
}

SamplePayload SampleIndex::payload(int64_t, const SampleEntry& entry, std::span<const uint8_t> record) const {
  return {record, entry.codec, entry.width, entry.height, entry.channels, entry.label};
}

std::string SampleIndex::describe(int64_t sample) const { return "sample " + std::to_string(sample); }

}  // namespace hasten
