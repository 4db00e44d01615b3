// What raw text is cut into: bytes, characters or the texts of a vocabulary, and their numbers.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace hasten {

// A token at the front of some text, and how many bytes of it it takes. No token: 0 bytes.
struct TokenAt {
  int32_t token = 0;
  uint32_t bytes = 0;
};

class Vocabulary {
 public:
  virtual ~Vocabulary() = default;
  virtual const std::string& format() const = 0;
  virtual int32_t size() const = 0;
  virtual std::string text_of(int32_t token) const = 0;
  virtual TokenAt next(std::span<const uint8_t> text) const = 0;
  // Whether every token of this text takes one byte, so that a position is a place.
  virtual bool is_bytewise() const { return false; }
};

class ByteVocabulary : public Vocabulary {
 public:
  const std::string& format() const override;
  int32_t size() const override { return 256; }
  std::string text_of(int32_t token) const override { return std::string(1, static_cast<char>(token)); }
  TokenAt next(std::span<const uint8_t> text) const override { return text.empty() ? TokenAt{} : TokenAt{text[0], 1}; }
  bool is_bytewise() const override { return true; }
};

// The characters (code points of Unicode) that occur in a text, numbered in their order.
class CharacterVocabulary : public Vocabulary {
 public:
  // Adds those of a text; throws DataError with the byte of `path` where it is not UTF-8.
  void add(std::span<const uint8_t> text, const std::filesystem::path& path);
  void finish();  // numbers them; nothing is added afterwards

  const std::string& format() const override;
  int32_t size() const override { return static_cast<int32_t>(characters_.size()); }
  std::string text_of(int32_t token) const override;
  TokenAt next(std::span<const uint8_t> text) const override;
  bool is_bytewise() const override { return characters_.empty() || characters_.back() < 0x80; }

 private:
  std::vector<bool> seen_;                 // by code point, while they are added
  std::vector<uint32_t> characters_;       // by token
  std::array<int32_t, 128> of_ascii_{};    // token by character, -1: none
};

// Texts of a file: the longest one that fits comes next. One a line, where \n, \r, \t, \s (a blank) and \\ stand for
// what a line cannot hold, or a JSON list of texts; their order is their number. "<unk>" stands for bytes that nothing fits.
class TextVocabulary : public Vocabulary {
 public:
  explicit TextVocabulary(const std::filesystem::path& path);  // throws DataError

  const std::string& format() const override;
  int32_t size() const override { return static_cast<int32_t>(texts_.size()); }
  std::string text_of(int32_t token) const override { return texts_.at(static_cast<size_t>(token)); }
  TokenAt next(std::span<const uint8_t> text) const override;

 private:
  void add(std::string text, const std::filesystem::path& path, size_t line);

  std::vector<std::string> texts_;
  std::vector<std::map<uint8_t, uint32_t>> branches_;  // of a tree over bytes; the root is 0
  std::vector<int32_t> token_of_;  // of its nodes, -1: none ends there
  int32_t unknown_ = -1;
};

}  // namespace hasten
