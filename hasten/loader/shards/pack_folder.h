// The folder that a pack goes into: locked while it lasts, and what is in it already.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "hasten/loader/sample_index.h"
#include "hasten/loader/shards/layout.h"
#include "hasten/loader/shards/transcode.h"

namespace hasten::shards {

// A pack that the options could mean: with `auto` there is one for each format.
struct PackCandidate {
  PackFormat format = PackFormat::kJpeg;
  uint64_t identity = 0;
};

// Where to go on.
struct PackStart {
  uint64_t shard = 0;                  // number of the next shard
  uint64_t sample = 0, total = 0;      // of the source: the next one, and how many there are
  std::optional<PackFormat> format;    // of the pack that is gone on with
  uint64_t identity = 0;
  std::vector<ShardHeader> finished;   // shards of this pack that are there
};

class PackFolder {
 public:
  // Makes the folder, locks it, and removes what a killed pack left. Throws ConfigError if another process packs into it.
  explicit PackFolder(const std::filesystem::path& path);
  ~PackFolder();  // removes the folders that it made if nothing is in them
  PackFolder(const PackFolder&) = delete;
  PackFolder& operator=(const PackFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Throws ConfigError where what is there is of another pack and must not be mixed with this one.
  PackStart start(const SampleIndex& source, const std::vector<PackCandidate>& candidates, bool append) const;

 private:
  std::filesystem::path path_;
  std::vector<std::filesystem::path> made_;  // the outermost first
  int lock_ = -1;
};

}  // namespace hasten::shards
