// Files as parsers read them.
#include "hasten/loader/formats/input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

constexpr size_t kInputReadAhead = size_t{1} << 18;
constexpr const char* kDamaged = "the file is damaged or not what its name says: get it again from its source";

}  // namespace

void fail_at_byte(const std::filesystem::path& path, uint64_t byte, const std::string& message,
                  const std::string& hint) {
  throw DataError(path.string(), cat("byte ", byte), message, hint.empty() ? kDamaged : hint);
}

InputFile::InputFile(const std::filesystem::path& path) : path_(path) {
  // O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) throw DataError(path.string(), "", cat("cannot open: ", std::strerror(errno)));
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw DataError(path.string(), "", "expected a file, got something else");
  }
  size_ = static_cast<uint64_t>(status.st_size);
}

InputFile::~InputFile() { ::close(descriptor_); }

size_t InputFile::read_some(uint64_t offset, std::span<uint8_t> out) const {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::pread(descriptor_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw DataError(path_.string(), cat("byte ", offset + done), cat("cannot read: ", std::strerror(errno)));
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

void InputFile::read(uint64_t offset, std::span<uint8_t> out) const {
  const size_t got = offset > size_ ? 0 : read_some(offset, out);
  if (got < out.size())
    fail_at_byte(path_, offset + got,
                 cat("truncated: expected ", out.size(), " bytes at byte ", offset, ", got ", got));
}

std::vector<uint8_t> InputFile::read(uint64_t offset, uint64_t bytes) const {
  std::vector<uint8_t> out;
  read(offset, bytes, out);
  return out;
}

void InputFile::read(uint64_t offset, uint64_t bytes, std::vector<uint8_t>& into) const {
  if (offset > size_ || bytes > size_ - offset)  // before memory is taken for a size that a file claims
    fail_at_byte(path_, std::min(offset, size_),
                 cat("truncated: expected ", bytes, " bytes at byte ", offset, ", the file has ", size_));
  into.resize(bytes);
  read(offset, std::span(into));
}

Packing packing_of(std::span<const uint8_t> first) {
  if (first.size() >= 2 && first[0] == 0x1f && first[1] == 0x8b) return Packing::kGzip;
  if (first.size() >= 4 && first[0] == 0x28 && first[1] == 0xb5 && first[2] == 0x2f && first[3] == 0xfd)
    return Packing::kZstd;
  return Packing::kNone;
}

// Turns the bytes of a file into those of its content, piece by piece.
class InputStream::Unpacker {
 public:
  explicit Unpacker(const InputFile& file) : file_(file), input_(kInputReadAhead) {}
  virtual ~Unpacker() = default;
  virtual size_t unpack(std::span<uint8_t> out) = 0;  // 0 at the end

 protected:
  // Makes sure that there is packed input; false at the end of the file.
  bool refill() {
    if (used_ < filled_) return true;
    offset_ += filled_;
    filled_ = file_.read_some(offset_, input_);
    used_ = 0;
    return filled_ > 0;
  }
  uint64_t consumed() const { return offset_ + used_; }
  [[noreturn]] void fail_truncated() const {
    fail_at_byte(file_.path(), consumed(), "truncated: the compressed data goes on");
  }
  [[noreturn]] void fail_damaged(const char* reason) const {
    fail_at_byte(file_.path(), consumed(), cat("damaged compressed data: ", reason == nullptr ? "unknown" : reason));
  }

  const InputFile& file_;
  std::vector<uint8_t> input_;
  size_t used_ = 0, filled_ = 0;
  uint64_t offset_ = 0;
};

class InputStream::Gzip : public Unpacker {
 public:
  explicit Gzip(const InputFile& file) : Unpacker(file) {
    HASTEN_CHECK(inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK, "zlib does not start");
  }
  ~Gzip() override { inflateEnd(&stream_); }

  size_t unpack(std::span<uint8_t> out) override {
    stream_.next_out = out.data();
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(out.size(), size_t{1} << 30));  // zlib counts in 32 bits
    const size_t space = stream_.avail_out;
    while (stream_.avail_out == space) {
      if (!refill()) {
        if (between_members_) return 0;
        fail_truncated();
      }
      if (between_members_) begin_member();
      stream_.next_in = input_.data() + used_;
      stream_.avail_in = static_cast<uInt>(filled_ - used_);
      const int code = inflate(&stream_, Z_NO_FLUSH);
      used_ = filled_ - stream_.avail_in;
      if (code == Z_STREAM_END) between_members_ = true;
      else if (code != Z_OK && code != Z_BUF_ERROR) fail_damaged(stream_.msg);
    }
    return space - stream_.avail_out;
  }

 private:
  // A gzip file may have several members, one after the other; anything else does not belong there.
  void begin_member() {
    if (input_[used_] != 0x1f)
      fail_at_byte(file_.path(), consumed(),
                   cat("expected the end of the gzip file, got ", file_.size() - consumed(), " bytes more"));
    inflateReset(&stream_);
    between_members_ = false;
  }

  z_stream stream_{};
  bool between_members_ = false;
};

class InputStream::Zstd : public Unpacker {
 public:
  explicit Zstd(const InputFile& file) : Unpacker(file), stream_(ZSTD_createDStream()) {
    HASTEN_CHECK(stream_ != nullptr, "zstd does not start");
  }
  ~Zstd() override { ZSTD_freeDStream(stream_); }

  size_t unpack(std::span<uint8_t> out) override {
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    while (output.pos == 0) {
      // A frame that is not yet written out needs no more input to go on; at the end of the file that is told apart by
      // a call that does nothing.
      const bool more = refill();
      if (!more && at_frame_end_) return 0;
      ZSTD_inBuffer input{input_.data(), filled_, used_};
      const size_t state = ZSTD_decompressStream(stream_, &output, &input);
      if (ZSTD_isError(state)) fail_damaged(ZSTD_getErrorName(state));
      used_ = input.pos;
      at_frame_end_ = state == 0;
      if (!more && output.pos == 0) {
        if (at_frame_end_) return 0;
        fail_truncated();
      }
    }
    return output.pos;
  }

 private:
  ZSTD_DStream* stream_;
  bool at_frame_end_ = true;
};

InputStream::InputStream(const std::filesystem::path& path, uint64_t limit) : file_(path), limit_(limit) {
  std::array<uint8_t, 4> first{};
  packing_ = packing_of(std::span(first).first(file_.read_some(0, first)));
  if (packing_ == Packing::kGzip) unpacker_ = std::make_unique<Gzip>(file_);
  if (packing_ == Packing::kZstd) unpacker_ = std::make_unique<Zstd>(file_);
}

InputStream::~InputStream() = default;

const std::filesystem::path& InputStream::path() const { return file_.path(); }
Packing InputStream::packing() const { return packing_; }
uint64_t InputStream::position() const { return position_; }
uint64_t InputStream::file_bytes() const { return file_.size(); }

void InputStream::fail(uint64_t byte, const std::string& message, const std::string& hint) const {
  throw DataError(path().string(), cat("byte ", byte, packing_ == Packing::kNone ? "" : " of the unpacked data"),
                  message, hint.empty() ? kDamaged : hint);
}

size_t InputStream::fill(std::span<uint8_t> out) {
  if (unpacker_) return unpacker_->unpack(out);
  if (position_ < buffer_start_ || position_ >= buffer_start_ + buffer_.size()) {
    buffer_.resize(kInputReadAhead);
    buffer_start_ = position_;
    buffer_.resize(file_.read_some(position_, buffer_));
  }
  const size_t at = static_cast<size_t>(position_ - buffer_start_);
  const size_t count = std::min(out.size(), buffer_.size() - at);
  std::copy_n(buffer_.data() + at, count, out.data());
  return count;
}

size_t InputStream::read(std::span<uint8_t> out) {
  size_t done = 0;
  while (done < out.size()) {
    const size_t got = fill(out.subspan(done));
    if (got == 0) break;
    done += got;
    position_ += got;
    if (packing_ != Packing::kNone && position_ > limit_)
      fail(limit_, cat("expected at most ", limit_, " bytes of unpacked data, got more"), "unpack it to a file first");
  }
  return done;
}

void InputStream::read_exactly(std::span<uint8_t> out, const std::string& what) {
  const size_t got = read(out);
  if (got < out.size()) fail(position_, cat("truncated: expected ", what, " of ", out.size(), " bytes, got ", got));
}

uint64_t InputStream::skip(uint64_t bytes) {
  if (packing_ == Packing::kNone) {
    const uint64_t left = file_.size() > position_ ? file_.size() - position_ : 0;
    position_ += std::min(bytes, left);
    return std::min(bytes, left);
  }
  std::array<uint8_t, 1 << 14> buffer;
  uint64_t done = 0;
  while (done < bytes) {
    const size_t got = read(std::span(buffer).first(std::min<uint64_t>(buffer.size(), bytes - done)));
    if (got == 0) break;
    done += got;
  }
  return done;
}

SampleFile packed_sample_file(const std::filesystem::path& path, uint64_t bytes) {
  const uint64_t packed = InputFile(path).size();
  if (bytes > InputStream::kUnpackLimit)
    throw DataError(path.string(), "",
                    cat("expected at most ", InputStream::kUnpackLimit, " bytes of unpacked data, got ", bytes),
                    "unpack it to a file first");
  auto unpack = [path, bytes, packed]() -> UnpackedBytes {
    InputStream stream(path, bytes);
    if (stream.file_bytes() != packed)
      throw DataError(path.string(), "",
                      cat("expected ", packed, " bytes as when it was opened, got ", stream.file_bytes()),
                      "the file was changed while it was in use");
    auto content = std::make_shared<std::vector<uint8_t>>();
    while (content->size() < bytes) {  // memory grows with what is there, not with what the file says
      const size_t at = content->size();
      content->resize(std::min<uint64_t>(bytes, std::max<uint64_t>(uint64_t{1} << 26, at * 2)));
      stream.read_exactly(std::span(*content).subspan(at), "unpacked data");
    }
    std::array<uint8_t, 1> more;  // reading to the end also makes the checksum be compared
    if (stream.read(more) != 0) stream.fail(bytes, "expected the end of the data, got more");
    return content;
  };
  return {path, bytes, unpack};
}

SampleFile plain_sample_file(const std::filesystem::path& path, uint64_t bytes) { return {path, bytes, {}}; }

std::vector<uint8_t> read_content(const std::filesystem::path& path, uint64_t limit) {
  InputStream stream(path, limit);
  if (stream.packing() == Packing::kNone && stream.file_bytes() > limit)
    fail_at_byte(path, limit, cat("expected at most ", limit, " bytes, the file has ", stream.file_bytes()));
  std::vector<uint8_t> content;
  for (size_t got = 1; got > 0;) {
    const size_t at = content.size();
    content.resize(at + kInputReadAhead);
    got = stream.read(std::span(content).subspan(at));
    content.resize(at + got);
  }
  return content;
}

std::string bytes_text(std::span<const uint8_t> bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (uint8_t byte : bytes.first(std::min<size_t>(bytes.size(), 8))) {
    if (!text.empty()) text += ' ';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace hasten
