// IDX: two zero bytes, a type, a rank, one big-endian 32-bit size a dimension, then the values
// (Y. LeCun, C. Cortes, C. Burges: The MNIST database of handwritten digits).
#include "hasten/data/idx.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/hash.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

constexpr uint8_t kUnsignedByte = 0x08;

std::string hex_byte(uint8_t byte) { return hex(byte).substr(14); }

std::string type_text(uint8_t type) {
  switch (type) {
    case 0x08: return "0x08 (unsigned byte)";
    case 0x09: return "0x09 (signed byte)";
    case 0x0B: return "0x0b (16-bit integer)";
    case 0x0C: return "0x0c (32-bit integer)";
    case 0x0D: return "0x0d (float)";
    case 0x0E: return "0x0e (double)";
    default: return "0x" + hex_byte(type);
  }
}

// The content of a file, unpacked piece by piece as it is asked for.
class IdxSource {
 public:
  explicit IdxSource(const std::filesystem::path& path) : path_(path.string()), file_(read_file(path)) {
    packed_ = file_.size() >= 2 && static_cast<uint8_t>(file_[0]) == 0x1f && static_cast<uint8_t>(file_[1]) == 0x8b;
    if (!packed_ && path.extension() == ".gz")
      fail(0, "expected a gzip file (1f 8b ...), got " + bytes_text(file_), kReplace);
    if (packed_) HASTEN_CHECK(inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK, "zlib does not start");
  }
  ~IdxSource() {
    if (packed_) inflateEnd(&stream_);
  }
  IdxSource(const IdxSource&) = delete;
  IdxSource& operator=(const IdxSource&) = delete;

  // Fills up to `count` bytes and returns how many there were.
  size_t read(uint8_t* out, size_t count) {
    size_t got = packed_ ? inflate_some(out, count) : std::min(count, file_.size() - position_);
    if (!packed_) std::copy_n(file_.data() + position_, got, out);
    position_ += got;
    return got;
  }
  // Bytes from here to the end; nothing is left afterwards.
  size_t skip_rest() {
    std::array<uint8_t, 1 << 14> buffer;
    size_t total = 0;
    while (size_t got = read(buffer.data(), buffer.size())) total += got;
    return total;
  }
  [[noreturn]] void fail(size_t byte, const std::string& message, const std::string& hint) const {
    throw DataError(path_, cat("byte ", byte, packed_ ? " of the unpacked data" : ""), message, hint);
  }
  static std::string bytes_text(std::string_view bytes) {
    std::string text;
    for (char c : bytes.substr(0, 4)) text += (text.empty() ? "" : " ") + hex_byte(static_cast<uint8_t>(c));
    return text.empty() ? "an empty file" : text;
  }

  static constexpr const char* kReplace = "the file is damaged or not what its name says: get it again from its source";

 private:
  size_t inflate_some(uint8_t* out, size_t count) {
    constexpr size_t kMost = std::numeric_limits<uInt>::max();  // zlib counts in 32 bits
    size_t done = 0;
    while (done < count && !ended_) {
      const size_t space = std::min(count - done, kMost), input = std::min(file_.size() - consumed_, kMost);
      stream_.next_in = reinterpret_cast<Bytef*>(file_.data() + consumed_);
      stream_.avail_in = static_cast<uInt>(input);
      stream_.next_out = out + done;
      stream_.avail_out = static_cast<uInt>(space);
      const int code = inflate(&stream_, Z_NO_FLUSH);
      consumed_ += input - stream_.avail_in;
      done += space - stream_.avail_out;
      if (code == Z_STREAM_END) end_member();
      else if (code == Z_BUF_ERROR || (code == Z_OK && consumed_ == file_.size() && done < count)) {
        throw DataError(path_, cat("byte ", file_.size()),
                        cat("truncated: the compressed data goes on, after ", position_ + done, " bytes unpacked"),
                        kReplace);
      } else if (code != Z_OK) {
        throw DataError(path_, cat("byte ", consumed_),
                        cat("damaged compressed data: ", stream_.msg == nullptr ? "unknown" : stream_.msg), kReplace);
      }
    }
    return done;
  }
  // A gzip file may have several members, one after the other; anything else does not belong there.
  void end_member() {
    if (consumed_ == file_.size()) {
      ended_ = true;
      return;
    }
    if (static_cast<uint8_t>(file_[consumed_]) != 0x1f) {
      throw DataError(path_, cat("byte ", consumed_),
                      cat("expected the end of the gzip file, got ", file_.size() - consumed_, " bytes more"),
                      kReplace);
    }
    inflateReset(&stream_);
  }

