// Pixels become a JPEG: for packing, and for tests.
#pragma once

#include <cstdint>
#include <vector>

#include "hasten/loader/codecs/decode.h"

namespace hasten {

struct JpegSettings {
  int quality = 90;             // 1 to 100, the Independent JPEG Group's scale
  int chroma_across = 2, chroma_down = 2;  // pixels a chroma sample covers: 2 x 2 is 4:2:0, 1 x 1 is 4:4:4
  bool optimize = false;        // Huffman tables of the image's own: smaller, slower to write
  bool progressive = false;
  int restart_rows = 0;         // rows of blocks between restart markers; 0: none
};

// Of 1 or 3 channels.
std::vector<uint8_t> encode_jpeg(const ImageView& image, const JpegSettings& settings = {});

}  // namespace hasten
