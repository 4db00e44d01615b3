// One look-up gives run, size and value of a coefficient together (an idea of stb_image); libjpeg-turbo looks the code up,
// then takes the value's bits. Skipped blocks cost a look-up for each coefficient and nothing else.
#include "hasten/loader/codecs/jpeg_huffman.h"

#include <algorithm>

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
// The most that an MCU can take, and a word: zeros that stand behind the data, so that only the end of an MCU is checked.
constexpr size_t kPadding = D_MAX_BLOCKS_IN_MCU * DCTSIZE2 * kSureBits / 8 + 64;

// Of `size` bits: those that begin with 0 are negative.
constexpr int extended(int bits, int size) { return bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits; }

// How far the coefficient of an AC symbol lies ahead.
constexpr int advance_of(int symbol) {
  const int run = symbol >> 4;
  return (symbol & 15) != 0 ? run + 1 : run == 15 ? 16 : kEndOfBlock;
}

// What libjpeg refuses, it shall refuse: codes that do not fit their length, one of ones only, sizes that no value of the
// kind has.
bool is_sound(const JHUFF_TBL& table, bool is_dc) {
  uint32_t code = 0;
  int symbols = 0;
  for (int length = 1; length <= 16; ++length, code <<= 1) {
    symbols += table.bits[length];
    code += table.bits[length];
    if (table.bits[length] > 0 && code >= 1u << length) return false;
  }
  if (symbols > 256) return false;
  return !is_dc || std::all_of(table.huffval, table.huffval + symbols, [](UINT8 size) { return size < 16; });
}

}  // namespace

