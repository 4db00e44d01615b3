// Files of tokens, each a number: raw, with the header of llm.c (256 numbers of 32 bits: magic, version, count), or .npy.
#include "hasten/loader/formats/token_files.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/byte_order.h"
#include "hasten/loader/formats/input.h"
#include "hasten/loader/formats/npy_header.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLlmcHeader = uint64_t{256} * 4;
// Magic number, version and width as llm.c writes them: GPT-2's tokens (modded-nanogpt, too) and Llama 3's.
struct LlmcKind {
  uint32_t magic, version, bytes;
};
constexpr LlmcKind kLlmcKinds[] = {{20240520, 1, 2}, {20240801, 7, 4}};

const LlmcKind* llmc_kind_of(std::span<const uint8_t> bytes) {
  if (bytes.size() < 8) return nullptr;
  for (const LlmcKind& kind : kLlmcKinds) {
    if (le32(bytes.data()) == kind.magic) return &kind;
  }
  return nullptr;
}

// Text of numbers below 65536 has zeros in every other half of 32 bits, text of 16 bits has not. What is so short or so
// plain that both fit counts as 16 bits.
uint32_t guess_width(std::span<const uint8_t> bytes) {
  if (bytes.size() % 4 != 0 || bytes.size() < 64) return 2;
  const size_t count = std::min<size_t>(bytes.size() / 4, 1 << 16);
  uint16_t most_low = 0;
  for (size_t i = 0; i < count; ++i) {
    if (le16(&bytes[4 * i + 2]) > 3) return 2;  // a vocabulary of 262144 and more is unknown
    most_low = std::max(most_low, le16(&bytes[4 * i]));
  }
  return most_low > 255 ? 4 : 2;
}

TokenSpan llmc_span(TextPlace place, const LlmcKind& kind) {
  const std::span<const uint8_t> bytes = place.bytes();
  const fs::path& path = place.file->path();
  if (bytes.size() < kLlmcHeader)
    fail_at_byte(path, bytes.size(), cat("truncated: expected a header of ", kLlmcHeader, " bytes"));
  if (le32(&bytes[4]) != kind.version)
    fail_at_byte(path, 4, cat("expected version ", kind.version, " of llm.c's format, got ", le32(&bytes[4])));
  const uint64_t count = le32(&bytes[8]), there = bytes.size() - kLlmcHeader;
  if (there != count * kind.bytes)
    fail_at_byte(path, 8, cat("expected ", count, " tokens of ", kind.bytes, " bytes, the file has ", there, " bytes"));
  return {std::move(place), "llm.c", kLlmcHeader, static_cast<int64_t>(count), kind.bytes, false};
}

TokenSpan npy_span(TextPlace place) {
  const fs::path path = place.file->path();
  InputFile file(path);
  const NpyHeader header = read_npy_header(file);
  const bool good = header.type == "<u2" || header.type == "<u4" || header.type == "<i4" || header.type == "<i8";
  if (!good || header.shape.size() != 1)
    fail_at_byte(path, 10,
                 cat("expected tokens as uint16, uint32, int32 or int64 in one dimension, got ", header.type, " in ",
                     header.shape.size()));
  return {std::move(place),
          "npy",
          header.data,
          static_cast<int64_t>(header.count),
          static_cast<uint32_t>(header.value_bytes),
          header.type[1] == 'i'};
}

// The codec says what a shard's record is.
TokenSpan shard_span(TextPlace place) {
  const uint32_t width = *place.codec == Codec::kTokens16 ? 2 : 4;
  const uint64_t begin = place.begin, count = (place.end - begin) / width;
  return {std::move(place), width == 2 ? "tokens16" : "tokens32", begin, static_cast<int64_t>(count), width, false};
}

class TokenFiles : public TokenStream {
 public:
  TokenFiles(const std::vector<TextPlace>& places, const TokenOptions& options) : checked_(places.size()) {
    for (const TextPlace& place : places) {
      starts_.push_back(size_);
      spans_.push_back(token_span_of(place, options));
      size_ += spans_.back().count;
      if (files_.empty() || files_.back() != place.file->path()) files_.push_back(place.file->path());
    }
    if (size_ == 0) fail_at_byte(files_.front(), 0, "expected tokens, got none");
    if (options.vocabulary_size) vocabulary_ = *options.vocabulary_size;
  }

  const std::string& format() const override { return spans_.front().format; }
  int64_t size() const override { return size_; }
  int64_t vocabulary_size() const override {
    const std::lock_guard lock(mutex_);
    if (vocabulary_ == 0) vocabulary_ = greatest() + 1;
    return vocabulary_;
  }
  const std::vector<fs::path>& files() const override { return files_; }

