// Huffman decoding of baseline JPEG, which is most of the work: faster than libjpeg-turbo's own, and faster still for
// blocks that nobody wants.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
// libjpeg wants size_t and FILE
#include <jpeglib.h>

#include <vector>

namespace hasten {

// The next bits of data from which stuffing was removed. Beyond the end, zeros.
struct JpegBits {
  uint64_t bits = 0;  // the next ones, from the highest on
  int count = 0;      // how many of them there are
  const uint8_t* at = nullptr;

  // At least 56 afterwards. Eight bytes can be read at `at`.
  void refill() {
    uint64_t word;
    std::memcpy(&word, at, 8);
    if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
    bits |= word >> count;
    at += (63 - count) >> 3;
    count |= 56;  // bits beyond come again with the next word, and are the same
  }
  void consume(int n) {
    bits <<= n;
    count -= n;
  }
};

// A table of codes as decoding wants it: most coefficients, their values included, are one look-up.
class JpegCodes {
 public:
  static constexpr int kLookBits = 10, kSkipBits = 12;
  // What stands in the first bits: bits 0-5 how many are used (0: too long, see below), bits 6-12 how far the
  // coefficient lies ahead (64: none follow), bits 16-31 its value. Too long: bits 8-12 the length of the code, bits
  // 16-23 its symbol; all 0: a code of more than kLookBits bits, or none.
  using Entry = uint32_t;
  // Several coefficients at once, for blocks that are read over: how many bits, how far they lead, and whether the block
  // ends behind them. No bits: the first does not fit.
  struct Skip {
    uint8_t bits = 0, advance = 0;
    bool ends = false;
  };

  // Takes the table over if it is another than before. False: it is new, and not worth building for a small image.
  bool take(const JHUFF_TBL& table, bool is_dc, bool large_image);
  Entry look(uint64_t bits) const { return look_[bits >> (64 - kLookBits)]; }
  bool has_skips() const { return has_skips_; }
  Skip skip(uint64_t bits) const { return skips_[bits >> (64 - kSkipBits)]; }
  // Length and symbol of the code that the bits begin with; length 0: there is none.
  struct Code {
    int length, symbol;
  };
  Code search(uint64_t bits) const;

 private:
  void build(bool is_dc);
  void build_skips();

  std::array<uint8_t, 17> counts_{};  // of codes of each length, as in the file
  std::array<uint8_t, 256> symbols_{};
  bool is_built_ = false, has_skips_ = false;
  std::array<Entry, 1 << kLookBits> look_{};
  std::array<Skip, 1 << kSkipBits> skips_{};
  std::array<uint32_t, 17> ends_{};  // of codes of each length and shorter, aligned to 16 bits
  std::array<int32_t, 17> offsets_{};  // from code to symbol
};

// Takes the place of libjpeg's entropy decoder for images of one scan without restart markers; all that is irregular
// counts as corrupt, as libjpeg's warnings do in strict decoding.
class JpegHuffman {
 public:
  // At the begin of a scan. False: not for this image.
  bool start(const jpeg_decompress_struct& info);
  // Before the first rows: blocks outside of MCU columns [first, last] are read over. All are wanted until then.
  void want_columns(int first, int last);
  // How libjpeg asks for an MCU. `blocks` null: read over it. False: the data are corrupt.
  bool decode_mcu(JBLOCKROW* blocks);

 private:
  struct Block {
    const JpegCodes *dc, *ac;
    int component;
    bool wanted, ac_wanted;
  };
  bool take_data(const uint8_t* data, size_t bytes);

  std::array<JpegCodes, NUM_HUFF_TBLS> dc_, ac_;
  std::array<Block, D_MAX_BLOCKS_IN_MCU> blocks_;
  int block_count_ = 0;
  std::array<uint32_t, MAX_COMPS_IN_SCAN> last_dc_{};
  int column_ = 0, columns_ = 0, first_column_ = 0, last_column_ = 0;

  std::vector<uint8_t> data_;  // without stuffing, and with zeros behind it
  size_t data_bytes_ = 0;
  JpegBits reader_;
};

}  // namespace hasten
