// What samples there are and where their bytes lie: the common shape of all formats.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hasten {

// How the bytes of a sample become an image, or tokens.
enum class Codec : uint8_t {
  kRaw = 0,     // uint8, height x width x channels
  kPlanar = 1,  // uint8, channels x height x width
  kJpeg = 2,
  kPng = 3,
  kWebp = 4,
  kText = 5,      // bytes of text
  kTokens16 = 6,  // little-endian uint16
  kTokens32 = 7,  // little-endian uint32
};
std::string_view name_of(Codec codec);

// The memory of a file that lies packed on the disk (gzip, zstd), once it is unpacked.
using UnpackedBytes = std::shared_ptr<const std::vector<uint8_t>>;

struct SampleFile {
  std::filesystem::path path;
  uint64_t bytes = 0;                      // as read: unpacked where `unpack` is set
  std::function<UnpackedBytes()> unpack;   // empty: extents are those of the file itself. Throws DataError
};

struct SampleEntry {
  uint32_t file = 0;                  // which of files()
  uint64_t offset = 0, bytes = 0;     // the record in it
  Codec codec = Codec::kRaw;
  uint32_t width = 0, height = 0;     // pixels; 0: only the decoder knows
  uint8_t channels = 0;               // likewise
  int64_t label = -1;                 // class; -1: none, or it stands in the record
  std::optional<uint64_t> hash;       // XXH3-64 of the record, where the format has one
};

// What a record holds: for most formats the record is the encoded sample, in others it stands in a frame.
struct SamplePayload {
  std::span<const uint8_t> bytes;
  Codec codec = Codec::kRaw;
  uint32_t width = 0, height = 0;
  uint8_t channels = 0;
  int64_t label = -1;
};

// The samples of one part of a data set ("train", "test"). All functions may be called from several threads at once.
class SampleIndex {
 public:
  virtual ~SampleIndex() = default;
  virtual const std::string& format() const = 0;  // "shards", "folder", "tar", "idx", "cifar", "beton", "mds"
  virtual int64_t size() const = 0;
  virtual SampleEntry entry(int64_t sample) const = 0;  // in constant time and without I/O
  virtual const std::vector<SampleFile>& files() const = 0;
  virtual std::vector<std::string> classes() const { return {}; }  // names of labels 0.., where the format knows them
  // What stands in the record of a sample; `record` are the bytes that entry() names. Throws DataError.
  virtual SamplePayload payload(int64_t sample, const SampleEntry& entry, std::span<const uint8_t> record) const;
  // The sample in words for messages: its name in the archive, or "sample 12".
  virtual std::string describe(int64_t sample) const;
};

}  // namespace hasten
