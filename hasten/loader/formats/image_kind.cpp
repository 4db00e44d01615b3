// Which image a file is.
#include "hasten/loader/formats/image_kind.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "hasten/base/text.h"
#include "hasten/loader/formats/input.h"

namespace hasten {
namespace {

template <size_t n>
bool is_ending_of(std::string_view word, const std::array<std::string_view, n>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool image_begins(std::span<const uint8_t> bytes, size_t at, std::string_view expected) {
  if (bytes.size() < at + expected.size()) return false;
  return std::equal(expected.begin(), expected.end(), bytes.begin() + static_cast<ptrdiff_t>(at),
                    [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

}  // namespace

std::optional<Codec> image_codec_of(std::span<const uint8_t> first) {
  if (image_begins(first, 0, "\xff\xd8\xff")) return Codec::kJpeg;
  if (image_begins(first, 0, "\x89PNG\r\n\x1a\n")) return Codec::kPng;
  if (image_begins(first, 0, "RIFF") && image_begins(first, 8, "WEBP")) return Codec::kWebp;
  return {};
}

std::string lower_ending(std::string_view name) {
  const size_t slash = name.rfind('/'), dot = name.rfind('.');
  if (dot == std::string_view::npos || (slash != std::string_view::npos && dot < slash)) return "";
  std::string ending(name.substr(dot));
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending;
}

std::optional<Codec> image_codec_by_ending(std::string_view name) {
  const std::string ending = lower_ending(name);
  if (ending == ".jpg" || ending == ".jpeg") return Codec::kJpeg;
  if (ending == ".png") return Codec::kPng;
  if (ending == ".webp") return Codec::kWebp;
  return {};
}

bool is_foreign_image(std::string_view name) {
  constexpr std::array<std::string_view, 12> kEndings{".bmp",  ".gif",  ".tif", ".tiff", ".jp2", ".avif",
                                                      ".heic", ".heif", ".ppm", ".pgm",  ".jxl", ".tga"};
  return is_ending_of(lower_ending(name), kEndings);
}

bool is_plainly_no_image(std::string_view name) {
  constexpr std::array<std::string_view, 20> kEndings{".txt",  ".md",  ".json", ".jsonl", ".csv", ".tsv", ".xml",
                                                      ".yaml", ".yml", ".toml", ".html",  ".pdf", ".py",  ".mat",
                                                      ".npy",  ".pkl", ".tar",  ".zip",   ".gz",  ".zst"};
  const size_t slash = name.rfind('/');
  const std::string_view leaf = slash == std::string_view::npos ? name : name.substr(slash + 1);
  return leaf.empty() || leaf.front() == '.' || leaf == "README" || leaf == "LICENSE" || leaf == "Thumbs.db" ||
         is_ending_of(lower_ending(leaf), kEndings);
}

SamplePayload image_payload(const SampleEntry& entry, std::span<const uint8_t> record, const std::string& path) {
  const std::optional<Codec> codec = image_codec_of(record);
  if (!codec) fail_at_byte(path, entry.offset, cat("expected a JPEG, PNG or WebP image, got ", bytes_text(record)));
  return {record, *codec, entry.width, entry.height, entry.channels, entry.label};
}

}  // namespace hasten
