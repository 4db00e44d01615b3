// Copies of an image that are mirrored or shifted on the way.
#pragma once

#include <cstdint>

#include "hasten/loader/codecs/decode.h"
#include "hasten/loader/images/draws.h"

namespace hasten {

// What stands where a shifted image shows what lies outside of it.
enum class Border : uint8_t {
  kReflect,  // the image mirrored at its edge, which is not repeated
  kZero,
};

// `from` to rows of width x channels at `to`, first mirrored, then shifted by less than its size.
void place_image(const ImageView& from, bool mirrored, Shift shift, Border border, uint8_t* to);

}  // namespace hasten
