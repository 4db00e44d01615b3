// How a packed set came about, in words.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace hasten::shards {

struct SetNotes {
  std::vector<std::string> packs;  // "shards 0 to 4: packed by hasten 0.1.0 from folder as jpeg"
  std::vector<std::string> notes;  // leftovers, unfinished packs
};

// Of the shard or the folder at `path`: reads headers and notes only. Throws DataError as open_shards() does.
SetNotes set_notes(const std::filesystem::path& path);

}  // namespace hasten::shards
