// Frames, checksums and wire format of TensorBoard event files.
#include "hasten/evaluate/importers/tfrecord.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten::evaluate {
namespace {

static_assert(std::endian::native == std::endian::little, "frames are little-endian");

template <class T>
T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Eight tables, so that eight bytes take one step.
constexpr std::array<std::array<uint32_t, 256>, 8> make_tables() {
  std::array<std::array<uint32_t, 256>, 8> tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0x82F63B78u : 0u);
    tables[0][i] = value;
  }
  for (size_t t = 1; t < 8; ++t) {
    for (size_t i = 0; i < 256; ++i) tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 255];
  }
  return tables;
}
constexpr auto kTables = make_tables();

// Protobuf's wire format: fields one after the other, each with number and kind.
class Wire {
 public:
  explicit Wire(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  // False at the end, or when the bytes make no sense (then ok() is false).
  bool next() {
    if (at_ == end_) return false;
    uint64_t key = varint();
    field_ = key >> 3;
    kind_ = key & 7;
    if (kind_ == 2) {
      data_ = take(varint());
    } else if (kind_ == 0) {
      number_ = varint();
    } else if (kind_ == 1) {
      data_ = take(8);
    } else if (kind_ == 5) {
      data_ = take(4);
    } else {
      ok_ = false;
    }
    return ok_;
  }
  bool ok() const { return ok_; }
  bool is(uint64_t field, uint64_t kind) const { return field_ == field && kind_ == kind; }
  uint64_t number() const { return number_; }
  std::string_view data() const { return data_; }

 private:
  uint64_t varint() {
    if (at_ != end_ && static_cast<signed char>(*at_) >= 0) return static_cast<uint64_t>(*at_++);
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
      auto byte = static_cast<unsigned char>(*at_++);
      value |= static_cast<uint64_t>(byte & 127) << shift;
      if (byte < 128) return value;
    }
    ok_ = false;
    return 0;
  }
  std::string_view take(uint64_t count) {
    if (!ok_ || count > static_cast<uint64_t>(end_ - at_)) {
      ok_ = false;
      return {};
    }
    std::string_view data(at_, count);
    at_ += count;
    return data;
  }

  const char *at_, *end_;
  std::string_view data_;
  uint64_t field_ = 0, kind_ = 0, number_ = 0;
  bool ok_ = true;
};

// A tensor of one number: float (1), double (2), int32 (3), int64 (9), in its own field or as raw content.
std::optional<Scalar> scalar_of_tensor(std::string_view bytes) {
  uint64_t type = 0;
  std::string_view content, floats, doubles;
  std::optional<double> whole;
  Wire wire(bytes);
  while (wire.next()) {
    if (wire.is(1, 0)) type = wire.number();
    if (wire.is(4, 2)) content = wire.data();
    if (wire.is(5, 2) || wire.is(5, 5)) floats = wire.data();
    if (wire.is(6, 2) || wire.is(6, 1)) doubles = wire.data();
    if (wire.is(7, 0) || wire.is(10, 0)) whole = static_cast<double>(static_cast<int64_t>(wire.number()));
    // Packed: of a single varint.
    if (wire.is(7, 2) || wire.is(10, 2)) {
      int64_t value = 0;
      for (size_t i = 0; i < wire.data().size() && i < 9; ++i)
        value |= static_cast<int64_t>(wire.data()[i] & 127) << (7 * i);
      whole = static_cast<double>(value);
    }
  }
  if (!wire.ok()) return std::nullopt;
  auto of_double = [](double value) { return Scalar{{}, value, false}; };
  if (type == 1 && floats.size() == 4) return Scalar{{}, load<float>(floats.data()), true};
  if (type == 2 && doubles.size() == 8) return of_double(load<double>(doubles.data()));
  if (type == 1 && content.size() == 4) return Scalar{{}, load<float>(content.data()), true};
  if (type == 2 && content.size() == 8) return of_double(load<double>(content.data()));
  if (type == 3 && content.size() == 4) return of_double(load<int32_t>(content.data()));
  if (type == 9 && content.size() == 8) return of_double(static_cast<double>(load<int64_t>(content.data())));
  if ((type == 3 || type == 9) && whole) return of_double(*whole);
  return std::nullopt;
}

bool add_value(std::string_view bytes, ScalarEvent& event) {
  std::string_view tag;
  std::optional<Scalar> value;
  Wire wire(bytes);
  while (wire.next()) {
    if (wire.is(1, 2)) tag = wire.data();
    if (wire.is(2, 5)) value = Scalar{{}, load<float>(wire.data().data()), true};
    if (wire.is(8, 2)) value = scalar_of_tensor(wire.data());
  }
  if (!wire.ok()) return false;
  if (value) {
    event.scalars.push_back({tag, value->value, value->is_float});
  } else {
    event.holds_other = true;
  }
  return true;
}

}  // namespace

