// Huffman decoding of baseline JPEG, which is most of the work: faster than libjpeg-turbo's own, and faster still for
// blocks that nobody wants.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
// libjpeg wants size_t and FILE
#include <jpeglib.h>

#include <vector>

namespace hasten {

// A table of codes as decoding wants it: most coefficients, their values included, are one look-up.
class JpegCodes {
 public:
  static constexpr int kLookBits = 10;
  // What stands in the first bits: bits 0-5 how many are used (0: too long, see below), bits 6-12 how far the
  // coefficient lies ahead (64: none follow), bits 16-31 its value. Too long: bits 8-12 the length of the code, bits
  // 16-23 its symbol; all 0: a code of more than kLookBits bits, or none.
  using Entry = uint32_t;

  // Takes the table over if it is another than before. False: it is new, and not worth building for a small image.
  bool take(const JHUFF_TBL& table, bool is_dc, bool large_image);
  Entry look(uint64_t bits) const { return look_[bits >> (64 - kLookBits)]; }
  // Length and symbol of the code that the bits begin with; length 0: there is none.
  struct Code {
    int length, symbol;
  };
  Code search(uint64_t bits) const;

 private:
  void build(bool is_dc);

  std::array<uint8_t, 17> counts_{};  // of codes of each length, as in the file
  std::array<uint8_t, 256> symbols_{};
  bool is_built_ = false;
  std::array<Entry, 1 << kLookBits> look_{};
  std::array<uint32_t, 17> ends_{};   // of codes of each length and shorter, aligned to 16 bits
  std::array<int32_t, 17> offsets_{};  // from code to symbol
};

// Takes the place of libjpeg's entropy decoder for images of one scan without restart markers; all that is irregular
// counts as corrupt, as libjpeg's warnings do in strict decoding.
class JpegHuffman {
 public:
  // To be called between jpeg_start_decompress and the first rows. Blocks outside of MCU columns [first, last] are read
  // over. False: not for this image, all stays as it is.
  bool install(jpeg_decompress_struct& info, int first_column, int last_column);
  // How libjpeg asks for an MCU. `blocks` null: read over it. False: the data are corrupt.
  bool decode_mcu(JBLOCKROW* blocks);

 private:
  struct Block {
    const JpegCodes *dc, *ac;
    int component;
    bool wanted, ac_wanted;
  };
  void refill();
  void consume(int count) {
    bits_ <<= count;
    count_ -= count;
  }
  bool read_symbol(const JpegCodes& codes, JpegCodes::Entry entry, int& symbol);
  int read_value(int size);
  bool read_dc(const JpegCodes& codes, uint32_t& last);
  bool read_ac(const JpegCodes& codes, JCOEF* block);
  bool skip_ac(const JpegCodes& codes);

  std::array<JpegCodes, NUM_HUFF_TBLS> dc_, ac_;
  std::array<Block, D_MAX_BLOCKS_IN_MCU> blocks_;
  int block_count_ = 0;
  std::array<uint32_t, MAX_COMPS_IN_SCAN> last_dc_{};
  int column_ = 0, columns_ = 0, first_column_ = 0, last_column_ = 0;

  const uint8_t* at_ = nullptr;
  const uint8_t* end_ = nullptr;
  uint64_t bits_ = 0;  // the next ones, from the highest on
  int count_ = 0;  // how many of them there are
  int invented_ = 0;  // zeros at their end that are not in the file
};

}  // namespace hasten
