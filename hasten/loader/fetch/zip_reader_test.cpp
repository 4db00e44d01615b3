#include "hasten/loader/fetch/zip_reader.h"

#include <gmock/gmock.h>

#include "hasten/loader/fetch/digest.h"
#include "hasten/loader/formats/test_files.h"

namespace hasten {
namespace {

using testing::HasSubstr;

std::string le(uint32_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

// A zip archive with one stored file, of which some fields may be wrong.
std::string zip_of(const std::string& name, const std::string& content, uint32_t said_bytes, uint32_t mode = 0100644,
                   uint16_t flags = 0, uint16_t method = 0) {
  const auto crc = static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())));
  const std::string sizes = le(crc, 4) + le(static_cast<uint32_t>(content.size()), 4) + le(said_bytes, 4);
  const std::string head =
      le(20, 2) + le(flags, 2) + le(method, 2) + le(0, 4) + sizes + le(static_cast<uint32_t>(name.size()), 2);
  const std::string local = le(0x04034b50, 4) + head + le(0, 2) + name + content;
  const std::string central =
      le(0x02014b50, 4) + le(0x0314, 2) + head + le(0, 2) + le(0, 2) + le(0, 4) + le(mode << 16, 4) + le(0, 4) + name;
  return local + central + le(0x06054b50, 4) + le(0, 4) + le(1, 2) + le(1, 2) +
         le(static_cast<uint32_t>(central.size()), 4) + le(static_cast<uint32_t>(local.size()), 4) + le(0, 2);
}

std::string content_of(const std::filesystem::path& path) {
  const ZipReader reader(path);
  std::string content;
  for (const ZipEntry& entry : reader.entries())
    reader.read(entry, [&](std::span<const uint8_t> bytes) { content += text_of(bytes); });
  return content;
}

TEST(ZipReader, ReadsAndRefuses) {
  TestFolder folder;
  EXPECT_EQ(content_of(folder.put("a.zip", zip_of("a/b.txt", "hello", 5))), "hello");
  auto error = [&](const std::string& bytes) { return error_of([&] { content_of(folder.put("a.zip", bytes)); }); };
  EXPECT_THAT(error(zip_of("../b", "hello", 5)), HasSubstr("leaves the folder"));
  EXPECT_THAT(error(zip_of("b", "hello", 4)), HasSubstr("expected 4 bytes of b, got more"));
  EXPECT_THAT(error(zip_of("b", "hello", 6)), HasSubstr("expected 6 bytes of b"));
  EXPECT_THAT(error(zip_of("b", "/etc", 4, 0120777)), HasSubstr("link or device"));
  EXPECT_THAT(error(zip_of("b", "hello", 5, 0100644, 1)), HasSubstr("stored or deflated"));
  EXPECT_THAT(error(zip_of("b", "hello", 5, 0100644, 0, 12)), HasSubstr("got method 12"));
  EXPECT_THAT(error(zip_of("b", "hello", 5, 0100644, 0, 8)), HasSubstr("damaged compressed data"));
  EXPECT_THAT(error(zip_of("b", "hello", 0xffffffff)), HasSubstr("below 4 GiB"));
  const std::string good = zip_of("b", "hello", 5);
  EXPECT_THAT(error(good.substr(0, good.size() - 1)), HasSubstr("truncated"));
  EXPECT_THAT(error("PK"), HasSubstr("truncated"));
  std::string flipped = good;
  flipped[31] = 'j';
  EXPECT_THAT(error(flipped), HasSubstr("another checksum"));
}

TEST(Digest, KnownAnswers) {
  TestFolder folder;
  EXPECT_EQ(file_digest(folder.put("a", "abc"), DigestKind::kSha256),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-2, appendix B.1
  EXPECT_EQ(file_digest(folder.put("a", "abc"), DigestKind::kMd5), "900150983cd24fb0d6963f7d28e17f72");  // RFC 1321
}

}  // namespace
}  // namespace hasten
