// Text as numbers: which files there are, and raw text.
#include "hasten/loader/formats/tokens.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/format.h"
#include "hasten/loader/formats/image_kind.h"
#include "hasten/loader/formats/input.h"
#include "hasten/loader/formats/mapped_file.h"
#include "hasten/loader/formats/token_files.h"
#include "hasten/loader/formats/vocabulary.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

// Tokens of raw text may take any number of bytes: the place of every 256th is kept, the others are counted from there.
constexpr int64_t kTokensPerMark = 256;

// A piece of a file that is read as text.
struct TextPiece {
  std::shared_ptr<const MappedFile> file;
  uint64_t begin = 0, end = 0;
  std::vector<uint64_t> marks;  // places of tokens 0, 256, ... of the piece; none when each takes one byte
  int64_t count = 0;

  std::span<const uint8_t> from(uint64_t place) const { return file->bytes().subspan(place, end - place); }
};

class RawText : public TokenStream {
 public:
  RawText(std::vector<TextPiece> pieces, std::unique_ptr<const Vocabulary> vocabulary)
      : pieces_(std::move(pieces)), vocabulary_(std::move(vocabulary)) {
    for (TextPiece& piece : pieces_) {
      mark(piece);
      starts_.push_back(size_);
      size_ += piece.count;
      files_.push_back(piece.file->path());
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
  TokenAt token_at(const TextPiece& piece, uint64_t place) const {
    const TokenAt next = vocabulary_->next(piece.from(place));
    if (next.bytes == 0)
      fail_at_byte(piece.file->path(), place,
                   cat("expected a text of the vocabulary, got ",
                       bytes_text(piece.from(place).first(std::min<uint64_t>(4, piece.end - place)))),
                   "add it to the vocabulary, or \"<unk>\" for what nothing fits");
    return next;
  }
  void mark(TextPiece& piece) const {
    if (vocabulary_->is_bytewise()) {
      piece.count = static_cast<int64_t>(piece.end - piece.begin);
      return;
    }
    for (uint64_t place = piece.begin; place < piece.end; ++piece.count) {
      if (piece.count % kTokensPerMark == 0) piece.marks.push_back(place);
      place += token_at(piece, place).bytes;
    }
  }
  void read_piece(const TextPiece& piece, int64_t position, std::span<int32_t> out) const {
    uint64_t place = piece.begin + static_cast<uint64_t>(position);
    if (!vocabulary_->is_bytewise()) {
      place = piece.marks[static_cast<size_t>(position / kTokensPerMark)];
      for (int64_t skip = position % kTokensPerMark; skip > 0; --skip) place += token_at(piece, place).bytes;
    }
    for (int32_t& token : out) {
      const TokenAt next = token_at(piece, place);
      token = next.token;
      place += next.bytes;
    }
  }

  std::vector<TextPiece> pieces_;
  std::unique_ptr<const Vocabulary> vocabulary_;
  std::vector<int64_t> starts_;
  std::vector<fs::path> files_;
  int64_t size_ = 0;
};

// Files of tokens or text in a folder, in the order of their names; the file itself for a file.
std::vector<fs::path> text_files_of(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error))
    throw ConfigError("data", "a file or folder with text or tokens", path.string() + ", which is not there");
  if (!fs::is_directory(path, error)) return {path};
  std::vector<fs::path> tokens, texts, plain;
  for (const std::string& name : sorted_listing(path)) {
    if (name.back() == '/' || name.front() == '.') continue;
    const std::string ending = lower_ending(name);
    if (ending == ".bin" || ending == ".npy") tokens.push_back(path / name);
    else if (ending == ".txt") texts.push_back(path / name);
    else if (ending.empty() && name != "README" && name != "LICENSE") plain.push_back(path / name);
  }
  const std::vector<fs::path>& found = !tokens.empty() ? tokens : !texts.empty() ? texts : plain;
  if (found.empty())
    throw DataError(path.string(), "", "expected files of tokens (.bin, .npy) or text (.txt), got none");
  return found;
}

FoundParts parts_by_name(const std::vector<fs::path>& files) {
  FoundParts parts;
  if (files.size() == 1) return parts;
  for (const fs::path& file : files) parts.add(part_name_in(file.filename().string()));
  return parts;
}

