// Pieces of JSON: where a piece may be cut.
#include "hasten/trace/tokens.h"

#include <gtest/gtest.h>

namespace hasten::trace {
namespace {

// The length without a character that the end cuts off, of 2, 3 and 4 bytes, by 1, 2 and 3 of them.
TEST(Tokens, WholeCharactersAtACut) {
  auto whole = [](const std::string& text) { return whole_characters(text.data(), text.size()); };
  for (const std::string character : {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    for (size_t kept = 1; kept < character.size(); ++kept) {
      EXPECT_EQ(whole("ab" + character.substr(0, kept)), 2u) << character << kept;
      EXPECT_EQ(whole(character.substr(0, kept)), 0u) << character << kept;
      EXPECT_EQ(whole("a" + character + character.substr(0, kept)), 1 + character.size()) << character << kept;
    }
    EXPECT_EQ(whole("ab" + character), 2 + character.size());
  }
  EXPECT_EQ(whole("ab"), 2u);
  EXPECT_EQ(whole(""), 0u);
  EXPECT_EQ(whole("a\xff"), 2u);  // wrong, not cut
  EXPECT_EQ(whole("a\x80\x80\x80\x80"), 5u);
}

}  // namespace
}  // namespace hasten::trace