namespace {

#ifdef __x86_64__
// Processors since 2008 have an instruction for this very polynomial.
__attribute__((target("sse4.2"))) uint32_t crc32c_by_instruction(const char* at, size_t left) {
  uint64_t wide = ~0u;
  for (; left >= 8; left -= 8, at += 8) wide = __builtin_ia32_crc32di(wide, load<uint64_t>(at));
  auto crc = static_cast<uint32_t>(wide);
  for (; left > 0; --left, ++at) crc = __builtin_ia32_crc32qi(crc, static_cast<unsigned char>(*at));
  return ~crc;
}
#endif

}  // namespace

uint32_t crc32c_by_table(std::string_view bytes) {
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint32_t crc = ~0u;
  for (; left >= 8; left -= 8, at += 8) {
    uint64_t word = load<uint64_t>(at) ^ crc;
    crc = 0;
    for (size_t i = 0; i < 8; ++i) crc ^= kTables[7 - i][(word >> (8 * i)) & 255];
  }
  for (; left > 0; --left, ++at) crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<unsigned char>(*at)) & 255];
  return ~crc;
}

uint32_t crc32c(std::string_view bytes) {
#ifdef __x86_64__
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  if (has_instruction) return crc32c_by_instruction(bytes.data(), bytes.size());
#endif
  return crc32c_by_table(bytes);
}

uint32_t masked_crc32c(std::string_view bytes) {
  uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
}

bool parse_event(std::string_view record, ScalarEvent& event) {
  event.wall_time = 0;
  event.step = 0;
  event.scalars.clear();
  event.holds_other = false;
  Wire wire(record);
  while (wire.next()) {
    if (wire.is(1, 1)) event.wall_time = load<double>(wire.data().data());
    if (wire.is(2, 0)) event.step = static_cast<int64_t>(wire.number());
    if (!wire.is(5, 2)) continue;
    Wire summary(wire.data());
    while (summary.next()) {
      if (summary.is(1, 2) && !add_value(summary.data(), event)) return false;
    }
    if (!summary.ok()) return false;
  }
  return wire.ok();
}

TfRecordReader::TfRecordReader(const std::filesystem::path& path) : path_(path.string()) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) throw DataError(path_, "", cat("cannot open: ", std::strerror(errno)));
}

TfRecordReader::~TfRecordReader() { ::close(descriptor_); }

// Makes `bytes` bytes available from begin_; false at the end of the file.
bool TfRecordReader::need(size_t bytes) {
  constexpr size_t kChunk = 1 << 18;  // stays in a core's own cache
  while (size_ - begin_ < bytes) {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, size_ - begin_);
      size_ -= begin_;
      begin_ = 0;
    }
    // Grows with what really is in the file, not with what a broken length promises.
    if (buffer_.size() < size_ + kChunk) buffer_.resize(size_ + std::max(kChunk, size_));
    ssize_t n = ::read(descriptor_, buffer_.data() + size_, buffer_.size() - size_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw DataError(path_, "", cat("cannot read: ", std::strerror(errno)));
    if (n == 0) return false;
    size_ += static_cast<size_t>(n);
  }
  return true;
}

bool TfRecordReader::next(std::string_view& record) {
  constexpr size_t kFrame = 12, kTail = 4;
  if (!need(kFrame)) {
    truncated_ = size_ > begin_;
    return false;
  }
  auto length = load<uint64_t>(buffer_.data() + begin_);
  if (masked_crc32c(std::string_view(buffer_).substr(begin_, 8)) != load<uint32_t>(buffer_.data() + begin_ + 8)) {
    throw DataError(path_, cat("byte ", offset_), "the length of a record has a wrong checksum",
                    "the file is damaged, or no event file");
  }
  if (length > (uint64_t{1} << 31)) throw DataError(path_, cat("byte ", offset_), "a record of more than 2 GiB");
  if (!need(kFrame + length + kTail)) {
    truncated_ = true;
    return false;
  }
  record = std::string_view(buffer_).substr(begin_ + kFrame, length);
  if (masked_crc32c(record) != load<uint32_t>(record.data() + length)) {
    throw DataError(path_, cat("byte ", offset_), "a record has a wrong checksum", "the file is damaged");
  }
  begin_ += kFrame + length + kTail;
  offset_ += kFrame + length + kTail;
  return true;
}

}  // namespace hasten::evaluate
