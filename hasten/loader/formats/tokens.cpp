// Text as numbers: which files there are, and raw text.
#include "hasten/loader/formats/tokens.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/input.h"
#include "hasten/loader/formats/part_names.h"
#include "hasten/loader/formats/text_files.h"
#include "hasten/loader/formats/token_files.h"
#include "hasten/loader/formats/vocabulary.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

// Tokens of raw text may take any number of bytes: the place of every 256th is kept, the others are counted from there.
constexpr int64_t kTokensPerMark = 256;

// A piece of text, and where its tokens begin.
struct TextPiece {
  TextPlace place;
  std::vector<uint64_t> marks;  // places of tokens 0, 256, ... of the piece; none when each takes one byte
  int64_t count = 0;

  const fs::path& path() const { return place.file->path(); }
  std::span<const uint8_t> from(uint64_t byte) const { return place.file->bytes().subspan(byte, place.end - byte); }
};

class RawText : public TokenStream {
 public:
  RawText(std::vector<TextPiece> pieces, std::unique_ptr<const Vocabulary> vocabulary)
      : pieces_(std::move(pieces)), vocabulary_(std::move(vocabulary)) {
    for (TextPiece& piece : pieces_) {
      mark(piece);
      starts_.push_back(size_);
      size_ += piece.count;
      if (files_.empty() || files_.back() != piece.path()) files_.push_back(piece.path());
    }
    if (size_ == 0) throw DataError(files_.front().string(), "", "expected text, got none");
  }

  const std::string& format() const override { return vocabulary_->format(); }
  int64_t size() const override { return size_; }
  int64_t vocabulary_size() const override { return vocabulary_->size(); }
  std::string text_of(int32_t token) const override { return vocabulary_->text_of(token); }
  const std::vector<fs::path>& files() const override { return files_; }

  void read(int64_t position, std::span<int32_t> out) const override {
    HASTEN_CHECK(position >= 0 && position <= size_ - static_cast<int64_t>(out.size()), "tokens within the stream");
    auto p = static_cast<size_t>(std::upper_bound(starts_.begin(), starts_.end(), position) - starts_.begin() - 1);
    while (!out.empty()) {
      const TextPiece& piece = pieces_[p];
      const int64_t inner = position - starts_[p];
      const auto here = static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(out.size()), piece.count - inner));
      read_piece(piece, inner, out.first(here));
      out = out.subspan(here);
      position += static_cast<int64_t>(here);
      ++p;
    }
  }

 private:
  TokenAt token_at(const TextPiece& piece, uint64_t byte) const {
    const TokenAt next = vocabulary_->next(piece.from(byte));
    if (next.bytes == 0)
      fail_at_byte(piece.path(), byte,
                   cat("expected a text of the vocabulary, got ",
                       bytes_text(piece.from(byte).first(std::min<uint64_t>(4, piece.place.end - byte)))),
                   "add it to the vocabulary, or \"<unk>\" for what nothing fits");
    return next;
  }
  void mark(TextPiece& piece) const {
    if (vocabulary_->is_bytewise()) {
      piece.count = static_cast<int64_t>(piece.place.end - piece.place.begin);
      return;
    }
    for (uint64_t byte = piece.place.begin; byte < piece.place.end; ++piece.count) {
      if (piece.count % kTokensPerMark == 0) piece.marks.push_back(byte);
      byte += token_at(piece, byte).bytes;
    }
  }
  void read_piece(const TextPiece& piece, int64_t position, std::span<int32_t> out) const {
    uint64_t byte = piece.place.begin + static_cast<uint64_t>(position);
    if (!vocabulary_->is_bytewise()) {
      byte = piece.marks[static_cast<size_t>(position / kTokensPerMark)];
      for (int64_t skip = position % kTokensPerMark; skip > 0; --skip) byte += token_at(piece, byte).bytes;
    }
    for (int32_t& token : out) {
      const TokenAt next = token_at(piece, byte);
      token = next.token;
      byte += next.bytes;
    }
  }

  std::vector<TextPiece> pieces_;
  std::unique_ptr<const Vocabulary> vocabulary_;
  std::vector<int64_t> starts_;
  std::vector<fs::path> files_;
  int64_t size_ = 0;
};