bool is_divided(const std::vector<fs::path>& files) {
  return parts_by_name(files).names() != std::vector<std::string>{""};
}

// The place where the test part of a text begins: after a share of its characters, or else of its bytes.
uint64_t place_of_test(const MappedFile& file, const TokenOptions& options) {
  const std::span<const uint8_t> bytes = file.bytes();
  if (options.unit != TextUnit::kCharacter) {
    auto place = static_cast<uint64_t>(static_cast<double>(bytes.size()) * options.train_share);
    if (options.unit == TextUnit::kVocabulary) {  // not within a character
      while (place > 0 && place < bytes.size() && (bytes[place] & 0xc0) == 0x80) --place;
    }
    return place;
  }
  // Characters are what has been checked to be UTF-8: all bytes but those that go on.
  auto begins = [](uint8_t byte) { return (byte & 0xc0) != 0x80; };
  const auto characters = static_cast<double>(std::count_if(bytes.begin(), bytes.end(), begins));
  auto left = static_cast<int64_t>(characters * options.train_share);
  uint64_t place = 0;
  for (; place < bytes.size(); ++place) {
    if (begins(bytes[place]) && left-- == 0) break;
  }
  return place;
}

// Characters are those of all files, so that the parts have the same numbers.
std::unique_ptr<const Vocabulary> vocabulary_for(const std::vector<std::shared_ptr<const MappedFile>>& files,
                                                 const TokenOptions& options) {
  if (options.unit == TextUnit::kByte) return std::make_unique<ByteVocabulary>();
  if (options.unit == TextUnit::kVocabulary) {
    if (options.vocabulary.empty()) throw ConfigError("vocabulary", "a file of texts", "none");
    return std::make_unique<TextVocabulary>(options.vocabulary);
  }
  auto characters = std::make_unique<CharacterVocabulary>();
  for (const auto& file : files) characters->add(file->bytes(), file->path());
  characters->finish();
  return characters;
}

std::unique_ptr<TokenStream> open_raw_text(const std::vector<fs::path>& paths, const std::string& part,
                                           const TokenOptions& options, const fs::path& path) {
  if (!(options.train_share > 0 && options.train_share < 1))
    throw ConfigError("train_share", "a number in (0, 1)", number(options.train_share));
  std::vector<std::shared_ptr<const MappedFile>> files;
  for (const fs::path& file : paths) files.push_back(std::make_shared<MappedFile>(file));
  std::unique_ptr<const Vocabulary> vocabulary = vocabulary_for(files, options);
  std::vector<TextPiece> pieces;
  if (is_divided(paths)) {
    const PartName wanted = parts_by_name(paths).resolve(part, path.string());
    for (const auto& file : files) {
      if (part_name_in(file->path().filename().string()) == wanted)
        pieces.push_back({file, 0, file->bytes().size(), {}, 0});
    }
  } else {
    if (part != "train" && part != "test")
      throw ConfigError("data", "the part train or test of " + path.string(), "\"" + part + "\"");
    // Of several files that belong to no part, each is divided.
    for (const auto& file : files) {
      const uint64_t test = place_of_test(*file, options);
      if (part == "train") pieces.push_back({file, 0, test, {}, 0});
      else pieces.push_back({file, test, file->bytes().size(), {}, 0});
    }
  }
  return std::make_unique<RawText>(std::move(pieces), std::move(vocabulary));
}

}  // namespace

std::vector<std::string> token_parts_of(const fs::path& path) {
  const std::vector<fs::path> files = text_files_of(path);
  if (is_divided(files)) return parts_by_name(files).names();
  return is_token_file(files.front()) ? std::vector<std::string>{""} : std::vector<std::string>{"train", "test"};
}

std::unique_ptr<TokenStream> open_tokens(const fs::path& path, const std::string& part, const TokenOptions& options) {
  const std::vector<fs::path> files = text_files_of(path);
  if (!is_token_file(files.front())) return open_raw_text(files, part, options, path);
  const PartName wanted = parts_by_name(files).resolve(part, path.string());
  std::vector<fs::path> found;
  for (const fs::path& file : files) {
    if (wanted == PartName::kNone || part_name_in(file.filename().string()) == wanted) found.push_back(file);
  }
  return open_token_files(found, options);
}

}  // namespace hasten
