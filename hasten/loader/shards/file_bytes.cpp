// A file that is read at offsets.
#include "hasten/loader/shards/file_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/shards/set_files.h"

namespace hasten::shards {

FileBytes::FileBytes(std::filesystem::path path) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) fail_system(path_, "cannot open", errno);
  struct stat status {};
  if (::fstat(descriptor_, &status) == 0) size_ = static_cast<uint64_t>(status.st_size);
}

FileBytes::~FileBytes() { ::close(descriptor_); }

void FileBytes::read(uint64_t offset, uint64_t bytes, std::vector<uint8_t>& into) const {
  if (offset > size_ || bytes > size_ - offset)
    throw DataError(path_.string(), cat("byte ", offset), cat("the file ends before these ", bytes, " bytes do"));
  into.resize(bytes);
  uint64_t done = 0;
  while (done < bytes) {
    const ssize_t n = ::pread(descriptor_, into.data() + done, bytes - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_system(path_, cat("cannot read byte ", offset + done), errno);
    if (n == 0) throw DataError(path_.string(), cat("byte ", offset + done), "the file became shorter");
    done += static_cast<uint64_t>(n);
  }
}

std::vector<uint8_t> FileBytes::read(uint64_t offset, uint64_t bytes) const {
  std::vector<uint8_t> into;
  read(offset, bytes, into);
  return into;
}

}  // namespace hasten::shards
