// What becomes of a sample on its way into a shard.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hasten/loader/sample_index.h"
#include "hasten/loader/shards/layout.h"

namespace hasten::shards {

enum class PackFormat : uint8_t { kRaw, kJpeg };
std::string_view name_of(PackFormat format);

struct TranscodeOptions {
  PackFormat format = PackFormat::kJpeg;
  int quality = 0;      // JPEG quality 1 to 100; 0: encoded images stay as they are, raw ones get kDefaultQuality
  uint32_t resize = 0;  // pixels of the shorter side, where it is longer; 0: as it is
};
constexpr int kDefaultQuality = 95;

// An entry without offset and check, and the bytes that go with it.
struct PackedSample {
  IndexEntry entry;
  std::span<const uint8_t> bytes;  // in `own`, or in the payload
  std::vector<uint8_t> own;
};

// kRaw: images become pixels, channels last. kJpeg: encoded images keep their bytes unless quality or size is to change.
// Text and tokens always stay. Throws DataError("", "", what is wrong) for an image that is damaged.
PackedSample transcode(const SamplePayload& payload, const TranscodeOptions& options);

}  // namespace hasten::shards
