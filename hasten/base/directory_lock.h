// One process at a time works in a directory: an advisory lock on the directory itself, which ends with its process,
// however that ends. No file is left.
#pragma once

#include <filesystem>
#include <string_view>

namespace hasten {

class DirectoryLock {
 public:
  // `what` the directory holds, for the message: "run", "search". Throws ConfigError when another process (or another
  // part of this one) holds it, or when the directory cannot be opened. A file system without locks grants it.
  explicit DirectoryLock(const std::filesystem::path& directory, std::string_view what);
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

  // Whether somebody works there now; false where that cannot be known.
  static bool held(const std::filesystem::path& directory);

 private:
  int descriptor_ = -1;
};

}  // namespace hasten
