// IDX files: what is read, and what is said of each kind of damage.
#include "hasten/data/idx.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <fstream>

#include "hasten/base/error.h"
#include "hasten/base/files.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

std::string packed(const std::string& content) {
  std::string out(compressBound(content.size()) + 32, '\0');
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// Three records of 2 x 4 bytes.
std::string plain() {
  std::string content{0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 4};
  for (int i = 0; i < 24; ++i) content += static_cast<char>(i * 9);
  return content;
}
const std::vector<int64_t> kDims{3, 2, 4};

class IdxTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("hasten_idx_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path write(const std::string& name, const std::string& content) {
    write_file_atomic(folder_ / name, content);
    return folder_ / name;
  }
  // The message of reading that content, without the folder.
  std::string complaint(const std::string& content, const std::string& name = "file",
                        const std::vector<int64_t>& dims = kDims) {
    try {
      read_idx(write(name, content), dims);
    } catch (const DataError& error) {
      EXPECT_FALSE(error.hint().empty()) << error.what();
      return std::string(error.what()).substr(folder_.string().size() + 1);
    }
    return "no complaint";
  }
  fs::path folder_;
};

TEST_F(IdxTest, ReadsPlainAndPacked) {
  for (const std::string& content :
       {plain(), packed(plain()), packed(plain().substr(0, 20)) + packed(plain().substr(20))}) {
    IdxArray array = read_idx(write("file", content), kDims);
    EXPECT_EQ(array.dims, kDims);
    EXPECT_EQ(array.size(), 24);
    for (int i = 0; i < 24; ++i) EXPECT_EQ(array.bytes[i], i * 9);
  }
}

TEST_F(IdxTest, HeaderErrorsNameTheByte) {
  auto with = [](size_t at, char value) {
    std::string content = plain();
    content[at] = value;
    return content;
  };
  EXPECT_EQ(complaint(with(1, 1)),
            "file, byte 0: expected the magic number of an IDX file, 00 00 08 03, got 00 01 08 03");
  EXPECT_EQ(complaint(with(2, 13)), "file, byte 2: expected values of type 0x08 (unsigned byte), got 0x0d (float)");
  EXPECT_EQ(complaint(with(2, 1)), "file, byte 2: expected values of type 0x08 (unsigned byte), got 0x01");
  EXPECT_EQ(complaint(with(3, 1)), "file, byte 3: expected 3 dimensions, got 1");
  EXPECT_EQ(complaint(with(7, 9)), "file, byte 4: expected 3 records, got 9");
  EXPECT_EQ(complaint(with(4, '\x80')), "file, byte 4: expected 3 records, got 2147483651");
  EXPECT_EQ(complaint(with(15, 5)), "file, byte 12: expected 4 columns, got 5");
  EXPECT_EQ(complaint(packed(with(11, 5))), "file, byte 8 of the unpacked data: expected 2 rows, got 5");
}

TEST_F(IdxTest, SizesAreCheckedAgainstTheContent) {
  EXPECT_EQ(complaint(""), "file, byte 0: expected a header of 16 bytes, got 0 bytes in all");
  EXPECT_EQ(complaint(plain().substr(0, 10)), "file, byte 10: expected a header of 16 bytes, got 10 bytes in all");
  EXPECT_EQ(complaint(plain().substr(0, 30)), "file, byte 30: truncated: expected 24 bytes of values, got 14");
  EXPECT_EQ(complaint(plain() + "ab"), "file, byte 40: expected the end of the data, got 2 bytes more");
  EXPECT_EQ(complaint(packed(plain() + "ab")),
            "file, byte 40 of the unpacked data: expected the end of the data, got 2 bytes more");
  EXPECT_EQ(complaint(packed(plain()).substr(0, 20)).substr(0, 53),
            "file, byte 20: truncated: the compressed data goes on");
  const std::string end = std::to_string(packed(plain()).size());
  EXPECT_EQ(complaint(packed(plain()) + "ab"),
            "file, byte " + end + ": expected the end of the gzip file, got 2 bytes more");
}

TEST_F(IdxTest, NoFlippedBitOfACompressedFileChangesTheValues) {
  const std::string good = packed(plain());
  const IdxArray original = read_idx(write("good", good), kDims);
  int silent = 0;  // dates and padding, which are no content
  for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    std::ofstream(folder_ / "bad.gz", std::ios::binary) << bad;
    try {
      IdxArray array = read_idx(folder_ / "bad.gz", kDims);
      EXPECT_TRUE(std::equal(array.bytes.get(), array.bytes.get() + 24, original.bytes.get())) << bit;
      ++silent;
    } catch (const DataError& error) {
      EXPECT_FALSE(error.hint().empty());
    }
  }
  EXPECT_LE(silent, 8 * 8);
  std::string bad = good;
  bad[good.size() - 6] ^= 1;  // of the checksum
  EXPECT_NE(complaint(bad).find("damaged compressed data: incorrect data check"), std::string::npos);
}

TEST_F(IdxTest, ACompressedFileIsKnownByItsContent) {
  EXPECT_EQ(complaint("\x1e\x8b", "file.gz"), "file.gz, byte 0: expected a gzip file (1f 8b ...), got 1e 8b");
  EXPECT_EQ(complaint("", "file.gz"), "file.gz, byte 0: expected a gzip file (1f 8b ...), got an empty file");
}

TEST_F(IdxTest, FindsTheUsualNames) {
  EXPECT_EQ(find_idx(folder_, "train-images-idx3-ubyte"), "");
  fs::path dotted = write("train-images.idx3-ubyte.gz", "");
  EXPECT_EQ(find_idx(folder_, "train-images-idx3-ubyte"), dotted);
  fs::path dashed = write("train-images-idx3-ubyte", "");
  EXPECT_EQ(find_idx(folder_, "train-images-idx3-ubyte"), dashed);
  EXPECT_EQ(find_idx(folder_ / "nowhere", "train-images-idx3-ubyte"), "");
}

}  // namespace
}  // namespace hasten
