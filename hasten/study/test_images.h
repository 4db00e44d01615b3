// Helper: a folder of small images of two classes.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "hasten/loader/codecs/encode.h"

namespace hasten::testing {

// train/ and test/ with `each` JPEG files of `side` by `side` pixels in each of the classes dark and light.
inline void write_images(const std::filesystem::path& folder, int side, int each) {
  for (const char* part : {"train", "test"}) {
    for (const char* name : {"dark", "light"}) {
      std::filesystem::create_directories(folder / part / name);
      for (int i = 0; i < each; ++i) {
        std::vector<uint8_t> pixels(static_cast<size_t>(side * side * 3));
        for (size_t j = 0; j < pixels.size(); ++j)
          pixels[j] = static_cast<uint8_t>((name[0] == 'd' ? 0 : 120) + (j * 31 + static_cast<size_t>(i) * 17) % 120);
        const std::vector<uint8_t> file = encode_jpeg({pixels.data(), side, side, 3, static_cast<size_t>(3 * side)});
        std::ofstream out(folder / part / name / (std::to_string(i) + ".jpg"), std::ios::binary);
        out.write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
      }
    }
  }
}

}  // namespace hasten::testing
