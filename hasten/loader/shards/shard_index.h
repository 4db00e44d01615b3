// Packed shards as samples. The index is mapped and used in place: opening reads one header a shard and nothing else.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "hasten/loader/sample_index.h"

namespace hasten {

// Whether a path is a shard or a folder with shards in it.
bool holds_shards(const std::filesystem::path& path);

// The samples of a shard, or of all shards in a folder (train/, test/). Of a pack that did not finish nothing is read:
// a set that grows shows the old samples until the new ones are all there. Throws DataError naming file and byte for
// what is wrong with headers, sizes and order; entry() throws it for an entry that fails its own checksum.
std::unique_ptr<SampleIndex> open_shards(const std::filesystem::path& path);

// The name that a sample of any set brought along: "cat/12.jpg"; "" if none.
std::string sample_name(const SampleIndex& source, int64_t sample);

}  // namespace hasten
