// The tokens of a piece of JSON. Only simdjson's first stage is used: pieces of a file have no beginning and no end, which
// its parsers require, and its on-demand values are doubles where exact decimals are needed.
#include "hasten/trace/tokens.h"

#include <simdjson.h>

#include <cstring>

#include "hasten/base/error.h"

namespace hasten::trace {
namespace {

constexpr size_t kDeepest = 512;

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

struct Tokens::Impl {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
  size_t capacity = 0;

  void reserve(size_t length) {
    if (parser && length <= capacity) return;
    capacity = std::max<size_t>(length + length / 2, size_t{1} << 16);
    auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, kDeepest, parser);
    if (error != simdjson::SUCCESS) throw InternalError("no memory for the JSON index");
  }
};

Tokens::Tokens() : impl_(std::make_unique<Impl>()) {}
Tokens::~Tokens() = default;

IndexStatus Tokens::index(const char* text, size_t length) {
  text_ = text;
  length_ = length;
  count_ = 0;
  if (length == 0) return IndexStatus::kEmpty;
  impl_->reserve(length);
  auto error = impl_->parser->stage1(reinterpret_cast<const uint8_t*>(text), length, simdjson::stage1_mode::regular);
  switch (error) {
    case simdjson::SUCCESS:
      at_ = impl_->parser->structural_indexes.get();
      count_ = impl_->parser->n_structural_indexes;
      return IndexStatus::kOk;
    case simdjson::EMPTY: return IndexStatus::kEmpty;
    case simdjson::UNCLOSED_STRING: return IndexStatus::kOpenString;
    case simdjson::UTF8_ERROR: return IndexStatus::kBadEncoding;
    case simdjson::UNESCAPED_CHARS: return IndexStatus::kControlCharacter;
    default: throw InternalError(std::string("JSON index: ") + simdjson::error_message(error));
  }
}

std::string_view Tokens::scalar(size_t token) const {
  size_t begin = at_[token], end = offset(token + 1);
  while (end > begin && is_blank(text_[end - 1])) --end;
  return {text_ + begin, end - begin};
}

std::string_view Tokens::string(size_t token) const {
  std::string_view whole = scalar(token);
  if (whole.size() < 2 || whole.front() != '"' || whole.back() != '"') throw Malformed{at_[token], "a string"};
  return whole.substr(1, whole.size() - 2);
}

size_t Tokens::skip(size_t token) const {
  bool in_object[kDeepest];
  size_t depth = 0;
  while (true) {
    if (token >= count_) return kNone;
    char c = (*this)[token];
    bool closes = false;
    if (c == '{' || c == '[') {
      if (depth == kDeepest) throw Malformed{at_[token], "fewer than 512 levels"};
      if (token + 1 >= count_) return kNone;
      bool object = c == '{';
      closes = (*this)[token + 1] == (object ? '}' : ']');
      if (!closes) {
        in_object[depth++] = object;
        ++token;
        if (object) {
          if ((*this)[token] != '"') throw Malformed{at_[token], "a key"};
          if (token + 2 >= count_) return kNone;
          string(token);
          if ((*this)[token + 1] != ':') throw Malformed{at_[token + 1], "':'"};
          token += 2;
        }
        continue;
      }
      token += 2;
    } else if (c == '"') {
      if (token + 1 >= count_ && depth > 0) return kNone;
      string(token++);
    } else if (c == '}' || c == ']' || c == ':' || c == ',') {
      throw Malformed{at_[token], "a value"};
    } else {
      ++token;
    }
    // A value ends here: close what ends with it, or go to the next one.
    while (true) {
      if (depth == 0) return token;
      if (token >= count_) return kNone;
      char after = (*this)[token];
      if (after == ',') break;
      if (after != (in_object[depth - 1] ? '}' : ']')) {
        throw Malformed{at_[token], in_object[depth - 1] ? "',' or '}'" : "',' or ']'"};
      }
      --depth;
      ++token;
    }
    ++token;
    if (in_object[depth - 1]) {
      if (token >= count_) return kNone;
      if ((*this)[token] != '"') throw Malformed{at_[token], "a key"};
      if (token + 2 >= count_) return kNone;
      string(token);
      if ((*this)[token + 1] != ':') throw Malformed{at_[token + 1], "':'"};
      token += 2;
    }
  }
}

namespace {

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 63));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 63));
    out += static_cast<char>(0x80 | (code & 63));
  } else {
    out += static_cast<char>(0xf0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 63));
    out += static_cast<char>(0x80 | ((code >> 6) & 63));
    out += static_cast<char>(0x80 | (code & 63));
  }
}

