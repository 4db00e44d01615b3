// Finds samples by the frames in front of them, where an index is lost.
#pragma once

#include <cstdint>
#include <functional>

#include "hasten/loader/formats/input.h"
#include "hasten/loader/shards/layout.h"

namespace hasten::shards {

// Calls `found` for each frame in bytes [begin, end) whose record ends there too, in the order of the file. Where a frame
// is damaged the search goes on at the next multiple of 8 behind it.
void scan_frames(const InputFile& file, uint64_t begin, uint64_t end,
                 const std::function<void(const IndexEntry&)>& found);

}  // namespace hasten::shards
