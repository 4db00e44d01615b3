// Records of any set of samples.
#include "hasten/loader/shards/source_reader.h"

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/shards/layout.h"

namespace hasten::shards {
namespace {

constexpr size_t kKeptFiles = 64, kKeptUnpacked = 3;

template <class T>
T* find_kept(std::list<std::pair<uint32_t, T>>& kept, uint32_t file) {
  auto at = std::find_if(kept.begin(), kept.end(), [file](const auto& one) { return one.first == file; });
  if (at == kept.end()) return nullptr;
  kept.splice(kept.begin(), kept, at);
  return &kept.front().second;
}

}  // namespace

SourceReader::SourceReader(const SampleIndex& source) : source_(source) {}
SourceReader::~SourceReader() = default;

std::shared_ptr<FileBytes> SourceReader::open_file(uint32_t file) {
  {
    const std::lock_guard lock(mutex_);
    if (auto* kept = find_kept(open_, file)) return *kept;
  }
  auto opened = std::make_shared<FileBytes>(source_.files().at(file).path);
  const std::lock_guard lock(mutex_);
  open_.emplace_front(file, opened);
  if (open_.size() > kKeptFiles) open_.pop_back();
  return opened;
}

UnpackedBytes SourceReader::unpacked_file(uint32_t file) {
  const std::lock_guard lock(unpack_mutex_);  // while it unpacks too: the others want the same file
  if (auto* kept = find_kept(unpacked_, file)) return *kept;
  UnpackedBytes bytes = source_.files().at(file).unpack();
  unpacked_.emplace_front(file, bytes);
  if (unpacked_.size() > kKeptUnpacked) unpacked_.pop_back();
  return bytes;
}

std::span<const uint8_t> SourceReader::read(const SampleEntry& entry, RecordBuffer& buffer) {
  std::span<const uint8_t> record;
  const SampleFile& file = source_.files().at(entry.file);
  if (file.unpack) {
    buffer.unpacked = unpacked_file(entry.file);
    const uint64_t size = buffer.unpacked->size();
    if (entry.offset > size || entry.bytes > size - entry.offset)
      throw DataError(file.path.string(), cat("unpacked byte ", entry.offset), "the file ends before its sample does");
    record = std::span(*buffer.unpacked).subspan(entry.offset, entry.bytes);
  } else {
    open_file(entry.file)->read(entry.offset, entry.bytes, buffer.bytes);
    record = buffer.bytes;
  }
  if (entry.hash && hash_of(record) != *entry.hash)
    throw DataError(file.path.string(), cat("byte ", entry.offset),
                    "the sample does not have the checksum of its index");
  return record;
}

}  // namespace hasten::shards