// The four hex digits at `text`, or -1.
int32_t hex4(std::string_view text) {
  if (text.size() < 4) return -1;
  int32_t value = 0;
  for (char c : text.substr(0, 4)) {
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

// Reads the "uXXXX" (and its low surrogate) at `text`; returns the bytes used, 0 when it is wrong.
size_t unicode_escape(std::string_view text, std::string& out) {
  int32_t code = hex4(text.substr(1));
  if (code < 0 || (code >= 0xdc00 && code < 0xe000)) return 0;
  if (code < 0xd800 || code >= 0xe000) {
    append_utf8(out, static_cast<uint32_t>(code));
    return 5;
  }
  if (text.size() < 11 || text[5] != '\\' || text[6] != 'u') return 0;
  int32_t low = hex4(text.substr(7));
  if (low < 0xdc00 || low >= 0xe000) return 0;
  append_utf8(out, 0x10000 + ((static_cast<uint32_t>(code) - 0xd800) << 10) + (static_cast<uint32_t>(low) - 0xdc00));
  return 11;
}

}  // namespace

std::string unescape(std::string_view text, int64_t& bad) {
  constexpr std::string_view kFrom = "\"\\/bfnrt";
  constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    size_t simple = kFrom.find(text[i + 1]);
    if (simple != std::string_view::npos) {
      out += kTo[simple];
      ++i;
    } else if (size_t used = text[i + 1] == 'u' ? unicode_escape(text.substr(i + 1), out) : 0; used > 0) {
      i += used;
    } else {
      out += text[i];
      ++bad;
    }
  }
  return out;
}

namespace {

// Bytes of the UTF-8 character at `i`; 0 when it is wrong, -1 when it is cut off by the end.
int character_length(const char* text, size_t i, size_t length) {
  auto byte = [&](size_t k) { return static_cast<unsigned char>(text[k]); };
  unsigned char lead = byte(i);
  if (lead < 0x80) return 1;
  int size = lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  for (int k = 1; k < size; ++k) {
    if (i + static_cast<size_t>(k) >= length) return -1;
    unsigned char next = byte(i + static_cast<size_t>(k));
    unsigned char low = 0x80, high = 0xbf;
    if (k == 1) {  // no overlong forms, no surrogates, nothing above U+10FFFF
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    }
    if (next < low || next > high) return 0;
  }
  return size;
}

}  // namespace

Mended mend_encoding(char* text, size_t length) {
  Mended mended;
  for (size_t i = 0; i < length;) {
    int size = character_length(text, i, length);
    if (size > 0) {
      i += static_cast<size_t>(size);
      continue;
    }
    if (mended.count++ == 0) mended.first = i;
    text[i++] = '?';
  }
  return mended;
}

Mended mend_control_characters(char* text, size_t length) {
  Mended mended;
  bool inside = false;
  for (size_t i = 0; i < length; ++i) {
    if (inside && text[i] == '\\') {
      ++i;
      if (i >= length) break;
    } else if (text[i] == '"') {
      inside = !inside;
      continue;
    }
    if (inside && static_cast<unsigned char>(text[i]) < 0x20) {
      if (mended.count++ == 0) mended.first = i;
      text[i] = ' ';
    }
  }
  return mended;
}

size_t whole_characters(const char* text, size_t length) {
  for (size_t back = 1; back <= 3 && back <= length; ++back) {
    auto byte = static_cast<unsigned char>(text[length - back]);
    if ((byte & 0xc0) == 0x80) continue;  // in the middle of a character
    return byte >= 0xc0 && character_length(text, length - back, length) < 0 ? length - back : length;
  }
  return length;
}

}  // namespace hasten::trace