bool JpegCodes::take(const JHUFF_TBL& table, bool is_dc, bool large_image) {
  size_t count = 0;
  for (size_t length = 1; length <= 16; ++length) count += table.bits[length];
  count = std::min<size_t>(count, 256);
  const bool same = std::memcmp(counts_.data() + 1, table.bits + 1, 16) == 0 &&
                    std::memcmp(symbols_.data(), table.huffval, count) == 0;
  if (same && is_built_) {
    if (!is_dc && !has_skips_ && large_image) build_skips();  // it came again, so it pays
    return true;
  }
  if (!same) {
    is_built_ = has_skips_ = false;
    std::copy_n(table.bits, 17, counts_.begin());
    std::copy_n(table.huffval, count, symbols_.begin());
    if (!large_image) return false;  // should it come again, it pays
  }
  if (!is_sound(table, is_dc)) return false;
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

void JpegCodes::build_skips() {
  for (uint32_t front = 0; front < 1u << kSkipBits; ++front) {
    Skip& skip = skips_[front] = {};
    const uint64_t bits = uint64_t{front} << (64 - kSkipBits);
    while (!skip.ends) {
      const Code code = search(bits << skip.bits);
      const int used = skip.bits + code.length + (code.symbol & 15);
      if (code.length == 0 || used > kSkipBits) break;
      const int advance = advance_of(code.symbol);
      skip.bits = static_cast<uint8_t>(used);
      if (advance == kEndOfBlock) skip.ends = true;
      else skip.advance = static_cast<uint8_t>(skip.advance + advance);
    }
  }
  has_skips_ = true;
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

namespace {

bool read_symbol(JpegBits& in, const JpegCodes& codes, JpegCodes::Entry entry, int& symbol) {
  JpegCodes::Code code{static_cast<int>(entry >> 8 & 31), static_cast<int>(entry >> 16 & 255)};
  if (entry == 0) code = codes.search(in.bits);
  in.consume(code.length);
  symbol = code.symbol;
  return code.length > 0;
}

int read_value(JpegBits& in, int size) {
  if (size == 0) return 0;
  const int value = extended(static_cast<int>(in.bits >> (64 - size)), size);
  in.consume(size);
  return value;
}

bool read_dc(JpegBits& in, const JpegCodes& codes, uint32_t& last) {
  if (in.count < kSureBits) in.refill();
  const JpegCodes::Entry entry = codes.look(in.bits);
  if ((entry & 63) != 0) {
    in.consume(static_cast<int>(entry & 63));
    last += static_cast<uint32_t>(static_cast<int32_t>(entry) >> 16);
    return true;
  }
  int size;
  if (!read_symbol(in, codes, entry, size) || size > 15) return false;
  last += static_cast<uint32_t>(read_value(in, size));
  return true;
}

bool read_ac(JpegBits& in, const JpegCodes& codes, JCOEF* block) {
  for (int k = 1; k < DCTSIZE2;) {
    if (in.count < kSureBits) in.refill();
    const JpegCodes::Entry entry = codes.look(in.bits);
    if ((entry & 63) != 0) {
      in.consume(static_cast<int>(entry & 63));
      k += static_cast<int>(entry >> 6 & 127);
      block[kOrder[static_cast<size_t>(k - 1)]] = static_cast<JCOEF>(static_cast<int32_t>(entry) >> 16);
      continue;
    }
    int symbol;
    if (!read_symbol(in, codes, entry, symbol)) return false;
    k += advance_of(symbol);
    block[kOrder[static_cast<size_t>(k - 1)]] = static_cast<JCOEF>(read_value(in, symbol & 15));
  }
  return true;
}

bool skip_ac(JpegBits& in, const JpegCodes& codes) {
  const bool has_skips = codes.has_skips();
  for (int k = 1; k < DCTSIZE2;) {
    if (in.count < kSureBits) in.refill();
    if (has_skips) {
      const JpegCodes::Skip skip = codes.skip(in.bits);
      // Behind the last coefficient the next block begins: whoever might reach it goes step by step.
      if (skip.bits != 0 && k + skip.advance < DCTSIZE2) {
        in.consume(skip.bits);
        if (skip.ends) return true;
        k += skip.advance;
        continue;
      }
    }
    const JpegCodes::Entry entry = codes.look(in.bits);
    if ((entry & 63) != 0) {
      in.consume(static_cast<int>(entry & 63));
      k += static_cast<int>(entry >> 6 & 127);
      continue;
    }
    int symbol;
    if (!read_symbol(in, codes, entry, symbol)) return false;
    k += advance_of(symbol);
    in.consume(symbol & 15);
  }
  return true;
}

}  // namespace

void JpegHuffman::want_columns(int first, int last) {
  first_column_ = first;
  last_column_ = last;
}

// In data, 0xFF has a zero behind it. Before anything else it is a marker: the data are over. More than one before a zero
// is nothing that the format knows; libjpeg takes it for one, but starts its block twice, and not on a clean sheet.
bool JpegHuffman::take_data(const uint8_t* data, size_t bytes) {
  data_.resize(std::max(data_.size(), bytes + kPadding));
  uint8_t* to = data_.data();
  const uint8_t* const end = data + bytes;
  while (data != end) {
    const auto* marked = static_cast<const uint8_t*>(std::memchr(data, 0xFF, static_cast<size_t>(end - data)));
    const uint8_t* stop = marked != nullptr ? marked : end;
    std::memcpy(to, data, static_cast<size_t>(stop - data));
    to += stop - data;
    data = std::find_if(stop, end, [](uint8_t it) { return it != 0xFF; });  // some may stand before a marker
    if (data == end || *data != 0) break;
    if (data - stop > 1) return false;
    *to++ = 0xFF;
    ++data;
  }
  std::memset(to, 0, kPadding);
  data_bytes_ = static_cast<size_t>(to - data_.data());
  reader_ = {0, 0, data_.data()};
  return true;
}

bool JpegHuffman::decode_mcu(JBLOCKROW* blocks) {
  const bool inside = blocks != nullptr && column_ >= first_column_ && column_ <= last_column_;
  if (++column_ == columns_) column_ = 0;
  JpegBits in = reader_;  // in registers
  for (int i = 0; i < block_count_; ++i) {
    const Block& block = blocks_[static_cast<size_t>(i)];
    uint32_t& last = last_dc_[static_cast<size_t>(block.component)];
    if (!read_dc(in, *block.dc, last)) return false;
    const bool wanted = inside && block.wanted;
    if (wanted) (*blocks[i])[0] = static_cast<JCOEF>(last);
    if (!(wanted && block.ac_wanted ? read_ac(in, *block.ac, *blocks[i]) : skip_ac(in, *block.ac))) return false;
  }
  reader_ = in;
  // Else it read on beyond the end.
  return static_cast<size_t>(in.at - data_.data()) * 8 <= data_bytes_ * 8 + static_cast<size_t>(in.count);
}

bool JpegHuffman::start(const jpeg_decompress_struct& info) {
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
  want_columns(0, columns_ - 1);
  return take_data(info.src->next_input_byte, info.src->bytes_in_buffer);
}

}  // namespace hasten
