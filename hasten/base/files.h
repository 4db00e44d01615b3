// Files: whole reads, and writes that are either complete or not there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace hasten {

// Throws DataError if the file cannot be read.
std::string read_file(const std::filesystem::path& path);

// Writes beside the target, syncs, renames, syncs the directory: after a crash the old or the new file is there,
// whole. Throws DataError (with the system's reason, e.g. a full disk) and leaves the old file.
void write_file_atomic(const std::filesystem::path& path, std::string_view bytes);

// That a file can be written there, before the work that makes it: throws ConfigError naming `where` if `path` is a directory, or
// lies in none that can be written.
void require_place(const std::filesystem::path& path, const std::string& where);

// Whether `path` has the name of what a killed process leaves when write_file_atomic could not rename it.
bool is_unfinished_file(const std::filesystem::path& path);

// A file that only grows. Lines reach the kernel at once; `sync` makes them durable.
class AppendFile {
 public:
  // Opens or creates, and cuts the file to `size` bytes if that is not negative (resuming drops what came later).
  explicit AppendFile(const std::filesystem::path& path, int64_t size = -1);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  void append(std::string_view bytes);  // throws DataError
  void sync();
  int64_t size() const { return size_; }

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  int64_t size_ = 0;
};

}  // namespace hasten
