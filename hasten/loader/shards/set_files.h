// The files of a packed set: how shards are called, in which order they stand, what a killed pack left.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hasten/loader/shards/layout.h"

namespace hasten::shards {

// Throws DataError with the system's reason for errno `code` and what can be done.
[[noreturn]] void fail_system(const std::filesystem::path& path, const std::string& what, int code);
void sync_folder(const std::filesystem::path& folder);

std::string shard_name(uint64_t number);  // 3 -> "part-00003.shard"
std::optional<uint64_t> shard_number(const std::string& name);

struct FolderFiles {
  std::vector<std::filesystem::path> shards;    // in the order of their numbers
  std::vector<std::string> missing;             // names below the last number that are not there
  std::vector<std::filesystem::path> partials;  // what a killed pack left
  std::vector<std::filesystem::path> damaged;   // kept by repair
};
// Throws DataError when the folder cannot be read.
FolderFiles files_in(const std::filesystem::path& folder);
// Throws DataError when a shard is missing.
void require_all(const FolderFiles& files, const std::filesystem::path& folder);

// The header at the start of a shard; throws DataError naming file and byte for anything that is wrong with it.
ShardHeader read_header(const std::filesystem::path& path);

// Packs among the shards of a folder: [begin, end) of them. Only the last may be unfinished.
struct PackSpan {
  size_t begin = 0, end = 0;
  bool finished = false;
};
// Throws DataError for shards that do not follow each other (one was lost, or comes from elsewhere).
std::vector<PackSpan> packs_of(const std::vector<std::filesystem::path>& shards,
                               const std::vector<ShardHeader>& headers);

}  // namespace hasten::shards
