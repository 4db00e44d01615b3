// Files: whole reads, atomic writes, append-only logs.
#include "hasten/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "hasten/base/error.h"

namespace hasten {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what, int code) {
  std::string hint;
  if (code == ENOSPC || code == EDQUOT || code == EFBIG)
    hint = "free some space or choose another --out; the last complete files are untouched";
  if (code == EACCES || code == EPERM || code == EROFS) hint = "check the permissions of the directory";
  throw DataError(path.string(), "", what + ": " + std::strerror(code), hint);
}

// Returns 0 or the errno of the failing write.
int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return 0;
}

void sync_directory(const std::filesystem::path& directory) {
  int descriptor = ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;  // some file systems refuse; the rename itself is still atomic
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail(path, "cannot open", errno);
  std::string bytes;
  struct stat status {};
  if (::fstat(descriptor, &status) == 0 && status.st_size > 0) bytes.reserve(static_cast<size_t>(status.st_size));
  char buffer[1 << 16];
  while (true) {
    ssize_t n = ::read(descriptor, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      int code = errno;
      ::close(descriptor);
      fail(path, "cannot read", code);
    }
    if (n == 0) break;
    bytes.append(buffer, static_cast<size_t>(n));
  }
  ::close(descriptor);
  return bytes;
}

void write_file_atomic(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::path temporary = path;
  temporary += ".tmp" + std::to_string(::gettid());  // threads may write one file at a time: the last one stays
  int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) fail(path, "cannot write", errno);
  int code = write_all(descriptor, bytes);
  if (code == 0 && ::fsync(descriptor) != 0) code = errno;
  if (::close(descriptor) != 0 && code == 0) code = errno;
  if (code == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) code = errno;
  if (code != 0) {
    ::unlink(temporary.c_str());
    fail(path, "cannot write", code);
  }
  sync_directory(path.parent_path());
}

void require_place(const std::filesystem::path& path, const std::string& where) {
  namespace fs = std::filesystem;
  std::error_code code;
  const std::string got = "'" + path.string() + "'";
  if (fs::is_directory(path, code)) throw ConfigError(where, "a file", got + ", a folder");
  const fs::path folder = fs::absolute(path).parent_path();
  if (!fs::is_directory(folder, code) || ::access(folder.c_str(), W_OK) != 0)
    throw ConfigError(where, "a file in a folder that can be written", got);
}

bool is_unfinished_file(const std::filesystem::path& path) {
  const std::string ending = path.extension().string();
  return ending.rfind(".tmp", 0) == 0 && ending.size() > 4 &&
         ending.find_first_not_of("0123456789", 4) == std::string::npos;
}

AppendFile::AppendFile(const std::filesystem::path& path, int64_t size) : path_(path) {
  descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail(path, "cannot open", errno);
  if (size >= 0 && ::ftruncate(descriptor_, size) != 0) {
    int code = errno;
    ::close(descriptor_);
    fail(path, "cannot truncate", code);
  }
  size_ = ::lseek(descriptor_, 0, SEEK_END);
}

AppendFile::~AppendFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void AppendFile::append(std::string_view bytes) {
  int code = write_all(descriptor_, bytes);
  if (code != 0) fail(path_, "cannot append", code);
  size_ += static_cast<int64_t>(bytes.size());
}

void AppendFile::sync() {
  if (::fsync(descriptor_) != 0) fail(path_, "cannot sync", errno);
}

}  // namespace hasten
