// Records of any set of samples, read by several threads over descriptors that are kept.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "hasten/loader/sample_index.h"
#include "hasten/loader/shards/file_bytes.h"

namespace hasten::shards {

// What one thread keeps from record to record. The bytes that read() returns live until its next call.
struct RecordBuffer {
  std::vector<uint8_t> bytes;
  UnpackedBytes unpacked;
};

class SourceReader {
 public:
  explicit SourceReader(const SampleIndex& source);
  ~SourceReader();
  SourceReader(const SourceReader&) = delete;
  SourceReader& operator=(const SourceReader&) = delete;

  // Throws DataError for files that are not there or too short, and for a record without the hash that its entry names.
  std::span<const uint8_t> read(const SampleEntry& entry, RecordBuffer& buffer);

 private:
  std::shared_ptr<FileBytes> open_file(uint32_t file);
  UnpackedBytes unpacked_file(uint32_t file);

  const SampleIndex& source_;
  std::mutex mutex_, unpack_mutex_;
  std::list<std::pair<uint32_t, std::shared_ptr<FileBytes>>> open_;  // the latest first
  std::list<std::pair<uint32_t, UnpackedBytes>> unpacked_;
};

}  // namespace hasten::shards
