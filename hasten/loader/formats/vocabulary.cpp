// What raw text is cut into.
#include "hasten/loader/formats/vocabulary.h"

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/base/utf8.h"
#include "hasten/loader/formats/input.h"

namespace hasten {
namespace {

constexpr uint32_t kCodePoints = 0x110000;
constexpr uint64_t kLargestVocabularyFile = uint64_t{64} << 20;
constexpr size_t kLongestVocabularyText = 1 << 12;

std::string utf8_of(uint32_t code_point) {
  std::string text;
  auto put = [&](uint32_t byte) { text += static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xc0 | code_point >> 6);
    put(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    put(0xe0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3f));
    put(0x80 | (code_point & 0x3f));
  } else {
    put(0xf0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3f));
    put(0x80 | (code_point >> 6 & 0x3f));
    put(0x80 | (code_point & 0x3f));
  }
  return text;
}

std::string unescaped_line(std::string_view line, const std::filesystem::path& path, size_t number) {
  std::string text;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\') {
      text += line[i];
      continue;
    }
    const char next = ++i < line.size() ? line[i] : '\0';
    switch (next) {
      case 'n': text += '\n'; break;
      case 'r': text += '\r'; break;
      case 't': text += '\t'; break;
      case 's': text += ' '; break;
      case '\\': text += '\\'; break;
      default:
        throw DataError(path.string(), cat("line ", number), "expected \\n, \\r, \\t, \\s or \\\\ after a backslash",
                        "a backslash itself is written \\\\");
    }
  }
  return text;
}

}  // namespace

const std::string& ByteVocabulary::format() const {
  static const std::string name = "bytes";
  return name;
}

const std::string& CharacterVocabulary::format() const {
  static const std::string name = "characters";
  return name;
}

void CharacterVocabulary::add(std::span<const uint8_t> text, const std::filesystem::path& path) {
  seen_.resize(kCodePoints);
  std::array<bool, 128> ascii{};
  for (size_t at = 0; at < text.size();) {
    if (text[at] < 0x80) {
      ascii[text[at++]] = true;
      continue;
    }
    const Utf8Character character = first_character(text.subspan(at));
    if (character.bytes == 0)
      fail_at_byte(
          path, at,
          cat("expected text in UTF-8, got ", bytes_text(text.subspan(at, std::min<size_t>(4, text.size() - at)))),
          "convert the text to UTF-8, or read it by byte");
    seen_[character.code_point] = true;
    at += character.bytes;
  }
  for (uint32_t c = 0; c < ascii.size(); ++c) {
    if (ascii[c]) seen_[c] = true;
  }
}

void CharacterVocabulary::finish() {
  of_ascii_.fill(-1);
  for (uint32_t c = 0; c < seen_.size(); ++c) {
    if (!seen_[c]) continue;
    if (c < of_ascii_.size()) of_ascii_[c] = static_cast<int32_t>(characters_.size());
    characters_.push_back(c);
  }
  seen_ = {};
}

std::string CharacterVocabulary::text_of(int32_t token) const {
  return utf8_of(characters_.at(static_cast<size_t>(token)));
}

TokenAt CharacterVocabulary::next(std::span<const uint8_t> text) const {
  if (text.empty()) return {};
  if (text[0] < 0x80) return of_ascii_[text[0]] < 0 ? TokenAt{} : TokenAt{of_ascii_[text[0]], 1};
  const Utf8Character character = first_character(text);
  if (character.bytes == 0) return {};
  const auto found = std::lower_bound(characters_.begin(), characters_.end(), character.code_point);
  if (found == characters_.end() || *found != character.code_point) return {};
  return {static_cast<int32_t>(found - characters_.begin()), character.bytes};
}

const std::string& TextVocabulary::format() const {
  static const std::string name = "vocabulary";
  return name;
}

void TextVocabulary::add(std::string text, const std::filesystem::path& path, size_t line) {
  const std::string place = cat(line == 0 ? "text " : "line ", line == 0 ? texts_.size() : line);
  if (text.empty() || text.size() > kLongestVocabularyText)
    throw DataError(path.string(), place,
                    cat("expected a text of 1 to ", kLongestVocabularyText, " bytes, got ", text.size()));
  const auto token = static_cast<int32_t>(texts_.size());
  if (text == "<unk>") {
    unknown_ = token;
    texts_.push_back(std::move(text));
    return;
  }
  uint32_t node = 0;
  for (char c : text) {
    const auto [branch, is_new] =
        branches_[node].try_emplace(static_cast<uint8_t>(c), static_cast<uint32_t>(branches_.size()));
    node = branch->second;
    if (!is_new) continue;
    branches_.emplace_back();
    token_of_.push_back(-1);
  }
  if (token_of_[node] >= 0)
    throw DataError(path.string(), place, cat("expected each text once, got \"", text, "\" again"));
  token_of_[node] = token;
  texts_.push_back(std::move(text));
}

TextVocabulary::TextVocabulary(const std::filesystem::path& path) : branches_(1), token_of_(1, -1) {
  const std::vector<uint8_t> bytes = read_content(path, kLargestVocabularyFile);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (trim(text).starts_with("[") && path.extension() == ".json") {
    const Json list = parse_json(text, path);
    for (const Json& entry : list) {
      if (!entry.is_string()) throw DataError(path.string(), cat("text ", texts_.size()), "expected a list of texts");
      add(entry.get<std::string>(), path, 0);
    }
  } else {
    std::vector<std::string> lines = split(text, '\n');
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
    for (size_t i = 0; i < lines.size(); ++i) {
      if (!lines[i].empty() && lines[i].back() == '\r') lines[i].pop_back();
      add(unescaped_line(lines[i], path, i + 1), path, i + 1);
    }
  }
  if (texts_.empty()) throw DataError(path.string(), "", "expected a vocabulary, got no texts");
}

TokenAt TextVocabulary::next(std::span<const uint8_t> text) const {
  TokenAt longest;
  uint32_t node = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto branch = branches_[node].find(text[i]);
    if (branch == branches_[node].end()) break;
    node = branch->second;
    if (token_of_[node] >= 0) longest = {token_of_[node], static_cast<uint32_t>(i + 1)};
  }
  if (longest.bytes == 0 && unknown_ >= 0 && !text.empty()) {
    const Utf8Character character = first_character(text);  // one unknown a character, not a byte
    return {unknown_, std::max(1U, character.bytes)};
  }
  return longest;
}

}  // namespace hasten