  void read(int64_t position, std::span<int32_t> out) const override {
    HASTEN_CHECK(position >= 0 && position <= size_ - static_cast<int64_t>(out.size()), "tokens within the stream");
    auto s = static_cast<size_t>(std::upper_bound(starts_.begin(), starts_.end(), position) - starts_.begin() - 1);
    while (!out.empty()) {
      const TokenSpan& span = spans_[s];
      const int64_t inner = position - starts_[s];
      const auto here = static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(out.size()), span.count - inner));
      check(s);
      copy(span, inner, out.first(here));
      out = out.subspan(here);
      position += static_cast<int64_t>(here);
      ++s;
    }
  }

 private:
  [[noreturn]] static void fail_value(const TokenSpan& span, int64_t position) {
    fail_at_byte(span.place.file->path(), span.data + static_cast<uint64_t>(position) * span.bytes,
                 "expected a token in 0..2147483646");
  }
  // Before the first token of a span is used. Two threads may both do it.
  void check(size_t span) const {
    if (checked_[span].load(std::memory_order_relaxed)) return;
    spans_[span].place.check();
    checked_[span].store(true, std::memory_order_relaxed);
  }
  static void copy(const TokenSpan& span, int64_t first, std::span<int32_t> out) {
    const uint8_t* in = span.at(first);
    if (span.bytes == 2) {
      for (size_t i = 0; i < out.size(); ++i) out[i] = le16(in + 2 * i);
      return;
    }
    for (size_t i = 0; i < out.size(); ++i) {
      const uint64_t value = span.bytes == 4 ? le32(in + 4 * i) : le64(in + 8 * i);
      if (value >= INT32_MAX) fail_value(span, first + static_cast<int64_t>(i));
      out[i] = static_cast<int32_t>(value);
    }
  }
  int64_t greatest() const {
    int32_t most = 0;
    std::vector<int32_t> block(1 << 14);
    for (size_t s = 0; s < spans_.size(); ++s) {
      const TokenSpan& span = spans_[s];
      check(s);
      for (int64_t at = 0; at < span.count; at += static_cast<int64_t>(block.size())) {
        const auto here = static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(block.size()), span.count - at));
        copy(span, at, std::span(block).first(here));
        most = std::max(most, *std::max_element(block.begin(), block.begin() + static_cast<ptrdiff_t>(here)));
      }
    }
    return most;
  }

  std::vector<fs::path> files_;
  std::vector<TokenSpan> spans_;
  std::vector<int64_t> starts_;  // positions of the first tokens
  int64_t size_ = 0;
  mutable std::vector<std::atomic<bool>> checked_;  // spans that have their checksum
  mutable std::mutex mutex_;
  mutable int64_t vocabulary_ = 0;  // 0: not yet counted
};

}  // namespace

bool is_token_file(const fs::path& path) {
  const std::string ending = path.extension().string();
  if (ending == ".bin" || ending == ".npy") return true;
  if (begins_like_npy(path)) return true;
  try {
    InputFile file(path);
    std::vector<uint8_t> first(8);
    first.resize(file.read_some(0, first));
    return llmc_kind_of(first) != nullptr;
  } catch (const DataError&) {
    return false;
  }
}

TokenSpan token_span_of(TextPlace place, const TokenOptions& options) {
  if (place.codec) return shard_span(std::move(place));
  const fs::path& path = place.file->path();
  if (begins_like_npy(path)) return npy_span(std::move(place));
  const std::span<const uint8_t> bytes = place.bytes();
  if (const LlmcKind* kind = llmc_kind_of(bytes)) return llmc_span(std::move(place), *kind);
  const uint32_t width = options.bytes_per_token.value_or(guess_width(bytes));
  if (width != 2 && width != 4) throw ConfigError("bytes_per_token", "2 or 4", std::to_string(width));
  if (bytes.size() % width != 0)
    fail_at_byte(path, bytes.size(), cat("expected tokens of ", width, " bytes, got ", bytes.size(), " bytes in all"));
  const auto count = static_cast<int64_t>(bytes.size() / width);
  return {std::move(place), width == 2 ? "tokens16" : "tokens32", 0, count, width, false};
}

std::unique_ptr<TokenStream> open_token_files(const std::vector<TextPlace>& places, const TokenOptions& options) {
  return std::make_unique<TokenFiles>(places, options);
}

}  // namespace hasten
