// Records of any set of samples.
#include "hasten/loader/shards/source_reader.h"

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/shards/layout.h"

namespace hasten::shards {
namespace {

constexpr uint64_t kUnpackedBytes = uint64_t{256} << 20;

}  // namespace

SourceReader::SourceReader(const SampleIndex& source)
    : source_(source), store_(source, ReadMode::kRead, kUnpackedBytes) {}

std::span<const uint8_t> SourceReader::read(const SampleEntry& entry, RecordBuffer& buffer) {
  buffer.record = store_.read(entry, buffer.bytes);
  if (entry.hash && hash_of(buffer.record.bytes) != *entry.hash)
    throw DataError(source_.files().at(entry.file).path.string(), cat("byte ", entry.offset),
                    "the sample does not have the checksum of its index");
  return buffer.record.bytes;
}

}  // namespace hasten::shards
