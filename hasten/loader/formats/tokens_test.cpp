#include "hasten/loader/formats/tokens.h"

#include <gmock/gmock.h>

#include "hasten/base/shared_data.h"
#include "hasten/loader/formats/open.h"
#include "hasten/loader/formats/test_files.h"

namespace hasten {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::vector<int32_t> all_of(const TokenStream& stream) {
  std::vector<int32_t> tokens(static_cast<size_t>(stream.size()));
  stream.read(0, tokens);
  return tokens;
}

TEST(TokenFiles, RawSixteenAndThirtyTwoBits) {
  TestFolder folder;
  std::vector<uint16_t> narrow;
  std::vector<uint32_t> wide;
  std::vector<int32_t> expected;
  for (int32_t i = 0; i < 1000; ++i) {
    expected.push_back(i * 37 % 50257);
    narrow.push_back(static_cast<uint16_t>(expected.back()));
    wide.push_back(static_cast<uint32_t>(expected.back()));
  }
  const auto a = open_tokens(folder.put("a.bin", bytes_of(narrow)), ""),
             b = open_tokens(folder.put("b.bin", bytes_of(wide)), "");
  EXPECT_EQ(a->format(), "tokens16");
  EXPECT_EQ(b->format(), "tokens32");
  EXPECT_EQ(all_of(*a), expected);
  EXPECT_EQ(all_of(*b), expected);
  EXPECT_EQ(a->vocabulary_size(), 1 + *std::max_element(expected.begin(), expected.end()));
  EXPECT_EQ(open_tokens(folder.path() / "b.bin", "", {.bytes_per_token = 2})->size(), 2000);
  EXPECT_EQ(open_tokens(folder.path() / "a.bin", "", {.vocabulary_size = 50304})->vocabulary_size(), 50304);
  EXPECT_THAT(error_of([&] { open_tokens(folder.put("c.bin", "abc"), ""); }),
              HasSubstr("byte 3: expected tokens of 2 bytes"));
  EXPECT_THAT(error_of([&] { open_tokens(folder.put("c.bin", ""), ""); }), HasSubstr("expected tokens, got none"));
}

std::string llmc_file(uint32_t magic, uint32_t version, uint32_t count, const std::string& tokens) {
  std::vector<uint32_t> header(256);
  header[0] = magic;
  header[1] = version;
  header[2] = count;
  return bytes_of(header) + tokens;
}

TEST(TokenFiles, HeaderOfLlmcInSeveralFiles) {
  TestFolder folder;
  folder.put("f/fineweb_train_000001.bin", llmc_file(20240520, 1, 3, bytes_of<uint16_t>({1, 2, 3})));
  folder.put("f/fineweb_train_000002.bin", llmc_file(20240520, 1, 2, bytes_of<uint16_t>({4, 50256})));
  folder.put("f/fineweb_val_000000.bin", llmc_file(20240520, 1, 1, bytes_of<uint16_t>({9})));
  EXPECT_THAT(token_parts_of(folder.path() / "f"), ElementsAre("train", "test"));
  const auto train = open_tokens(folder.path() / "f", "train");
  EXPECT_EQ(train->format(), "llm.c");
  EXPECT_THAT(all_of(*train), ElementsAre(1, 2, 3, 4, 50256));
  std::vector<int32_t> middle(3);
  train->read(1, middle);
  EXPECT_THAT(middle, ElementsAre(2, 3, 4));
  EXPECT_THAT(all_of(*open_tokens(folder.path() / "f", "test")), ElementsAre(9));
  const auto llama = open_tokens(folder.put("l.bin", llmc_file(20240801, 7, 2, bytes_of<uint32_t>({128255, 1}))), "");
  EXPECT_THAT(all_of(*llama), ElementsAre(128255, 1));
  auto error = [&](const std::string& bytes) { return error_of([&] { open_tokens(folder.put("x.bin", bytes), ""); }); };
  EXPECT_THAT(error(llmc_file(20240520, 2, 1, "ab")), HasSubstr("byte 4: expected version 1"));
  EXPECT_THAT(error(llmc_file(20240520, 1, 2, "ab")),
              HasSubstr("byte 8: expected 2 tokens of 2 bytes, the file has 2 bytes"));
  EXPECT_THAT(error(llmc_file(20240520, 1, 2, "").substr(0, 100)), HasSubstr("truncated"));
}

TEST(TokenFiles, Npy) {
  TestFolder folder;
  folder.put("n/train.npy", npy_of("<u2", "3,", bytes_of<uint16_t>({1, 2, 65535})));
  folder.put("n/val.npy", npy_of("<i8", "2,", bytes_of<int64_t>({7, 8})));
  EXPECT_THAT(all_of(*open_tokens(folder.path() / "n", "train")), ElementsAre(1, 2, 65535));
  EXPECT_THAT(all_of(*open_tokens(folder.path() / "n", "test")), ElementsAre(7, 8));
  auto error = [&](const std::string& bytes) {
    return error_of([&] { all_of(*open_tokens(folder.put("x.npy", bytes), "")); });
  };
  EXPECT_THAT(error(npy_of("<i4", "1,", bytes_of<int32_t>({-1}))), HasSubstr("expected a token in 0..2147483646"));
  EXPECT_THAT(error(npy_of("<f4", "1,", "abcd")), HasSubstr("expected tokens as uint16"));
  EXPECT_THAT(error(npy_of("<u2", "2, 2", "abcdefgh")), HasSubstr("in one dimension, got <u2 in 2"));
  EXPECT_THAT(error(npy_of("|O", "1,", "x")), HasSubstr("got one of Python objects"));
  EXPECT_THAT(error(npy_of("<u2", "1,", "ab", true)), HasSubstr("expected an array in C's order"));
  EXPECT_THAT(error(npy_of("<u2", "2,", "ab")), HasSubstr("expected 4 bytes of values, got 2"));
  EXPECT_THAT(error(npy_of("<u2", "99999999999999999,", "ab")), HasSubstr("expected the sizes"));
  EXPECT_THAT(error(npy_of(">u2", "1,", "ab")), HasSubstr("expected little-endian numbers"));
}

TEST(NpyImages, ImagesAndLabels) {
  TestFolder folder;
  folder.put("d/x_train.npy", npy_of("|u1", "2, 2, 1, 3", "abcdefghijkl"));
  folder.put("d/y_train.npy", npy_of("<i8", "2,", bytes_of<int64_t>({4, 0})));
  folder.put("d/x_test.npy", npy_of("|u1", "1, 3, 2, 2", "mnopqrstuvwx"));
  folder.put("d/y_test.npy", npy_of("|u1", "1, 1", "\x02"));
  EXPECT_THAT(parts_of(folder.path() / "d"), ElementsAre("train", "test"));
  const auto train = open_samples(folder.path() / "d", "train"), test = open_samples(folder.path() / "d", "test");
  EXPECT_EQ(train->size(), 2);
  EXPECT_EQ(train->entry(0).label, 4);
  EXPECT_EQ(record_of(*train, 1), "ghijkl");
  EXPECT_EQ(train->entry(1).codec, Codec::kRaw);
  EXPECT_EQ(test->entry(0).codec, Codec::kPlanar);
  EXPECT_EQ(test->entry(0).channels, 3);
  EXPECT_EQ(test->entry(0).label, 2);
  folder.put("d/y_test.npy", npy_of("|u1", "2,", "\x02\x03"));
  EXPECT_THAT(error_of([&] { open_samples(folder.path() / "d", "test"); }),
              HasSubstr("expected 1 labels as x_test.npy"));
  folder.put("d/y_test.npy", npy_of("|i1", "1,", "\xff"));
  EXPECT_THAT(error_of([&] { open_samples(folder.path() / "d", "test"); }), HasSubstr("got a negative one"));
}

TEST(RawText, CharactersAreNumberedInTheirOrder) {
  TestFolder folder;
  const auto path = folder.put("input.txt", "hello wörld, 12345 ✓");  // 20 characters, 23 bytes
  EXPECT_THAT(token_parts_of(path), ElementsAre("train", "test"));
  const auto train = open_tokens(path, "train"), test = open_tokens(path, "test");
  EXPECT_EQ(train->format(), "characters");
  EXPECT_EQ(train->size(), 18);
  EXPECT_EQ(test->size(), 2);
  EXPECT_EQ(train->vocabulary_size(), 16);
  EXPECT_EQ(test->vocabulary_size(), 16);
  std::string text;
  for (int32_t token : all_of(*train)) text += train->text_of(token);
  EXPECT_EQ(text, "hello wörld, 12345");
  EXPECT_THAT(all_of(*test), ElementsAre(0, 15));  // the blank is the least, the tick the greatest
}

TEST(RawText, LongTextIsReadFromAnywhere) {
  TestFolder folder;
  std::string text;
  std::vector<int32_t> lengths;
  for (int i = 0; i < 3000; ++i) text += i % 3 == 0 ? "ä" : i % 7 == 0 ? "€" : "x";
  const auto train = open_tokens(folder.put("t.txt", text), "train");
  ASSERT_EQ(train->size(), 2700);
  const std::vector<int32_t> all = all_of(*train);
  for (int64_t position : {0, 1, 255, 256, 257, 1000, 2600}) {
    std::vector<int32_t> some(100);
    train->read(position, some);
    EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin() + position)) << position;
  }
}

