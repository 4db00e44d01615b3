// What can be wrong with the bytes of a packed set, with the place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace hasten::shards {

enum class Place : uint8_t {
  kFile,        // its size, or that it cannot be read
  kHeader,      // at the start
  kHeaderCopy,  // at the end
  kPadding,     // bytes between the parts, which are zero
  kIndex,       // the entry of a sample
  kFrame,       // what stands in front of a sample's record
  kRecord,      // the bytes of a sample
  kKey,         // the name of a sample
  kClasses,     // the names of the classes
  kNote,
  kSet,         // shards that are missing or do not follow each other
};
std::string_view name_of(Place place);

struct Damage {
  std::filesystem::path shard;  // or the folder
  Place place = Place::kFile;
  int64_t sample = -1;          // of the shard, where it belongs to one
  uint64_t byte = 0;            // of the file: where the damaged part starts, or the byte itself where it is known
  std::string message;
  std::string name;             // of the sample, where it is known
};
// "train/part-00003.shard, byte 81920, sample 12 (cat/12.jpg), record: its 900 bytes do not have their checksum"
std::string text_of(const Damage& damage);

}  // namespace hasten::shards
