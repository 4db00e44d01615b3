// Text as numbers: files of tokens, and raw text by byte, by character or by a vocabulary. Memory-mapped: what is not
// read costs nothing, and what is read stays in the page cache, which all processes share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hasten {

// A sequence of tokens. Functions may be called from several threads at once.
class TokenStream {
 public:
  virtual ~TokenStream() = default;
  virtual const std::string& format()
      const = 0;  // "tokens16", "tokens32", "llm.c", "npy", "bytes", "characters", "vocabulary"
  virtual int64_t size() const = 0;
  // How many different tokens there may be. For files of tokens that is one more than the greatest in this part, found
  // by one pass at the first call, unless TokenOptions said it.
  virtual int64_t vocabulary_size() const = 0;
  // Fills `out` with the tokens at position, position + 1, ... Throws DataError for a token outside of the vocabulary.
  virtual void read(int64_t position, std::span<int32_t> out) const = 0;
  // The text of a token; empty where only numbers are known.
  virtual std::string text_of(int32_t) const { return ""; }
  virtual const std::vector<std::filesystem::path>& files() const = 0;
};

enum class TextUnit : uint8_t { kByte, kCharacter, kVocabulary };

struct TokenOptions {
  TextUnit unit = TextUnit::kCharacter;  // of raw text
  std::filesystem::path vocabulary;  // of kVocabulary: a text a line, or a JSON list of texts
  std::optional<uint32_t> bytes_per_token;  // of raw .bin files: 2 or 4; the content says it when left out
  std::optional<int64_t> vocabulary_size;  // of files of tokens
  double train_share = 0.9;  // of raw text in one file: the first part of it trains, the rest tests
};

// Parts of the tokens at `path`, as parts_of() has them for samples: a raw text in one file is divided.
std::vector<std::string> token_parts_of(const std::filesystem::path& path);
// A file or a folder of files: .bin (uint16 or uint32, with or without the header of llm.c and modded-nanogpt), .npy (one
// dimension of uint16, uint32, int32, int64), anything else is text in UTF-8. Several files of a part follow each other in
// the order of their names. Throws ConfigError for a part that is not there, DataError for damaged files.
std::unique_ptr<TokenStream> open_tokens(const std::filesystem::path& path, const std::string& part,
                                         const TokenOptions& options = {});

}  // namespace hasten
