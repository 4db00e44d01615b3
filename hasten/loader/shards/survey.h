// What can be known of a shard that may be damaged: its header from either end, its entries from the index or the frames.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hasten/loader/formats/input.h"
#include "hasten/loader/shards/damage.h"
#include "hasten/loader/shards/layout.h"

namespace hasten::shards {

struct SurveyedEntry {
  std::optional<IndexEntry> entry;  // empty: neither index nor frame have it
  bool from_frame = false;
};

struct Survey {
  std::optional<ShardHeader> header;  // empty: damaged at both ends
  std::vector<SurveyedEntry> entries;  // where there is a header, one for each of its samples
  std::vector<std::optional<std::string>> keys;  // likewise; nullopt: lost, or none
  std::vector<std::string> classes;
  std::string note;
  bool classes_good = true, note_good = true;
  std::vector<Damage> damages;  // all but those of frames, records and the padding between them
};

// Throws DataError for a shard of another version or with unknown features: that is no damage.
Survey survey(const InputFile& file);

}  // namespace hasten::shards
