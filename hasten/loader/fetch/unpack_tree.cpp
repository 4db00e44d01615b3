// Files out of archives and folders of others into a folder of our own.
#include "hasten/loader/fetch/unpack_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/fetch/zip_reader.h"
#include "hasten/loader/formats/format.h"
#include "hasten/loader/formats/part_names.h"
#include "hasten/loader/formats/tar_reader.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

constexpr size_t kTreePiece = size_t{1} << 18;
constexpr int kDeepestTree = 64;

[[noreturn]] void fail_writing(const fs::path& path) {
  throw DataError(path.string(), "", cat("cannot write: ", std::strerror(errno)),
                  errno == ENOSPC ? "free some space, or choose another folder with --to" : "");
}

// A new file; nothing is written through a link or over another file.
class NewFile {
 public:
  explicit NewFile(const fs::path& path) : path_(path) {
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (descriptor_ < 0 && errno == EEXIST) throw DataError(path.string(), "", "expected each name once, got it again");
    if (descriptor_ < 0) fail_writing(path);
  }
  ~NewFile() { ::close(descriptor_); }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::span<const uint8_t> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail_writing(path_);
      bytes = bytes.subspan(static_cast<size_t>(written));
    }
  }

 private:
  fs::path path_;
  int descriptor_ = -1;
};

// The folder that is filled, with what has gone into it so far.
class TreeWriter {
 public:
  TreeWriter(const fs::path& source, const fs::path& out, const TreeLimits& limits, const TreeProgress& progress)
      : source_(source), out_(out), limits_(limits), progress_(progress) {
    make_folder(out_);
  }

  // `read` fills a buffer and says how much it was; 0 at the end.
  template <class Read>
  void add(const std::string& name, Read read) {
    count_file(name);
    const fs::path path = out_ / name;
    make_folder(path.parent_path());
    NewFile file(path);
    buffer_.resize(kTreePiece);
    while (const size_t got = read(std::span(buffer_))) {
      count_bytes(got);
      file.write(std::span(buffer_).first(got));
    }
    if (files_ % 512 == 0) progress_(files_, bytes_);
  }
  template <class Give>
  void add_given(const std::string& name, Give give) {
    count_file(name);
    const fs::path path = out_ / name;
    make_folder(path.parent_path());
    NewFile file(path);
    give([&](std::span<const uint8_t> bytes) {
      count_bytes(bytes.size());
      file.write(bytes);
    });
  }
  void make_folder(const fs::path& path) {
    if (path == last_folder_) return;
    std::error_code error;
    fs::create_directories(path, error);
    if (error || !fs::is_directory(fs::symlink_status(path, error)))
      throw DataError(path.string(), "",
                      "cannot make the folder: " + (error ? error.message() : "a file has its name"));
    last_folder_ = path;
  }
  void finish() { progress_(files_, bytes_); }

 private:
  void count_file(const std::string& name) {
    if (++files_ > limits_.files)
      throw DataError(source_.string(), "", cat("expected at most ", limits_.files, " files, got more"));
    if (name.empty()) throw DataError(source_.string(), "", "expected names of files, got an empty one");
  }
  void count_bytes(uint64_t bytes) {
    if ((bytes_ += bytes) > limits_.bytes)
      throw DataError(source_.string(), "", cat("expected at most ", limits_.bytes, " bytes in all, got more"));
    if (bytes_ - shown_ < (uint64_t{16} << 20)) return;
    shown_ = bytes_;
    progress_(files_, bytes_);
  }

  const fs::path& source_;
  fs::path out_, last_folder_;
  const TreeLimits& limits_;
  const TreeProgress& progress_;
  std::vector<uint8_t> buffer_;
  uint64_t files_ = 0, bytes_ = 0, shown_ = 0;
};

void copy_folder(const fs::path& folder, const std::string& below, TreeWriter& tree, int depth) {
  if (depth > kDeepestTree)
    throw DataError(folder.string(), "", cat("expected folders at most ", kDeepestTree, " deep"));
  for (std::string name : sorted_listing(folder)) {
    const bool is_folder = name.back() == '/';
    if (is_folder) name.pop_back();
    const fs::path path = folder / name;
    const fs::file_status status = fs::symlink_status(path);
    if (fs::is_symlink(status))
      throw DataError(path.string(), "", "expected files and folders, got a symbolic link",
                      "copy what it leads to in its place");
    if (is_folder) {
      copy_folder(path, below + name + "/", tree, depth + 1);
      continue;
    }
    uint64_t at = 0;
    InputFile file(path);
    tree.add(below + name, [&](std::span<uint8_t> out) {
      const size_t got = file.read_some(at, out);
      at += got;
      return got;
    });
  }
}

}  // namespace

void unpack_tar(const fs::path& archive, const fs::path& out, const TreeLimits& limits, const TreeProgress& progress) {
  // Headers count, too: a gibibyte for them and what stands around them.
  TarReader reader(archive, limits.bytes + (uint64_t{1} << 30));
  TreeWriter tree(archive, out, limits, progress);
  while (const std::optional<TarEntry> entry = reader.next()) {
    if (entry->kind == TarKind::kFolder) {
      tree.make_folder(out / entry->name);
    } else if (entry->kind == TarKind::kFile) {
      tree.add(entry->name, [&](std::span<uint8_t> piece) { return reader.read(piece); });
    } else {
      reader.stream().fail(entry->header,
                           cat("expected files and folders, got the link or device \"", entry->name, "\""),
                           "do not unpack this archive");
    }
  }
  tree.finish();
}

void unpack_zip(const fs::path& archive, const fs::path& out, const TreeLimits& limits, const TreeProgress& progress) {
  const ZipReader reader(archive);
  TreeWriter tree(archive, out, limits, progress);
  for (const ZipEntry& entry : reader.entries())
    tree.add_given(entry.name,
                   [&](const std::function<void(std::span<const uint8_t>)>& take) { reader.read(entry, take); });
  tree.finish();
}

void copy_tree(const fs::path& folder, const fs::path& out, const TreeLimits& limits, const TreeProgress& progress) {
  TreeWriter tree(folder, out, limits, progress);
  copy_folder(folder, "", tree, 0);
  tree.finish();
}

void copy_file_content(const fs::path& from, const fs::path& to, bool unpack, const TreeLimits& limits) {
  NewFile file(to);
  std::vector<uint8_t> buffer(kTreePiece);
  if (!unpack) {
    InputFile source(from);
    for (uint64_t at = 0;;) {
      const size_t got = source.read_some(at, buffer);
      if (got == 0) return;
      file.write(std::span(buffer).first(got));
      at += got;
    }
  }
  InputStream source(from, limits.bytes);
  while (const size_t got = source.read(buffer)) file.write(std::span(buffer).first(got));
}

fs::path without_common_folder(const fs::path& tree) {
  const std::vector<std::string> names = sorted_listing(tree);
  if (names.size() != 1 || names.front().back() != '/') return tree;
  const std::string only = names.front().substr(0, names.front().size() - 1);
  // A part alone is a part, not a folder around everything.
  return part_name_of(only) != PartName::kNone ? tree : tree / only;
}

void sync_tree(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;  // some file systems refuse; the rename itself is still atomic
  ::syncfs(descriptor);        // one call for all files: an fsync for each of 60,000 takes minutes
  ::close(descriptor);
}

}  // namespace hasten
