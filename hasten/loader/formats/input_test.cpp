#include "hasten/loader/formats/input.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "hasten/loader/formats/test_files.h"

namespace hasten {
namespace {

using testing::HasSubstr;

std::string content(const std::filesystem::path& path, uint64_t limit = 1 << 24) {
  const std::vector<uint8_t> bytes = read_content(path, limit);
  return {bytes.begin(), bytes.end()};
}

std::string varied(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * i >> 3 ^ i);
  return text;
}

TEST(Input, ReadsPlainAndPackedContentAlike) {
  TestFolder folder;
  const std::string text = varied(700'001);
  for (const std::string& packed :
       {text, gzipped(text), zstd_packed(text), gzipped(text.substr(0, 9)) + gzipped(text.substr(9)),
        zstd_packed(text.substr(0, 500'000)) + zstd_packed(text.substr(500'000))}) {
    EXPECT_EQ(content(folder.put("a", packed)), text);
  }
}

TEST(Input, SkipsAndReadsOn) {
  TestFolder folder;
  const std::string text = varied(600'000);
  for (const std::string& packed : {text, gzipped(text), zstd_packed(text)}) {
    InputStream stream(folder.put("a", packed));
    std::vector<uint8_t> bytes(10);
    EXPECT_EQ(stream.skip(399'990), 399'990U);
    stream.read_exactly(bytes, "ten");
    EXPECT_EQ(text_of(bytes), text.substr(399'990, 10));
    EXPECT_EQ(stream.skip(1 << 30), 200'000U);
    EXPECT_EQ(stream.read(bytes), 0U);
  }
}

TEST(Input, RefusesCutAndChangedPackedFiles) {
  TestFolder folder;
  const std::string text = varied(300'000);
  for (std::string packed : {gzipped(text), zstd_packed(text)}) {
    EXPECT_THAT(error_of([&] { content(folder.put("a", packed.substr(0, packed.size() / 2))); }),
                HasSubstr("truncated"));
    EXPECT_THAT(error_of([&] { content(folder.put("a", packed.substr(0, packed.size() - 1))); }),
                HasSubstr("truncated"));
    EXPECT_THAT(error_of([&] { content(folder.put("a", packed + "x")); }), HasSubstr("byte"));
    packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x55);
    if (packed[0] == '\x1f') {
      EXPECT_THAT(error_of([&] { content(folder.put("a", packed)); }), HasSubstr("damaged"));
    }
  }
}

TEST(Input, ABombStopsAtTheLimit) {
  TestFolder folder;
  const auto path = folder.put("bomb.gz", gzipped(std::string(8 << 20, '\0')));
  EXPECT_LT(std::filesystem::file_size(path), 20'000U);
  EXPECT_THAT(error_of([&] { content(path, 1 << 20); }), HasSubstr("expected at most 1048576 bytes of unpacked data"));
}

TEST(Input, PackedSampleFilesUnpackToWhatWasPromised) {
  TestFolder folder;
  const std::string text = varied(100'000);
  const auto path = folder.put("a.zst", zstd_packed(text));
  const SampleFile file = packed_sample_file(path, text.size());
  EXPECT_EQ(text_of(*file.unpack()), text);
  EXPECT_THAT(error_of([&] { packed_sample_file(path, text.size() + 1).unpack(); }), HasSubstr("truncated"));
  EXPECT_THAT(error_of([&] { packed_sample_file(path, text.size() - 1).unpack(); }), HasSubstr("expected at most"));
  folder.put("a.zst", zstd_packed(text + "more"));
  EXPECT_THAT(error_of([&] { file.unpack(); }), HasSubstr("as when it was opened"));
}

TEST(Input, RefusesWhatIsNoFile) {
  TestFolder folder;
  EXPECT_THAT(error_of([&] { InputFile file(folder.path()); }), HasSubstr("expected a file"));
  EXPECT_THAT(error_of([&] { InputFile file(folder.path() / "none"); }), HasSubstr("cannot open"));
  ASSERT_EQ(::mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(error_of([&] { InputFile file(folder.path() / "pipe"); }), HasSubstr("expected a file"));
  InputFile file(folder.put("a", "12345"));
  EXPECT_THAT(error_of([&] { file.read(3, uint64_t{1} << 60); }), HasSubstr("byte 3: truncated"));
  EXPECT_THAT(error_of([&] { file.read(~uint64_t{0}, 2); }), HasSubstr("byte 5: truncated"));
}

}  // namespace
}  // namespace hasten
