// A folder to prepare a data set in.
#include "hasten/loader/fetch/staging.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_staging(const fs::path& path, const std::string& what) {
  throw DataError(path.string(), "", cat(what, ": ", std::strerror(errno)), "choose another folder with --to");
}

}  // namespace

// The lock is on the folder itself: it ends with the process, so none is ever left over. Who waited for it may find that
// the folder it was for is gone, and makes a new one.
Staging::Staging(const fs::path& folder, const std::function<void()>& on_wait) : folder_(folder) {
  for (bool told = false;;) {
    std::error_code error;
    fs::create_directories(folder, error);
    lock_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (lock_ < 0 && errno == ENOENT && !error) continue;  // removed in between by who was done
    if (lock_ < 0) fail_staging(folder, "cannot make the folder");
    while (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) fail_staging(folder, "cannot lock the folder");
      if (!told) on_wait();
      told = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    if (still_ours()) return;
    ::close(lock_);
  }
}

Staging::~Staging() {
  if (lock_ >= 0) ::close(lock_);
}

bool Staging::still_ours() const {
  struct stat opened {
  }, named{};
  return ::fstat(lock_, &opened) == 0 && ::lstat(folder_.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

void Staging::place(const fs::path& prepared, const fs::path& target) {
  if (::rename(prepared.c_str(), target.c_str()) != 0) {
    // Something is there: the two change places in one step, and what was there goes with the staging folder.
    if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR) fail_staging(target, "cannot put it in its place");
    if (::renameat2(AT_FDCWD, prepared.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) != 0)
      fail_staging(target, "cannot put it in the place of what is there");
  }
  const int parent =
      ::open(target.parent_path().empty() ? "." : target.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent >= 0) {
    ::fsync(parent);
    ::close(parent);
  }
  discard();
}

void Staging::discard() {
  std::error_code error;
  fs::remove_all(folder_, error);
  if (error) throw DataError(folder_.string(), "", "cannot remove the folder: " + error.message());
}

}  // namespace hasten
