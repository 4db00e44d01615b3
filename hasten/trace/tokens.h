// The tokens of a piece of JSON, found by simdjson's vectorised first stage, and a strict walk over them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hasten::trace {

// Why a piece could not be indexed as it stands.
enum class IndexStatus : uint8_t { kOk, kEmpty, kOpenString, kBadEncoding, kControlCharacter };

// Positions of every token start in a piece: { } [ ] : , the opening quote of a string, the first byte of a scalar.
class Tokens {
 public:
  static constexpr size_t kNone = SIZE_MAX;

  Tokens();
  ~Tokens();
  Tokens(const Tokens&) = delete;
  Tokens& operator=(const Tokens&) = delete;

  // The piece must start outside a string. At most 4 GB; 64 bytes behind it must be readable.
  IndexStatus index(const char* text, size_t length);

  size_t count() const { return count_; }
  size_t offset(size_t token) const { return token < count_ ? at_[token] : length_; }
  char operator[](size_t token) const { return text_[at_[token]]; }
  // A scalar's text, without what follows it. For a string: what is between the quotes, still escaped.
  // Throws Malformed when a string does not end before the next token.
  std::string_view scalar(size_t token) const;
  std::string_view string(size_t token) const;

  // The token after the value that starts at `token`; kNone when the piece ends before the value does.
  // Throws Malformed at anything that is not JSON (scalars are taken as they are, so NaN passes).
  size_t skip(size_t token) const;

  struct Malformed {
    size_t offset;  // in the piece
    std::string expected;
  };

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  const char* text_ = nullptr;
  const uint32_t* at_ = nullptr;
  size_t count_ = 0, length_ = 0;
};

// JSON escapes undone. Wrong escapes stay as they are and are counted in `bad`.
std::string unescape(std::string_view text, int64_t& bad);

// Makes a piece indexable, in place: bytes that are not UTF-8 become '?', control characters in strings become spaces.
// Return how many, and where the first one was.
struct Mended {
  int64_t count = 0;
  size_t first = 0;
};
Mended mend_encoding(char* text, size_t length);
Mended mend_control_characters(char* text, size_t length);
// Length without a character that is cut off at the end.
size_t whole_characters(const char* text, size_t length);

}  // namespace hasten::trace
