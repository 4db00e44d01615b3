// Writes one shard: frames and records as they come, then index, tables and the copy of the header, the header last.
#include "hasten/loader/shards/shard_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "hasten/loader/shards/set_files.h"

namespace hasten::shards {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

}  // namespace

ShardWriter::ShardWriter(std::filesystem::path path) : path_(std::move(path)), partial_(path_) {
  partial_ += kPartialSuffix;
  descriptor_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail_system(path_, "cannot write", errno);
  buffer_.reserve(kBufferBytes);
  put(std::array<uint8_t, kPageBytes>{});  // the header's place
}

ShardWriter::~ShardWriter() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(partial_.c_str());
}

void ShardWriter::flush() {
  size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t n = ::write(descriptor_, buffer_.data() + done, buffer_.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_system(path_, "cannot write", errno);
    done += static_cast<size_t>(n);
  }
  buffer_.clear();
}

void ShardWriter::put(std::span<const uint8_t> bytes) {
  at_ += bytes.size();
  while (!bytes.empty()) {
    const size_t n = std::min(bytes.size(), kBufferBytes - buffer_.size());
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
    bytes = bytes.subspan(n);
    if (buffer_.size() == kBufferBytes) flush();
  }
}

void ShardWriter::pad_to(uint64_t align) {
  static constexpr std::array<uint8_t, kPageBytes> kZeros{};
  put(std::span(kZeros).first(align_up(at_, align) - at_));
}

uint64_t ShardWriter::bytes_with(uint64_t record_bytes) const {
  const uint64_t data = align_up(at_, kRecordAlign) + kEntryBytes + record_bytes;
  return align_up(data, kPageBytes) + (entries_.size() + 1) * kEntryBytes + kHeaderBytes;
}

void ShardWriter::add(IndexEntry entry, std::span<const uint8_t> record, std::string_view key) {
  pad_to(kRecordAlign);
  entry.offset = at_ + kEntryBytes;
  entry.bytes = record.size();
  entry.key_hash = key_hash_of(key);
  seal(entry);
  put(bytes_of(entry));
  put(record);
  entries_.push_back(entry);
  keys_.emplace_back(key);
  has_keys_ |= !key.empty();
}

Section ShardWriter::put_section(std::span<const uint8_t> bytes) {
  const Section section{at_, bytes.size(), hash_of(bytes)};
  put(bytes);
  pad_to(kRecordAlign);
  return section;
}

uint64_t ShardWriter::finish(const PackPlace& place, const std::vector<std::string>& classes, std::string_view note,
                             const std::function<void()>& before_rename) {
  ShardHeader header;
  header.samples = entries_.size();
  header.data_bytes = at_ - header.data_offset;
  pad_to(kPageBytes);
  header.index = put_section({reinterpret_cast<const uint8_t*>(entries_.data()), entries_.size() * kEntryBytes});
  header.keys = put_section(has_keys_ ? string_table(keys_) : std::vector<uint8_t>{});
  header.classes = put_section(classes.empty() ? std::vector<uint8_t>{} : string_table(classes));
  header.note = put_section({reinterpret_cast<const uint8_t*>(note.data()), note.size()});
  header.pack = place.pack;
  header.pack_first = place.first;
  header.pack_next = place.next;
  header.pack_total = place.total;
  header.file_bytes = at_ + kHeaderBytes;
  seal(header);
  put(bytes_of(header));
  flush();
  if (::pwrite(descriptor_, &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header))
    fail_system(path_, "cannot write", errno);
  if (::fsync(descriptor_) != 0) fail_system(path_, "cannot sync", errno);
  if (before_rename) before_rename();
  const int descriptor = descriptor_;
  descriptor_ = -1;
  // From here on the file's name must be cleaned up by hand.
  int code = ::close(descriptor) != 0 ? errno : 0;
  if (code == 0 && ::rename(partial_.c_str(), path_.c_str()) != 0) code = errno;
  if (code != 0) {
    ::unlink(partial_.c_str());
    fail_system(path_, "cannot write", code);
  }
  sync_folder(path_.parent_path());
  return header.file_bytes;
}

}  // namespace hasten::shards