TEST(RawText, BytesAndVocabulary) {
  TestFolder folder;
  const auto path = folder.put("t.txt", "the cat sat on the mat.\n0123456");
  const auto bytes = open_tokens(path, "train", {.unit = TextUnit::kByte});
  EXPECT_EQ(bytes->size(), 27);
  EXPECT_EQ(bytes->vocabulary_size(), 256);
  EXPECT_EQ(all_of(*bytes)[0], 't');
  const auto words = folder.put("v.txt", "the\\s\nt\nhe\ncat \nsat\\son\\s\nmat.\\n\n<unk>\n");
  const TokenOptions options{.unit = TextUnit::kVocabulary, .vocabulary = words};
  EXPECT_THAT(all_of(*open_tokens(path, "train", options)), ElementsAre(0, 3, 4, 0, 5, 6, 6, 6));
  const auto json = folder.put("v.json", R"(["the ", "cat ", "sat on ", "mat.\n"])");
  EXPECT_THAT(error_of([&] { open_tokens(path, "train", {.unit = TextUnit::kVocabulary, .vocabulary = json}); }),
              HasSubstr("t.txt, byte 24: expected a text of the vocabulary, got 30 31 32"));
  EXPECT_THAT(error_of([&] {
                open_tokens(path, "train",
                            {.unit = TextUnit::kVocabulary, .vocabulary = folder.put("w.txt", "a\nb\na\n")});
              }),
              HasSubstr("line 3: expected each text once"));
}