FoundParts parts_by_name(const std::vector<TextPlace>& places) {
  FoundParts parts;
  const bool several = std::any_of(places.begin(), places.end(),
                                   [&](const TextPlace& place) { return place.name != places.front().name; });
  if (!several) return parts;
  for (const TextPlace& place : places) parts.add(part_name_in(place.name));
  return parts;
}

bool is_divided(const std::vector<TextPlace>& places) {
  return parts_by_name(places).names() != std::vector<std::string>{""};
}

bool holds_tokens(const TextPlace& place) {
  return place.codec ? *place.codec != Codec::kText : is_token_file(place.file->path());
}

// The place where the test part of a text begins: after a share of its characters, or else of its bytes.
uint64_t place_of_test(const TextPlace& text, const TokenOptions& options) {
  const std::span<const uint8_t> bytes = text.bytes();
  if (options.unit != TextUnit::kCharacter) {
    auto place = static_cast<uint64_t>(static_cast<double>(bytes.size()) * options.train_share);
    if (options.unit == TextUnit::kVocabulary) {  // not within a character
      while (place > 0 && place < bytes.size() && (bytes[place] & 0xc0) == 0x80) --place;
    }
    return text.begin + place;
  }
  // Characters are what has been checked to be UTF-8: all bytes but those that go on.
  auto begins = [](uint8_t byte) { return (byte & 0xc0) != 0x80; };
  const auto characters = static_cast<double>(std::count_if(bytes.begin(), bytes.end(), begins));
  auto left = static_cast<int64_t>(characters * options.train_share);
  uint64_t place = 0;
  for (; place < bytes.size(); ++place) {
    if (begins(bytes[place]) && left-- == 0) break;
  }
  return text.begin + place;
}

// Characters are those of all files, so that the parts have the same numbers.
std::unique_ptr<const Vocabulary> vocabulary_for(const std::vector<TextPlace>& texts, const TokenOptions& options) {
  if (options.unit == TextUnit::kByte) return std::make_unique<ByteVocabulary>();
  if (options.unit == TextUnit::kVocabulary) {
    if (options.vocabulary.empty()) throw ConfigError("vocabulary", "a file of texts", "none");
    return std::make_unique<TextVocabulary>(options.vocabulary);
  }
  auto characters = std::make_unique<CharacterVocabulary>();
  for (const TextPlace& text : texts) characters->add(text.bytes(), text.file->path());
  characters->finish();
  return characters;
}

std::unique_ptr<TokenStream> open_raw_text(std::vector<TextPlace> texts, const std::string& part,
                                           const TokenOptions& options, const fs::path& path) {
  if (!(options.train_share > 0 && options.train_share < 1))
    throw ConfigError("train_share", "a number in (0, 1)", number(options.train_share));
  for (const TextPlace& text : texts) text.check();
  std::unique_ptr<const Vocabulary> vocabulary = vocabulary_for(texts, options);
  std::vector<TextPiece> pieces;
  if (is_divided(texts)) {
    const PartName wanted = parts_by_name(texts).resolve(part, path.string());
    for (TextPlace& text : texts) {
      if (part_name_in(text.name) == wanted) pieces.push_back({std::move(text), {}, 0});
    }
  } else {
    if (part != "train" && part != "test")
      throw ConfigError("data", "the part train or test of " + path.string(), "\"" + part + "\"");
    // Of several texts that belong to no part, each is divided.
    for (TextPlace& text : texts) {
      (part == "train" ? text.end : text.begin) = place_of_test(text, options);
      pieces.push_back({std::move(text), {}, 0});
    }
  }
  return std::make_unique<RawText>(std::move(pieces), std::move(vocabulary));
}

}  // namespace

std::vector<std::string> token_parts_of(const fs::path& path) {
  const std::vector<TextPlace> places = text_places_of(path);
  if (is_divided(places)) return parts_by_name(places).names();
  return holds_tokens(places.front()) ? std::vector<std::string>{""} : std::vector<std::string>{"train", "test"};
}

std::unique_ptr<TokenStream> open_tokens(const fs::path& path, const std::string& part, const TokenOptions& options) {
  std::vector<TextPlace> places = text_places_of(path);
  if (!holds_tokens(places.front())) return open_raw_text(std::move(places), part, options, path);
  const PartName wanted = parts_by_name(places).resolve(part, path.string());
  std::erase_if(
      places, [&](const TextPlace& place) { return wanted != PartName::kNone && part_name_in(place.name) != wanted; });
  return open_token_files(places, options);
}

}  // namespace hasten
