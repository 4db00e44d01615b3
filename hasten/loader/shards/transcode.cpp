// What becomes of a sample on its way into a shard.
#include "hasten/loader/shards/transcode.h"

#include <algorithm>
#include <utility>

#include "hasten/base/error.h"
#include "hasten/loader/codecs/decode.h"
#include "hasten/loader/shards/pixels.h"

namespace hasten::shards {
namespace {

template <class Image>
void take_shape(IndexEntry& entry, const Image& image) {
  entry.width = static_cast<uint32_t>(image.width);
  entry.height = static_cast<uint32_t>(image.height);
  entry.channels = static_cast<uint8_t>(image.channels);
}

bool keeps_bytes(const SamplePayload& payload, const IndexEntry& shape, const TranscodeOptions& options) {
  if (!is_image(payload.codec)) return true;
  const bool shrinks = options.resize != 0 && std::min(shape.width, shape.height) > options.resize;
  if (options.format == PackFormat::kRaw) return payload.codec == Codec::kRaw && !shrinks;
  return is_encoded(payload.codec) && !shrinks && options.quality == 0;
}

}  // namespace

std::string_view name_of(PackFormat format) { return format == PackFormat::kRaw ? "raw" : "jpeg"; }

PackedSample transcode(const SamplePayload& payload, const TranscodeOptions& options) {
  PackedSample packed;
  packed.entry.label = payload.label;
  packed.entry.codec = static_cast<uint8_t>(payload.codec);
  if (is_image(payload.codec)) take_shape(packed.entry, image_size(payload));
  packed.bytes = payload.bytes;
  if (!keeps_bytes(payload, packed.entry, options)) {
    PixelBuffer pixels = decode_pixels(payload);
    if (options.resize != 0) pixels = shrink_to(std::move(pixels), options.resize);
    take_shape(packed.entry, pixels);
    if (options.format == PackFormat::kRaw) {
      packed.entry.codec = static_cast<uint8_t>(Codec::kRaw);
      packed.own = std::move(pixels.bytes);
    } else {
      packed.entry.codec = static_cast<uint8_t>(Codec::kJpeg);
      packed.own = encode_pixels(pixels, options.quality != 0 ? options.quality : kDefaultQuality);
    }
    packed.bytes = packed.own;
  }
  packed.entry.bytes = packed.bytes.size();
  packed.entry.hash = hash_of(packed.bytes);
  // What the entry's own rules would refuse must not be written: a source may say sizes that are not those of its bytes.
  if (auto defect = record_defect_of(packed.entry)) throw DataError("", "", *defect);
  return packed;
}

}  // namespace hasten::shards
