// Bytes of a file: a producer thread fills a few blocks ahead, so inflating and parsing overlap.
#include "hasten/trace/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten::trace {
namespace {

constexpr size_t kHead = 64;  // read first, to tell what kind of file it is
constexpr size_t kInput = size_t{1} << 18;
constexpr size_t kBlocks = 4;

class File {
 public:
  explicit File(const std::filesystem::path& path)
      : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) fail();
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) fail();
    if (S_ISDIR(status.st_mode)) {
      ::close(descriptor_);
      throw DataError(path_.string(), "", "is a folder, not a trace");
    }
    size_ = status.st_size;
  }
  ~File() { ::close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  size_t read(char* to, size_t bytes) {
    size_t got = 0;
    while (got < bytes) {
      ssize_t n = ::read(descriptor_, to + got, bytes - got);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0)
        throw DataError(path_.string(), cat("byte ", position_ + static_cast<int64_t>(got)), std::strerror(errno));
      if (n == 0) break;
      got += static_cast<size_t>(n);
    }
    position_ += static_cast<int64_t>(got);
    return got;
  }
  int64_t size() const { return size_; }

  // The last four bytes as a little-endian number: where gzip says how long the text is.
  int64_t last_number() const {
    unsigned char bytes[4];
    if (size_ < 4 || ::pread(descriptor_, bytes, 4, size_ - 4) != 4) return 0;
    return int64_t{bytes[0]} | int64_t{bytes[1]} << 8 | int64_t{bytes[2]} << 16 | int64_t{bytes[3]} << 24;
  }

 private:
  [[noreturn]] void fail() {
    std::string reason = std::strerror(errno);
    if (descriptor_ >= 0) ::close(descriptor_);
    throw DataError(path_.string(), "", "cannot be read: " + reason);
  }

  std::filesystem::path path_;
  int descriptor_;
  int64_t size_ = 0, position_ = 0;
};

// Inflates gzip data, also several members one after the other.
class Inflater {
 public:
  Inflater(File& file, std::string path) : file_(file), path_(std::move(path)), input_(kInput) {
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw InternalError("zlib cannot start");
  }
  ~Inflater() { inflateEnd(&stream_); }

  // The first bytes of the file, already read to tell its kind.
  void prime(const char* bytes, size_t count) {
    std::memcpy(input_.data(), bytes, count);
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(count);
    read_ = static_cast<int64_t>(count);
  }

  size_t read(char* to, size_t bytes) {
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(bytes);
    if (fault_) std::rethrow_exception(fault_);
    try {
      while (stream_.avail_out > 0 && !done_) {
        if (stream_.avail_in == 0 && !refill()) break;
        step();
      }
    } catch (const DataError&) {  // first what was good before it
      if (stream_.avail_out == bytes) throw;
      fault_ = std::current_exception();
    }
    return bytes - stream_.avail_out;
  }

 private:
  bool refill() {
    size_t got = file_.read(input_.data(), input_.size());
    if (got == 0) {
      if (inside_) throw DataError(path_, cat("byte ", read_), "the gzip data end too early: the file is torn");
      done_ = true;
      return false;
    }
    read_ += static_cast<int64_t>(got);
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(got);
    return true;
  }

  void step() {
    inside_ = true;
    int code = inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      inside_ = false;
      inflateReset(&stream_);
      members_ += 1;
    } else if (code == Z_DATA_ERROR && members_ > 0 && stream_.total_out == 0) {
      throw DataError(path_, cat("byte ", read_ - stream_.avail_in), "bytes after the end of the gzip data");
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      throw DataError(
          path_, cat("byte ", read_ - stream_.avail_in),
          cat("the gzip data are corrupt (", stream_.msg != nullptr ? stream_.msg : "no reason given", ")"));
    }
  }

  File& file_;
  std::string path_;
  std::vector<char> input_;
  z_stream stream_{};
  int64_t read_ = 0;
  int members_ = 0;
  bool inside_ = true, done_ = false;
  std::exception_ptr fault_;
};

}  // namespace

struct ByteSource::Impl {
  struct Block {
    std::vector<char> bytes;
    size_t used = 0;
  };

  Impl(const std::filesystem::path& path, size_t most) : file(path), block_bytes(std::max(most, kHead)) {
    for (Block& block : blocks) block.bytes.resize(block_bytes);
    head_bytes = file.read(head.data(), head.size());
    if (head_bytes >= 2 && head[0] == '\x1f' && head[1] == '\x8b') {
      likely_bytes = file.last_number();
      inflater = std::make_unique<Inflater>(file, path.string());
      inflater->prime(head.data(), head_bytes);
      head_bytes = 0;
    }
    producer = std::thread([this] { produce(); });
  }

  ~Impl() {
    {
      std::lock_guard lock(mutex);
      stop = true;
    }
    changed.notify_all();
    producer.join();
  }

  size_t fill(char* to) {
    if (inflater) return inflater->read(to, block_bytes);
    size_t used = head_bytes;
    std::memcpy(to, head.data(), used);
    head_bytes = 0;
    return used + file.read(to + used, block_bytes - used);
  }

  void produce() {
    try {
      while (true) {
        Block& block = blocks[produced % kBlocks];
        {
          std::unique_lock lock(mutex);
          changed.wait(lock, [&] { return stop || produced - released < kBlocks; });
          if (stop) return;
        }
        block.used = fill(block.bytes.data());
        std::lock_guard lock(mutex);
        if (block.used == 0) {
          finished = true;
        } else {
          ++produced;
        }
        changed.notify_all();
        if (finished) return;
      }
    } catch (...) {
      std::lock_guard lock(mutex);
      error = std::current_exception();
      finished = true;
      changed.notify_all();
    }
  }

  std::string_view next() {
    std::unique_lock lock(mutex);
    if (taken > released) released = taken;
    changed.notify_all();
    changed.wait(lock, [&] { return finished || produced > taken; });
    if (produced == taken) {
      if (error) std::rethrow_exception(error);
      return {};
    }
    Block& block = blocks[taken % kBlocks];
    ++taken;
    return {block.bytes.data(), block.used};
  }

  File file;
  size_t block_bytes;
  int64_t likely_bytes = file.size();
  std::array<char, kHead> head{};
  size_t head_bytes = 0;
  std::unique_ptr<Inflater> inflater;
  std::array<Block, kBlocks> blocks;
  std::mutex mutex;
  std::condition_variable changed;
  size_t produced = 0, taken = 0, released = 0;
  bool finished = false, stop = false;
  std::exception_ptr error;
  std::thread producer;
};

ByteSource::ByteSource(const std::filesystem::path& path, size_t block_bytes)
    : impl_(std::make_unique<Impl>(path, block_bytes)) {}
ByteSource::~ByteSource() = default;
std::string_view ByteSource::next() { return impl_->next(); }
int64_t ByteSource::file_bytes() const { return impl_->file.size(); }
int64_t ByteSource::likely_bytes() const { return impl_->likely_bytes; }

}  // namespace hasten::trace
