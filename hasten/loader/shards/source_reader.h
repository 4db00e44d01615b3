// Records of any set of samples, read by several threads and checked where the set has checksums.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hasten/loader/file_store.h"
#include "hasten/loader/sample_index.h"

namespace hasten::shards {

// What one thread keeps from record to record. The bytes that read() returns live until its next call.
struct RecordBuffer {
  std::vector<uint8_t> bytes;
  Record record;
};

class SourceReader {
 public:
  explicit SourceReader(const SampleIndex& source);

  // Throws DataError for files that are not there or too short, and for a record without the hash that its entry names.
  std::span<const uint8_t> read(const SampleEntry& entry, RecordBuffer& buffer);

 private:
  const SampleIndex& source_;
  FileStore store_;
};

}  // namespace hasten::shards
