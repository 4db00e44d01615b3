// An advisory lock on a directory.
#include "hasten/base/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

int open_directory(const std::filesystem::path& directory) {
  return ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

// Only "somebody has it" counts as held: file systems without locks answer ENOLCK, EOPNOTSUPP, EINVAL or EBADF.
bool held_by_another(int descriptor, int kind) {
  return ::flock(descriptor, kind | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace

DirectoryLock::DirectoryLock(const std::filesystem::path& directory, std::string_view what)
    : descriptor_(open_directory(directory)) {
  const std::string where = "'" + directory.string() + "'";
  if (descriptor_ < 0) {
    throw ConfigError("--out", "a directory that can be opened", cat(where, ": ", std::strerror(errno)));
  }
  // held() takes the lock for a moment, and a process that was killed gives it back a moment later.
  for (int attempt = 0; held_by_another(descriptor_, LOCK_EX); ++attempt) {
    if (attempt == 20) {
      ::close(descriptor_);
      throw ConfigError("--out", "a directory in which no other process works",
                        cat(where, ", whose ", what, " another process is writing"),
                        "wait until it has ended, or choose another directory");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

bool DirectoryLock::held(const std::filesystem::path& directory) {
  const int descriptor = open_directory(directory);
  if (descriptor < 0) return false;
  const bool held = held_by_another(descriptor, LOCK_SH);
  ::close(descriptor);
  return held;
}

}  // namespace hasten
