// Which image a file is: by its first bytes, and by its ending as far as that goes.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hasten/loader/sample_index.h"

namespace hasten {

std::optional<Codec> image_codec_of(std::span<const uint8_t> first_bytes);  // twelve bytes decide
std::optional<Codec> image_codec_by_ending(std::string_view name);          // .jpg, .jpeg, .png, .webp in any case
// Pictures of kinds that nothing here decodes (.bmp, .gif, .tif ...): they are refused, not left out in silence.
bool is_foreign_image(std::string_view name);
// What neither is a picture nor looks like one: hidden files, texts, tables, archives.
bool is_plainly_no_image(std::string_view name);
std::string lower_ending(std::string_view name);  // ".jpg" of "a/b.JPG"; "" without one

// The payload of a record that holds one encoded image: the content says what it is, whatever the file is called.
SamplePayload image_payload(const SampleEntry& entry, std::span<const uint8_t> record, const std::string& path);

}  // namespace hasten
