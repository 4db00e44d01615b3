// Files of text or tokens as samples, for packing and looking into: a text is one sample, tokens come in runs.
#include <algorithm>
#include <cstring>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/format.h"
#include "hasten/loader/formats/image_kind.h"
#include "hasten/loader/formats/input.h"
#include "hasten/loader/formats/npy_header.h"
#include "hasten/loader/formats/text_files.h"
#include "hasten/loader/formats/token_files.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kTokensPerSample = int64_t{1} << 19;
constexpr uint64_t kTextProbe = 4096;  // bytes of a file without an ending that must be text

class TextSamples : public SampleIndex {
 public:
  explicit TextSamples(const fs::path& path) {
    for (TextPlace& place : text_places_of(path)) {
      if (!is_token_file(place.file->path())) add_text(place);
      else add_tokens(token_span_of(std::move(place), {}));
    }
  }

  const std::string& format() const override {
    static const std::string name = "text";
    return name;
  }
  int64_t size() const override { return static_cast<int64_t>(entries_.size()); }
  SampleEntry entry(int64_t sample) const override { return entries_.at(static_cast<size_t>(sample)); }
  const std::vector<SampleFile>& files() const override { return files_; }
  // The file: runs of tokens are known by it, and it says which part they belong to.
  std::string describe(int64_t sample) const override { return files_[entry(sample).file].path.string(); }

 private:
  void add(uint64_t offset, uint64_t bytes, Codec codec) {
    SampleEntry entry;
    entry.file = static_cast<uint32_t>(files_.size() - 1);
    entry.offset = offset;
    entry.bytes = bytes;
    entry.codec = codec;
    entries_.push_back(entry);
  }
  void add_text(const TextPlace& place) {
    files_.push_back(plain_sample_file(place.file->path(), place.end));
    add(0, place.end, Codec::kText);
  }
  void add_tokens(TokenSpan span) {
    const fs::path path = span.place.file->path();
    const bool wide = span.bytes == 8;
    const uint32_t bytes = wide ? 4 : span.bytes;
    const uint64_t data = wide ? 0 : span.data;
    const int64_t count = span.count;
    if (wide) files_.push_back({path, static_cast<uint64_t>(count) * 4, narrowing(span)});
    else files_.push_back(plain_sample_file(path, span.place.end));
    for (int64_t at = 0; at < count; at += kTokensPerSample) {
      const int64_t here = std::min(kTokensPerSample, count - at);
      add(data + static_cast<uint64_t>(at) * bytes, static_cast<uint64_t>(here) * bytes,
          bytes == 2 ? Codec::kTokens16 : Codec::kTokens32);
    }
  }
  // Tokens of 64 bits as such of 32, which all of them fit into.
  static std::function<UnpackedBytes()> narrowing(const TokenSpan& span) {
    return [span]() -> UnpackedBytes {
      std::vector<int32_t> tokens(static_cast<size_t>(span.count));
      open_token_files({span.place}, {})->read(0, tokens);
      auto bytes = std::make_shared<std::vector<uint8_t>>(tokens.size() * 4);
      std::memcpy(bytes->data(), tokens.data(), bytes->size());
      return bytes;
    };
  }

  std::vector<SampleFile> files_;
  std::vector<SampleEntry> entries_;
};

// Printable, or what text has beside that; letters beyond ASCII are not judged.
bool begins_like_text(const fs::path& path) {
  InputFile file(path);
  std::vector<uint8_t> first(kTextProbe);
  first.resize(file.read_some(0, first));
  return !first.empty() && std::all_of(first.begin(), first.end(), [](uint8_t byte) {
    return byte >= ' ' || (byte >= '\b' && byte <= '\r') || byte == 0x1b;
  });
}

bool begins_like_tokens(const fs::path& path) {
  if (!begins_like_npy(path)) return is_token_file(path);
  InputFile file(path);
  const NpyHeader header = read_npy_header(file);
  return header.shape.size() == 1 && header.type != "|u1";
}

bool has_folders(const fs::path& path) {
  if (!fs::is_directory(path)) return false;
  const std::vector<std::string> names = sorted_listing(path);
  return std::any_of(names.begin(), names.end(), [](const std::string& name) { return name.back() == '/'; });
}

// A folder of images may have a text file beside its classes: where there are folders, text is not what it is about.
bool is_text(const fs::path& path) {
  try {
    if (has_folders(path)) return false;
    for (const fs::path& file : text_files_of(path)) {
      if (!begins_like_tokens(file) && !begins_like_text(file)) return false;
    }
    return true;
  } catch (const ConfigError&) {
  } catch (const DataError&) {}
  return false;
}

}  // namespace

SampleFormat text_format() {
  return {"text", "files of text (.txt) or tokens (.bin, .npy), by themselves or in a folder", is_text, no_parts,
          [](const fs::path& path, const std::string&) -> std::unique_ptr<SampleIndex> {
            return std::make_unique<TextSamples>(path);
          }};
}

}  // namespace hasten
