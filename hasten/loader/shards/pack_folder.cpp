// The folder that a pack goes into.
#include "hasten/loader/shards/pack_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/shards/set_files.h"

namespace hasten::shards {
namespace {

namespace fs = std::filesystem;

// A source that was written to after the shards were may have other contents under the same names and sizes.
void refuse_newer_source(const SampleIndex& source, const fs::path& shard) {
  std::error_code error;
  const fs::file_time_type packed = fs::last_write_time(shard, error);
  for (const SampleFile& file : source.files()) {
    const fs::file_time_type written = fs::last_write_time(file.path, error);
    if (!error && written > packed)
      throw ConfigError("--out", "shards that are newer than their source",
                        cat(file.path.string(), " was changed since"),
                        "remove the shards and pack again, or choose another folder");
  }
}

}  // namespace

PackFolder::PackFolder(const fs::path& path) : path_(path) {
  std::error_code error;
  for (fs::path at = fs::absolute(path); !fs::exists(at, error) && at.has_relative_path(); at = at.parent_path()) {
    if (at.has_filename()) made_.insert(made_.begin(), at);
  }
  fs::create_directories(path, error);
  if (error) fail_system(path, "cannot make the folder", error.value());
  lock_ = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_ < 0) fail_system(path, "cannot open", errno);
  try {
    // The kernel drops the lock with the process. File systems without locks go without.
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
      throw ConfigError("folder", "one that nobody else packs into", cat(path.string(), ", where another pack runs"),
                        "wait for it, or choose another folder");
    for (const fs::path& partial : files_in(path).partials) fs::remove(partial, error);
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

PackFolder::~PackFolder() {
  ::close(lock_);
  std::error_code error;
  for (size_t i = made_.size(); i-- > 0;) {
    if (!fs::is_empty(made_[i], error) || error) return;
    fs::remove(made_[i], error);
  }
}

PackStart PackFolder::start(const SampleIndex& source, const std::vector<PackCandidate>& candidates,
                            bool append) const {
  const FolderFiles files = files_in(path_);
  require_all(files, path_);
  const std::vector<fs::path>& shards = files.shards;
  std::vector<ShardHeader> headers;
  for (const fs::path& shard : shards) headers.push_back(read_header(shard));
  const std::vector<PackSpan> packs = packs_of(shards, headers);
  PackStart start{shards.size(), 0, static_cast<uint64_t>(source.size()), {}, 0, {}};
  for (const PackSpan& span : packs) {
    for (const PackCandidate& candidate : candidates) {
      if (headers[span.begin].pack != candidate.identity) continue;
      refuse_newer_source(source, shards[span.begin]);
      start.format = candidate.format;
      start.sample = headers[span.end - 1].pack_next;
      start.finished.assign(headers.begin() + static_cast<std::ptrdiff_t>(span.begin),
                            headers.begin() + static_cast<std::ptrdiff_t>(span.end));
    }
  }
  if (start.format || packs.empty()) return start;
  if (!packs.back().finished) {
    throw ConfigError("--out", "the source and options of the pack that was stopped there", "others",
                      cat("finish that one first, or remove ", shards[packs.back().begin].filename().string(),
                          " and the shards after it"));
  }
  if (!append) {
    throw ConfigError(
        "--out", "an empty folder, or one with shards of this source and these options",
        cat(path_.string(), " with ", shards.size(), shards.size() == 1 ? " other shard" : " other shards"),
        "--append adds to a set, another --out makes a new one");
  }
  return start;
}

}  // namespace hasten::shards