TEST(RawText, SeparateFilesShareTheirCharacters) {
  TestFolder folder;
  folder.put("d/train.txt", "bbb");
  folder.put("d/val.txt", "abc");
  const auto train = open_tokens(folder.path() / "d", "train"), test = open_tokens(folder.path() / "d", "test");
  EXPECT_THAT(all_of(*train), ElementsAre(1, 1, 1));
  EXPECT_THAT(all_of(*test), ElementsAre(0, 1, 2));
}

TEST(RawText, RefusesWhatIsNoText) {
  TestFolder folder;
  EXPECT_THAT(error_of([&] { open_tokens(folder.put("t.txt", "ab\xff"), "train"); }),
              HasSubstr("byte 2: expected text in UTF-8, got ff"));
  EXPECT_THAT(error_of([&] { open_tokens(folder.put("t.txt", "ab\xc3"), "train"); }),
              HasSubstr("byte 2: expected text in UTF-8"));
  EXPECT_THAT(error_of([&] { open_tokens(folder.put("t.txt", "ab\xed\xa0\x80"), "train"); }), HasSubstr("byte 2"));
  EXPECT_THAT(error_of([&] { open_tokens(folder.put("t.txt", ""), "train"); }), HasSubstr("expected text, got none"));
  EXPECT_THAT(error_of([&] { open_tokens(folder.put("t.txt", "abc"), ""); }),
              HasSubstr("expected the part train or test"));
}

TEST(RawText, SharedShakespeareAsNanoGptHasIt) {
  HASTEN_NEEDS_SHARED("tinyshakespeare.txt");
  const auto train = open_tokens(shared_data("tinyshakespeare.txt"), "train");
  const auto test = open_tokens(shared_data("tinyshakespeare.txt"), "test");
  EXPECT_EQ(train->vocabulary_size(), 65);  // the figures that nanoGPT's data/shakespeare_char/prepare.py prints
  EXPECT_EQ(train->size(), 1'003'854);
  EXPECT_EQ(test->size(), 111'540);
  std::vector<int32_t> first(5);
  train->read(0, first);
  EXPECT_THAT(first, ElementsAre(18, 47, 56, 57, 58));  // "First"
}

}  // namespace
}  // namespace hasten
