// Chunked reading of lines.
#include "hasten/base/line_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {

LineReader::LineReader(const std::filesystem::path& path) : path_(path.string()) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) throw DataError(path_, "", cat("cannot open: ", std::strerror(errno)));
}

LineReader::~LineReader() { ::close(descriptor_); }

bool LineReader::next(std::string_view& line) {
  line_begin_ = begin_;
  size_t end = 0;
  complete_ = find_end(begin_, end);
  if (!complete_ && line_begin_ == size_) return false;
  ++number_;
  begin_ = complete_ ? end + 1 : end;
  line = cleaned(line_begin_, end);
  return true;
}

bool LineReader::extend(std::string_view& line) {
  if (!complete_ || (begin_ == size_ && !fill())) return false;
  size_t end = 0;
  complete_ = find_end(begin_, end);
  ++number_;
  begin_ = complete_ ? end + 1 : end;
  line = cleaned(line_begin_, end);
  return true;
}

size_t LineReader::capacity_behind(std::string_view line) const {
  return static_cast<size_t>(buffer_.data() + buffer_.size() - line.data());
}

// `end` becomes the place of the newline, or of the end of the file.
bool LineReader::find_end(size_t from, size_t& end) {
  while (true) {
    const char* found = static_cast<const char*>(std::memchr(buffer_.data() + from, '\n', size_ - from));
    if (found) {
      end = static_cast<size_t>(found - buffer_.data());
      return true;
    }
    size_t searched = size_ - line_begin_;
    if (searched > kLongest) {
      throw DataError(path_, cat("line ", number_ + 1), "longer than 128 MiB", "this is not a text log");
    }
    if (!fill()) {
      end = size_;
      return false;
    }
    from = line_begin_ + searched;  // fill moved the line
  }
}

std::string_view LineReader::cleaned(size_t begin, size_t end) {
  std::string_view line = std::string_view(buffer_).substr(begin, end - begin);
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (number_ == 1 && line.substr(0, 3) == kMark) line.remove_prefix(3);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

// Drops what lies before the current line and reads more; false at the end of the file.
bool LineReader::fill() {
  if (at_end_) return false;
  constexpr size_t kChunk = 1 << 18;  // stays in a core's own cache
  size_ -= line_begin_;
  begin_ -= line_begin_;
  std::memmove(buffer_.data(), buffer_.data() + line_begin_, size_);
  line_begin_ = 0;
  // Long lines double, so that joining chunks stays linear.
  size_t wanted = size_ + std::max(size_, kChunk) + kPadding;
  if (buffer_.size() < wanted) buffer_.resize(wanted);
  size_t chunk = buffer_.size() - kPadding - size_;
  ssize_t n = 0;
  do {
    n = ::read(descriptor_, buffer_.data() + size_, chunk);
  } while (n < 0 && errno == EINTR);
  if (n < 0) throw DataError(path_, "", cat("cannot read: ", std::strerror(errno)));
  size_ += static_cast<size_t>(n);
  at_end_ = n == 0;
  return n > 0;
}

}  // namespace hasten
