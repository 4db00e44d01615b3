// One look-up gives run, size and value of a coefficient together (an idea of stb_image); libjpeg-turbo looks the code up,
// then takes the value's bits. Skipped blocks cost a look-up for each coefficient and nothing else.
#include "hasten/loader/codecs/jpeg_huffman.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace hasten {
namespace {

// Zigzag to rows. Behind the end, where broken files and the end of a block lead, lies the last coefficient: it is
// either not read yet or the block is over.
constexpr std::array<uint8_t, 128> kOrder = [] {
  constexpr uint8_t kZigzag[64] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,
                                   12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
                                   35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
                                   58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};
  std::array<uint8_t, 128> order;
  for (size_t i = 0; i < order.size(); ++i) order[i] = i < 64 ? kZigzag[i] : 63;
  return order;
}();

constexpr int kEndOfBlock = 64;
constexpr int kSureBits = 32;  // the longest code and value are 16 + 15

// Of `size` bits: those that begin with 0 are negative.
constexpr int extended(int bits, int size) { return bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits; }

// How far the coefficient of an AC symbol lies ahead.
constexpr int advance_of(int symbol) {
  const int run = symbol >> 4;
  return (symbol & 15) != 0 ? run + 1 : run == 15 ? 16 : kEndOfBlock;
}

bool has_ff(uint64_t word) {
  const uint64_t inverted = ~word;
  return ((inverted - 0x0101010101010101u) & ~inverted & 0x8080808080808080u) != 0;
}

}  // namespace

bool JpegCodes::take(const JHUFF_TBL& table, bool is_dc, bool large_image) {
  size_t count = 0;
  for (size_t length = 1; length <= 16; ++length) count += table.bits[length];
  count = std::min<size_t>(count, 256);
  const bool same = std::memcmp(counts_.data() + 1, table.bits + 1, 16) == 0 &&
                    std::memcmp(symbols_.data(), table.huffval, count) == 0;
  if (same && is_built_) return true;
  if (!same) {
    is_built_ = false;
    std::copy_n(table.bits, 17, counts_.begin());
    std::copy_n(table.huffval, count, symbols_.begin());
    if (!large_image) return false;  // should it come again, it pays
  }
  build(is_dc);
  return true;
}

void JpegCodes::build(bool is_dc) {
  look_.fill(0);
  uint32_t code = 0;  // aligned to 16 bits
  int index = 0;
  for (int length = 1; length <= 16; ++length) {
    offsets_[static_cast<size_t>(length)] = index - static_cast<int32_t>(code >> (16 - length));
    for (int i = 0; i < counts_[static_cast<size_t>(length)] && index < 256;
         ++i, ++index, code += 1u << (16 - length)) {
      if (length > kLookBits || code >= 1u << 16) continue;
      const int symbol = symbols_[static_cast<size_t>(index)];
      const int size = symbol & 15, rest = kLookBits - length;
      const auto advance = static_cast<uint32_t>(is_dc ? 0 : advance_of(symbol));
      const uint32_t begin = code >> (16 - kLookBits);
      for (int low = 0; low < 1 << rest; ++low) {
        Entry entry = static_cast<uint32_t>(length) << 8 | static_cast<uint32_t>(symbol) << 16;
        if (size <= rest && (!is_dc || symbol < 16)) {
          const int value = size == 0 ? 0 : extended(low >> (rest - size), size);
          entry = static_cast<uint32_t>(length + size) | advance << 6 | static_cast<uint32_t>(value) << 16;
        }
        look_[begin + static_cast<uint32_t>(low)] = entry;
      }
    }
    ends_[static_cast<size_t>(length)] = code;
  }
  is_built_ = true;
}

JpegCodes::Code JpegCodes::search(uint64_t bits) const {
  const auto front = static_cast<uint32_t>(bits >> 48);
  for (int length = 1; length <= 16; ++length) {
    if (front >= ends_[static_cast<size_t>(length)]) continue;
    const int index = offsets_[static_cast<size_t>(length)] + static_cast<int>(front >> (16 - length));
    return {length, symbols_[static_cast<size_t>(index) & 255]};
  }
  return {0, 0};
}

void JpegHuffman::refill() {
  if (end_ - at_ >= 8) {
    uint64_t word;
    std::memcpy(&word, at_, 8);
    if (!has_ff(word)) {
      if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
      bits_ |= word >> count_;
      const int bytes = (63 - count_) >> 3;
      at_ += bytes;
      count_ += bytes * 8;
      bits_ &= ~uint64_t{0} << (64 - count_);  // bits beyond come again with the next word
      return;
    }
  }
  for (; count_ <= 56; count_ += 8) {
    uint64_t byte = 0;
    if (at_ == end_) {
      invented_ += 8;
    } else if (*at_ != 0xFF) {
      byte = *at_++;
    } else {
      const uint8_t* next = std::find_if(at_, end_, [](uint8_t it) { return it != 0xFF; });
      if (next != end_ && *next == 0) {
        byte = 0xFF;
        at_ = next + 1;
      } else {
        invented_ += 8;  // a marker: the data are over
      }
    }
    bits_ |= byte << (56 - count_);
  }
}