  std::string path_, file_;
  bool packed_ = false, ended_ = false;
  z_stream stream_{};
  size_t position_ = 0, consumed_ = 0;  // bytes given out, bytes of the file used (compressed files only)
};

uint32_t big_endian(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | uint32_t{bytes[3]};
}

void read_header(IdxSource& source, const std::vector<int64_t>& dims) {
  std::array<uint8_t, 4> word;
  auto next_word = [&](size_t at) {
    size_t got = source.read(word.data(), word.size());
    if (got < word.size())
      source.fail(at + got,
                  cat("expected a header of ", 4 + 4 * dims.size(), " bytes, got ", at + got, " bytes in all"),
                  IdxSource::kReplace);
  };
  next_word(0);
  const std::string_view seen(reinterpret_cast<const char*>(word.data()), word.size());
  if (word[0] != 0 || word[1] != 0) {
    source.fail(0,
                cat("expected the magic number of an IDX file, 00 00 08 ", hex_byte(static_cast<uint8_t>(dims.size())),
                    ", got ", IdxSource::bytes_text(seen)),
                IdxSource::kReplace);
  }
  if (word[2] != kUnsignedByte)
    source.fail(2, "expected values of type " + type_text(kUnsignedByte) + ", got " + type_text(word[2]),
                IdxSource::kReplace);
  if (word[3] != dims.size()) {
    source.fail(3,
                cat("expected ", dims.size(), dims.size() == 1 ? " dimension" : " dimensions", ", got ", int{word[3]}),
                "images and labels may be exchanged: compare the name of the file with its content");
  }
  for (size_t i = 0; i < dims.size(); ++i) {
    const size_t at = 4 + 4 * i;
    next_word(at);
    const int64_t size = big_endian(word.data());
    if (size == dims[i]) continue;
    source.fail(at,
                cat("expected ", dims[i],
                    i == 0   ? " records"
                    : i == 1 ? " rows"
                             : " columns",
                    ", got ", size),
                "the file belongs to another data set or another part of it");
  }
}

}  // namespace

int64_t IdxArray::size() const {
  int64_t product = 1;
  for (int64_t dim : dims) product *= dim;
  return product;
}

IdxArray read_idx(const std::filesystem::path& path, const std::vector<int64_t>& dims) {
  IdxSource source(path);
  read_header(source, dims);
  IdxArray array{dims, nullptr};
  const size_t header = 4 + 4 * dims.size(), expected = static_cast<size_t>(array.size());
  array.bytes.reset(new uint8_t[expected]);  // not make_shared: it would clear the bytes first
  const size_t got = source.read(array.bytes.get(), expected);
  if (got < expected)
    source.fail(header + got, cat("truncated: expected ", expected, " bytes of values, got ", got),
                IdxSource::kReplace);
  // Reading on to the end also makes zlib compare the checksum.
  if (size_t more = source.skip_rest()) {
    source.fail(header + expected, cat("expected the end of the data, got ", more, " bytes more"), IdxSource::kReplace);
  }
  return array;
}

std::filesystem::path find_idx(const std::filesystem::path& folder, const std::string& name) {
  std::string dotted = name;
  size_t dash = dotted.rfind("-idx");
  if (dash != std::string::npos) dotted[dash] = '.';
  for (const std::string& stem : {name, dotted}) {
    for (const char* suffix : {"", ".gz"}) {
      std::filesystem::path path = folder / (stem + suffix);
      std::error_code error;
      if (std::filesystem::is_regular_file(path, error)) return path;
    }
  }
  return {};
}

}  // namespace hasten
