// Files of tokens, each a number: what open_tokens() in tokens.h makes of .bin and .npy files, and of shards.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "hasten/loader/formats/text_files.h"
#include "hasten/loader/formats/tokens.h"

namespace hasten {

// The tokens of a place.
struct TokenSpan {
  TextPlace place;
  std::string format;  // of TokenStream
  uint64_t data = 0;   // the byte of the file where they begin
  int64_t count = 0;
  uint32_t bytes = 2;  // of a token
  bool is_signed = false;

  const uint8_t* at(int64_t position) const {
    return place.file->bytes().data() + data + static_cast<uint64_t>(position) * bytes;
  }
};

// Whether the ending or the first bytes say that a file holds tokens, not text.
bool is_token_file(const std::filesystem::path& path);
// Throws DataError for a file that is not what its header says.
TokenSpan token_span_of(TextPlace place, const TokenOptions& options);
std::unique_ptr<TokenStream> open_token_files(const std::vector<TextPlace>& places, const TokenOptions& options);

}  // namespace hasten