bool JpegHuffman::read_symbol(const JpegCodes& codes, JpegCodes::Entry entry, int& symbol) {
  JpegCodes::Code code{static_cast<int>(entry >> 8 & 31), static_cast<int>(entry >> 16 & 255)};
  if (entry == 0) code = codes.search(bits_);
  consume(code.length);
  symbol = code.symbol;
  return code.length > 0;
}

int JpegHuffman::read_value(int size) {
  if (size == 0) return 0;
  const int value = extended(static_cast<int>(bits_ >> (64 - size)), size);
  consume(size);
  return value;
}

bool JpegHuffman::read_dc(const JpegCodes& codes, uint32_t& last) {
  if (count_ < kSureBits) refill();
  const JpegCodes::Entry entry = codes.look(bits_);
  if ((entry & 63) != 0) {
    consume(static_cast<int>(entry & 63));
    last += static_cast<uint32_t>(static_cast<int32_t>(entry) >> 16);
    return true;
  }
  int size;
  if (!read_symbol(codes, entry, size) || size > 15) return false;
  last += static_cast<uint32_t>(read_value(size));
  return true;
}

bool JpegHuffman::read_ac(const JpegCodes& codes, JCOEF* block) {
  for (int k = 1; k < DCTSIZE2;) {
    if (count_ < kSureBits) refill();
    const JpegCodes::Entry entry = codes.look(bits_);
    if ((entry & 63) != 0) {
      consume(static_cast<int>(entry & 63));
      k += static_cast<int>(entry >> 6 & 127);
      block[kOrder[static_cast<size_t>(k - 1)]] = static_cast<JCOEF>(static_cast<int32_t>(entry) >> 16);
      continue;
    }
    int symbol;
    if (!read_symbol(codes, entry, symbol)) return false;
    k += advance_of(symbol);
    block[kOrder[static_cast<size_t>(k - 1)]] = static_cast<JCOEF>(read_value(symbol & 15));
  }
  return true;
}

bool JpegHuffman::skip_ac(const JpegCodes& codes) {
  for (int k = 1; k < DCTSIZE2;) {
    if (count_ < kSureBits) refill();
    const JpegCodes::Entry entry = codes.look(bits_);
    if ((entry & 63) != 0) {
      consume(static_cast<int>(entry & 63));
      k += static_cast<int>(entry >> 6 & 127);
      continue;
    }
    int symbol;
    if (!read_symbol(codes, entry, symbol)) return false;
    k += advance_of(symbol);
    consume(symbol & 15);
  }
  return true;
}

bool JpegHuffman::decode_mcu(JBLOCKROW* blocks) {
  const bool inside = blocks != nullptr && column_ >= first_column_ && column_ <= last_column_;
  if (++column_ == columns_) column_ = 0;
  for (int i = 0; i < block_count_; ++i) {
    const Block& block = blocks_[static_cast<size_t>(i)];
    uint32_t& last = last_dc_[static_cast<size_t>(block.component)];
    if (!read_dc(*block.dc, last)) return false;
    const bool wanted = inside && block.wanted;
    if (wanted) (*blocks[i])[0] = static_cast<JCOEF>(last);
    if (!(wanted && block.ac_wanted ? read_ac(*block.ac, *blocks[i]) : skip_ac(*block.ac))) return false;
  }
  return count_ >= invented_;  // else it read on beyond the end
}

bool JpegHuffman::install(jpeg_decompress_struct& info, int first_column, int last_column) {
  if (info.progressive_mode || info.arith_code || info.restart_interval != 0 || info.data_precision != 8 ||
      info.comps_in_scan != info.num_components || info.blocks_in_MCU > D_MAX_BLOCKS_IN_MCU) {
    return false;
  }
  const bool large = uint64_t{info.image_width} * info.image_height >= 128 * 128;
  bool ready = true;
  for (int i = 0; i < info.comps_in_scan; ++i) {
    const jpeg_component_info& component = *info.cur_comp_info[i];
    const auto dc = static_cast<size_t>(component.dc_tbl_no), ac = static_cast<size_t>(component.ac_tbl_no);
    if (dc >= dc_.size() || ac >= ac_.size() || !info.dc_huff_tbl_ptrs[dc] || !info.ac_huff_tbl_ptrs[ac]) return false;
    ready &= dc_[dc].take(*info.dc_huff_tbl_ptrs[dc], true, large);
    ready &= ac_[ac].take(*info.ac_huff_tbl_ptrs[ac], false, large);
  }
  if (!ready) return false;
  block_count_ = info.blocks_in_MCU;
  for (int i = 0; i < block_count_; ++i) {
    const int place = info.MCU_membership[i];
    const jpeg_component_info& component = *info.cur_comp_info[place];
    blocks_[static_cast<size_t>(i)] = {&dc_[static_cast<size_t>(component.dc_tbl_no)],
                                       &ac_[static_cast<size_t>(component.ac_tbl_no)], place,
                                       component.component_needed != FALSE, component.DCT_scaled_size > 1};
  }
  last_dc_.fill(0);
  column_ = 0;
  columns_ = static_cast<int>(info.MCUs_per_row);
  first_column_ = first_column;
  last_column_ = last_column;
  at_ = info.src->next_input_byte;
  end_ = at_ + info.src->bytes_in_buffer;
  bits_ = 0;
  count_ = invented_ = 0;
  return true;
}

}  // namespace hasten
