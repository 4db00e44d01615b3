// The few calls of libjpeg-turbo that packing needs.
#pragma once

#include <cstdint>
#include <span>

#include "hasten/loader/shards/pixels.h"

namespace hasten::shards {

// Both throw DataError("", "", what is wrong).
Pixels jpeg_shape(std::span<const uint8_t> bytes);
Pixels jpeg_pixels(std::span<const uint8_t> bytes);

}  // namespace hasten::shards
